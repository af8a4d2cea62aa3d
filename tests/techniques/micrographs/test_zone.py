import numpy as np
import pytest

from spacegrouper.errors import UserError
from spacegrouper.techniques.micrographs.zone import reflections_across, zone_axes, zone_of

LATTICE = np.diag([5.0, 6.1, 7.9])


@pytest.mark.parametrize("axis", [(0, 0, 1), (1, 0, 0), (0, -1, 2), (3, -2, 4), (2, 4, -3)])
def test_two_reflections_span_all_of_a_zone(axis: tuple[int, int, int]) -> None:
    basis = reflections_across(np.array(axis))
    assert not (basis @ np.array(axis)).any()
    # The area of their cell is the length of the axis over the volume: none is left out.
    np.testing.assert_array_equal(np.abs(np.cross(*basis)), np.abs(axis))


def test_an_axis_and_its_negative_are_one_zone() -> None:
    axes = zone_axes()
    assert len({frozenset([axis, tuple(-one for one in axis)]) for axis in axes}) == len(axes)
    assert (1, 0, 0) in axes
    assert (2, 0, 0) not in axes


def pattern(axis: tuple[int, int, int], turn: float, step: float) -> np.ndarray:  # type: ignore[type-arg]
    """Return the vectors of a zone's lattice, pixels, turned in the plane."""
    space = reflections_across(np.array(axis)) @ np.linalg.inv(LATTICE).T / step
    flat = np.linalg.cholesky(space @ space.T)
    cosine, sine = np.cos(turn), np.sin(turn)
    return np.asarray(flat @ np.array([[cosine, sine], [-sine, cosine]]))


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("axis", [(0, 0, 1), (1, 0, 0), (0, 1, 0), (1, 1, 0), (0, 1, 1)])
def test_the_zone_of_a_lattice_is_found(axis: tuple[int, int, int], scaled: bool) -> None:
    vectors = pattern(axis, 0.7, 0.008) * 1.004
    zone = zone_of(vectors, 0.008 if scaled else None, LATTICE)
    assert tuple(np.abs(zone.axis)) == axis
    assert zone.misfit < 0.01
    assert zone.step == pytest.approx(0.008, rel=0.01)
    # The indices have the lengths of the vectors.
    lengths = np.linalg.norm(zone.vectors @ np.linalg.inv(LATTICE).T, axis=1)
    np.testing.assert_allclose(lengths, 0.008 * np.linalg.norm(vectors, axis=1), rtol=0.01)


def test_reflections_that_are_all_absent_are_of_the_zone_too() -> None:
    # hk0 of a lattice centred on C: h + k is even.
    one, other = pattern((0, 0, 1), 0.2, 0.008)
    zone = zone_of(np.array([one + other, one - other]), 0.008, LATTICE)
    assert tuple(np.abs(zone.axis)) == (0, 0, 1)
    assert (zone.vectors.sum(axis=1) % 2 == 0).all()
    assert abs(np.linalg.det(zone.basis[:, :2])) == pytest.approx(1)


def test_another_crystal_fits_no_zone() -> None:
    with pytest.raises(UserError, match=r"no zone axis up to .* check the cell and the scale"):
        zone_of(np.array([[100.0, 0], [3.0, 130.0]]), 0.008, LATTICE)
