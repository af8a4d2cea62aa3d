"""The physics line, against counts whose line is known, and by hand."""

import numpy as np
import pytest

from spacegrouper.evaluation.metrics import summarise_top_k
from spacegrouper.evaluation.physics_line import physics_line
from spacegrouper.settings.space_groups import PAPER_TRAINED


@pytest.mark.parametrize(("axes", "percent"), [("standard", 78.0), ("any order", 75.8)])
def test_the_line_of_the_papers_72_groups(axes, percent) -> None:
    """As worked out independently of this code, with classes of gemmi's absences."""
    labels = np.repeat(np.arange(len(PAPER_TRAINED)), list(PAPER_TRAINED.values()))
    assert len(labels) == 108_658
    line = physics_line(labels, labels, np.array(list(PAPER_TRAINED)), axes)

    found = summarise_top_k(line, labels)
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
