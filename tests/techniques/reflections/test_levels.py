import numpy as np

from spacegrouper.techniques.reflections.levels import levels, scaled


def test_levels_are_logarithmic_and_zeros_stay() -> None:
    found = levels(np.array([0, 1e-7, 1e-6, 1e-3, 1.0]), decades=6)
    assert found.tolist() == [0, 0, 1, 32768, 65535]


def test_scaled_levels_reach_from_0_to_1() -> None:
    found = scaled(np.array([0, 13107, 65535], dtype=np.uint16))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [0, 0.2, 1], rtol=1e-7)
