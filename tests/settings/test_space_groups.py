from pathlib import Path

import pytest

from spacegrouper.errors import UserError
from spacegrouper.settings import load_settings, settings_from_mapping
from spacegrouper.settings.space_groups import PAPER_TRAINED, PAPER_UNTRAINED, SPACE_GROUPS


@pytest.mark.parametrize("number", [20, 49, 72])
def test_the_lists_are_the_most_populous_of_the_paper(number):
    assert sum(PAPER_TRAINED.values()) == 108_658
    populous = sorted(PAPER_TRAINED, key=lambda group: -PAPER_TRAINED[group])[:number]
    assert SPACE_GROUPS[f"groups_{number}"] == tuple(sorted(populous))


def test_the_untrained_groups_are_not_among_the_trained_ones():
    assert len(PAPER_UNTRAINED) == 30
    assert sum(PAPER_UNTRAINED.values()) == 3_052
    assert not {*PAPER_UNTRAINED} & {*SPACE_GROUPS["groups_72"]}
    assert {*SPACE_GROUPS["groups_8"]} <= {*SPACE_GROUPS["groups_72"]}
    paper = load_settings(Path(__file__).parents[2] / "config/paper.yaml")
    assert paper.evaluate.unseen_groups == "groups_untrained"
    # All that the paper has.
    assert paper.evaluate.unseen_minimum_crystals <= min(PAPER_UNTRAINED.values())
    assert paper.evaluate.unseen_maximum_crystals >= max(PAPER_UNTRAINED.values())
    assert sum(paper.thin.counts.values()) == 108_658 + 3_052


@pytest.mark.parametrize("value", ["groups_9", 1, -1, 2.5])
def test_untrained_groups_that_are_none_are_one_line(value):
    with pytest.raises(UserError, match=r"^c: `evaluate.unseen_groups`: must be 0, [^\n]*$"):
        settings_from_mapping({"evaluate": {"unseen_groups": value}}, "c")
