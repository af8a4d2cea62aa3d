import pytest
from pydantic import ValidationError

from spacegrouper.settings import Settings, Split


def test_settings_do_not_change_once_read() -> None:
    with pytest.raises(ValidationError):
        Settings().seed = 3  # type: ignore[misc]


def test_the_defaults_are_the_papers() -> None:
    simulate = Settings().simulate
    assert simulate.wavelength == 3.5e-12
    assert simulate.cells == (10, 10, 10)
    assert simulate.detector_distance / simulate.pixel_size == pytest.approx(2500)
    assert [(view.axis, view.angle) for view in simulate.views] == [("x", 45), ("y", 45), ("z", 45)]


@pytest.mark.parametrize("shares", [(0.8, 0.1, 0.2), (0.5, 0.1, 0.1)])
def test_shares_that_are_not_the_whole_are_refused(shares: tuple[float, float, float]) -> None:
    with pytest.raises(ValidationError):
        Split(train=shares[0], validation=shares[1], test=shares[2])
