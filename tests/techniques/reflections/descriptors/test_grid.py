import numpy as np

from spacegrouper.contract.descriptor import Presentation


def test_the_grid_has_levels_and_which_are_there() -> None:
    levels = np.zeros((1, 3, 5, 5), dtype=np.uint16)
    levels[0, 1, 3, 0] = 13107  # l = 1, h = 1, k = -2
    cell = np.array([[1, 1, 1, 90, 90, 90.0]])
    made_with = {"reflections": {"largest_index": 2}}
    for size, lit in ((5, [[1, 3, 0]]), (3, [])):
        shown = Presentation("grid", size, "nearest", 0, {}, made_with)
        grid, numbers = shown.compose({"raw": levels, "cell": cell}, ["a"])
        assert (grid.shape, numbers.shape) == ((1, size // 2 + 1, size, size, 2), (1, 12))
        assert grid.dtype == numbers.dtype == np.float32
        np.testing.assert_array_equal(np.argwhere(grid[0, ..., 1]), np.reshape(lit, (-1, 3)))
        np.testing.assert_allclose(grid[..., 0], grid[..., 1] * 0.2, rtol=1e-6)
