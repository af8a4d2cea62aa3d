"""The physics line, against counts whose line is known, and by hand."""

import numpy as np
import pytest

from spacegrouper.evaluation.metrics import summarise_top_k
from spacegrouper.evaluation.physics_line import physics_line

# Crystals of each space group: Supplementary Table 2 of Tiong, Kim, Han, Kim, npj Comput. Mater.
# 6:196 (2020).
PAPER = {
    1: 7328, 2: 6356, 4: 1430, 5: 1340, 6: 1148, 7: 860, 8: 2305, 9: 1120, 10: 462, 11: 1753,
    12: 4324, 13: 612, 14: 8592, 15: 4050, 19: 885, 25: 330, 29: 302, 31: 494, 33: 897, 36: 622,
    38: 1022, 44: 392, 47: 365, 55: 611, 57: 366, 58: 394, 59: 456, 60: 556, 61: 946, 62: 5691,
    63: 2463, 64: 561, 65: 735, 70: 313, 71: 2827, 74: 946, 82: 349, 87: 348, 88: 326, 107: 317,
    115: 328, 122: 406, 123: 2510, 127: 602, 129: 1026, 136: 468, 139: 3367, 140: 635, 141: 719,
    146: 826, 148: 1160, 156: 1381, 160: 1034, 164: 1270, 166: 2637, 173: 431, 176: 518, 186: 900,
    187: 1094, 189: 997, 191: 803, 193: 583, 194: 3423, 198: 441, 205: 319, 216: 1644, 221: 3267,
    223: 295, 225: 8367, 227: 1407, 229: 299, 230: 307,
}  # fmt: skip


@pytest.mark.parametrize(("axes", "percent"), [("standard", 78.0), ("any order", 75.8)])
def test_the_line_of_the_papers_72_groups(axes, percent) -> None:
    """As worked out independently of this code, with classes of gemmi's absences."""
    labels = np.repeat(np.arange(len(PAPER)), list(PAPER.values()))
    assert len(labels) == 108_658
    line = physics_line(labels, labels, np.array(list(PAPER)), axes)

    found = summarise_top_k(line, labels, seed=0)
    assert round(100 * found["top_1_accuracy"], 1) == percent


def test_the_line_by_hand() -> None:
    """Fm-3m and F-43m are one class, P1 and P-1 another; Pnma (62) and Pna21 (33) two."""
    groups = np.array([1, 2, 33, 62, 216, 225])
    trained_on = np.repeat(np.arange(6), [3, 1, 5, 9, 2, 6])
    line = physics_line(trained_on, np.arange(6), groups)
    assert line.tolist() == [
        [0.75, 0.25, 0, 0, 0, 0],
        [0.75, 0.25, 0, 0, 0, 0],
        [0, 0, 1, 0, 0, 0],
        [0, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0.25, 0.75],
        [0, 0, 0, 0, 0.25, 0.75],
    ]
    any_order = physics_line(trained_on, np.array([2, 3]), groups, "any order")
    assert any_order == pytest.approx(np.array([[0, 0, 5 / 14, 9 / 14, 0, 0]] * 2))
