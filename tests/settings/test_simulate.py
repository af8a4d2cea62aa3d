"""Views of the crystal, by name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacegrouper.settings.simulate import Simulate, View
from spacegrouper.techniques.patterns.geometry import rotation_matrices


@given(axis=st.sampled_from("xyz"), quarters=st.integers(-4, 4))
def test_a_view_along_an_axis_has_its_name(axis: str, quarters: int) -> None:
    view = View(axis=axis, angle=90 * quarters)
    (turn,) = rotation_matrices(view)
    # The beam runs along z of the laboratory.
    assert abs(turn @ np.eye(3)["xyz".index(view.name)])[2] == pytest.approx(1)


@pytest.mark.parametrize("preset", ["paper", "zone_axes", "ziletti"])
def test_presets_are_in_order(preset: str) -> None:
    views = Simulate.model_validate({"views": preset}).views
    assert [view.name for view in views] == ["x", "y", "z"]
