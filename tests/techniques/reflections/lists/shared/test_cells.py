import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacegrouper.errors import UserError
from spacegrouper.techniques.reflections.lists.shared.cells import (
    cell_from_text,
    checked_cell,
    differ,
)

edges = st.tuples(*[st.floats(3, 100)] * 3)


@given(edges, st.tuples(*[st.floats(4, 179)] * 3))
def test_a_cell_is_one_whose_edges_span_a_volume(lengths, angles):
    alpha, beta, gamma = np.cos(np.radians(angles))
    # Of edges of unit length; where it is below 0, no three edges meet at these angles.
    metric = np.array([[1, gamma, beta], [gamma, 1, alpha], [beta, alpha, 1]])
    smallest = np.linalg.eigvalsh(metric)[0]
    flatness = np.sqrt(max(np.linalg.det(metric), 0)) if smallest > 0 else 0.0
    if abs(flatness - 1e-3) < 1e-5:
        return
    if flatness > 1e-3:
        if flatness * np.prod(lengths) > 3.01:
            assert checked_cell((*lengths, *angles), "x") == (*lengths, *angles)
    else:
        with pytest.raises(UserError, match=r"^x: the unit cell .* has no volume"):
            checked_cell((*lengths, *angles), "x")


@given(edges, st.floats(0.9, 1.1), st.floats(-2, 2), st.integers(0, 2))
def test_cells_differ_by_a_hundredth_or_a_degree(lengths, factor, turn, axis):
    cell = np.array([*lengths, 90.0, 95.0, 100.0])
    longer, turned = cell.copy(), cell.copy()
    longer[axis] *= factor
    turned[3 + axis] += turn
    if abs(abs(factor - 1) - 0.01) > 1e-6:
        assert differ(longer, cell) == (abs(factor - 1) > 0.01)
    if abs(abs(turn) - 1) > 1e-6:
        assert differ(turned, cell) == (abs(turn) > 1)
    assert not differ(None, cell)
    assert not differ(cell, None)


@pytest.mark.parametrize("text", ["5,5,5", "5 5 5 90 90 90", "5,5,5,90,90,x", ""])
def test_a_cell_in_another_form_is_refused_with_an_example(text):
    with pytest.raises(UserError, match=r"^--cell .*: give six numbers, .* such as 5\.64"):
        cell_from_text(text)
