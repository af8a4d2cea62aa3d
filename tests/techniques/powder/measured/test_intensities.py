import numpy as np
import pytest
from diffractogram_files import ANGLES, COUNTS

from spacegrouper.errors import UserError
from spacegrouper.techniques.powder.measured.intensities import above_zero, check_peaks

NOISE = np.random.default_rng(0)


@pytest.mark.parametrize("subtracted", [0, 20, 400, 2019])
def test_a_background_that_was_subtracted_is_made_good(subtracted: float) -> None:
    found, raised = above_zero(ANGLES, COUNTS - subtracted)
    assert raised == max(subtracted - COUNTS.min(), 0)
    np.testing.assert_allclose(found, COUNTS - subtracted + raised)


def test_what_raising_does_not_mend_is_refused() -> None:
    with pytest.raises(UserError, match="no intensity is above 0"):
        above_zero(ANGLES, COUNTS - 1e5)
    dead = COUNTS.copy()
    dead[500] = -1e6
    with pytest.raises(UserError, match=r"its intensity at 35 degrees is -1e\+06, far below"):
        above_zero(ANGLES, dead)


@pytest.mark.parametrize("angles", [ANGLES, np.arange(10, 80, 0.01), np.arange(10, 80, 0.2)])
@pytest.mark.parametrize("level", [0, 5, 100])
def test_peaks_are_told_from_noise(angles: np.ndarray, level: float) -> None:
    curve = level + 0.01 * level * angles
    if level:
        with pytest.raises(UserError, match="no peak above its noise"):
            check_peaks(angles, NOISE.poisson(curve).astype(float))
        with pytest.raises(UserError, match="no peak above its noise"):
            check_peaks(angles, curve)
    for width in (0.1, 2.0):
        peak = 15 * np.sqrt(level + 1) * np.exp(-(((angles - 40) / width) ** 2))
        check_peaks(angles, NOISE.poisson(curve + peak).astype(float))


@pytest.mark.parametrize("angles", [ANGLES, np.arange(10, 80, 0.01), np.arange(10, 80, 0.2)])
@pytest.mark.parametrize("level", [0, 5])
def test_a_spike_is_no_peak(angles: np.ndarray, level: float) -> None:
    curve = np.full(angles.size, float(level))
    curve[200] = 1e4
    with pytest.raises(UserError, match=f"all intensities but those at {angles[200]:g} degrees a"):
        check_peaks(angles, curve)
    curve[201] = 4e3
    with pytest.raises(UserError, match=f"{angles[200]:g}, {angles[201]:g} degrees are {level}"):
        check_peaks(angles, curve)
