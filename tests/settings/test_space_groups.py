from pathlib import Path

import pytest

from spacegrouper.errors import UserError
from spacegrouper.settings import load_settings, settings_from_mapping
from spacegrouper.settings.space_groups import SPACE_GROUPS, UNTRAINED_GROUPS

# Supplementary Table 2 of Tiong et al. (2020): space groups and their materials, 108,658 in all.
# fmt: off
MATERIALS = {
    1: 7328, 2: 6356, 4: 1430, 5: 1340, 6: 1148, 7: 860, 8: 2305, 9: 1120, 10: 462, 11: 1753,
    12: 4324, 13: 612, 14: 8592, 15: 4050, 19: 885, 25: 330, 29: 302, 31: 494, 33: 897, 36: 622,
    38: 1022, 44: 392, 47: 365, 55: 611, 57: 366, 58: 394, 59: 456, 60: 556, 61: 946, 62: 5691,
    63: 2463, 64: 561, 65: 735, 70: 313, 71: 2827, 74: 946, 82: 349, 87: 348, 88: 326, 107: 317,
    115: 328, 122: 406, 123: 2510, 127: 602, 129: 1026, 136: 468, 139: 3367, 140: 635, 141: 719,
    146: 826, 148: 1160, 156: 1381, 160: 1034, 164: 1270, 166: 2637, 173: 431, 176: 518, 186: 900,
    187: 1094, 189: 997, 191: 803, 193: 583, 194: 3423, 198: 441, 205: 319, 216: 1644, 221: 3267,
    223: 295, 225: 8367, 227: 1407, 229: 299, 230: 307,
}
# fmt: on


@pytest.mark.parametrize("number", [20, 49, 72])
def test_the_lists_are_the_most_populous_of_the_paper(number):
    assert sum(MATERIALS.values()) == 108_658
    populous = sorted(MATERIALS, key=lambda group: -MATERIALS[group])[:number]
    assert SPACE_GROUPS[f"groups_{number}"] == tuple(sorted(populous))


def test_the_untrained_groups_are_not_among_the_trained_ones():
    assert len(set(UNTRAINED_GROUPS)) == 30
    assert not {*UNTRAINED_GROUPS} & {*SPACE_GROUPS["groups_72"]}
    assert {*SPACE_GROUPS["groups_8"]} <= {*SPACE_GROUPS["groups_72"]}
    paper = load_settings(Path(__file__).parents[2] / "config/paper.yaml")
    assert paper.evaluate.unseen_groups == "groups_untrained"


@pytest.mark.parametrize("value", ["groups_9", 1, -1, 2.5])
def test_untrained_groups_that_are_none_are_one_line(value):
    with pytest.raises(UserError, match=r"^c: `evaluate.unseen_groups`: must be 0, [^\n]*$"):
        settings_from_mapping({"evaluate": {"unseen_groups": value}}, "c")
