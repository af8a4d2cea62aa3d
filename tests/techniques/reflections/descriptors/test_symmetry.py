import numpy as np
import pytest

from spacegrouper.contract.descriptor import DESCRIPTORS, Presentation
from spacegrouper.techniques.reflections.symmetry_tests import number_of_tests, symmetry_tests

MADE_WITH = {"reflections": {"largest_index": 3}}
LEVELS = np.random.default_rng(0).integers(0, 65536, (2, 4, 7, 7), dtype=np.uint16)
CELLS = np.array([[3, 4, 5, 90, 100, 90], [5, 5, 5, 90, 90, 90.0]])
ARRAYS = {"raw": LEVELS, "cell": CELLS}
NOISE = {"measurement": {"largest_scatter": 1}}


def test_the_tests_are_those_of_the_levels() -> None:
    shown = Presentation("symmetry", 7, "nearest", 0, {}, MADE_WITH)
    tests, cell = shown.compose(ARRAYS, ["a", "b"])
    assert (tests.shape, cell.shape) == ((2, number_of_tests()), (2, 12))
    expected = symmetry_tests(LEVELS / np.float32(65535), CELLS)
    np.testing.assert_array_equal(tests, expected)


def test_fewer_indices_can_be_tested() -> None:
    less = Presentation("symmetry", 5, "nearest", 0, {}, MADE_WITH).compose(ARRAYS, ["a", "b"])
    small = {"raw": np.ascontiguousarray(LEVELS[:, :3, 1:6, 1:6]), "cell": CELLS}
    alone = Presentation("symmetry", 5, "nearest", 0, {}, MADE_WITH).compose(small, ["a", "b"])
    np.testing.assert_array_equal(less[0], alone[0])


@pytest.mark.parametrize("sections", [{}, NOISE])
def test_what_is_kept_gives_the_same_whether_measured_or_not(sections: dict) -> None:
    """Tests are kept in memory where nothing changes them, and otherwise the grid."""
    composer = DESCRIPTORS["symmetry"].composer(
        Presentation("symmetry", 7, "nearest", 0, sections, MADE_WITH)
    )
    prepared = composer.prepare(ARRAYS)
    batch = np.zeros(3, dtype=prepared.dtype)
    batch[[0, 2]] = prepared
    expected = symmetry_tests(LEVELS / np.float32(65535), CELLS)
    tests, cell = composer.compose(batch, ["a", "", "b"])
    np.testing.assert_array_equal(tests[[0, 2]], expected)
    assert not tests[1].any()
    assert not cell[1].any()
    measured, _ = composer.compose(batch, ["a", "", "b"], epoch=1)
    assert np.array_equal(measured, tests) == (not sections)
