import numpy as np
import pytest
from drawn_micrographs import drawn

from spacegrouper.errors import UserError
from spacegrouper.techniques.micrographs.checks import checked
from spacegrouper.techniques.micrographs.micrograph import Floats, Micrograph


def micrograph(counts: Floats) -> Micrograph:
    return Micrograph("one.tif", counts, None, None)


@pytest.mark.parametrize("level", [0, 255])
def test_an_image_of_one_level_is_refused(level: int) -> None:
    with pytest.raises(UserError, match=f"one.tif: all pixels have the value {level}: no pattern"):
        checked(micrograph(np.full((128, 128), float(level))))


@pytest.mark.parametrize("stop", [0, 12])
def test_dark_spots_on_a_bright_ground_are_inverted_and_it_is_said(stop: int) -> None:
    counts = drawn(stop=stop)
    assert checked(micrograph(counts)).notes == ()
    mended = checked(micrograph(60_000 - counts))
    assert "inverted" in mended.notes[0]
    np.testing.assert_allclose(mended.counts - mended.counts.min(), counts - counts.min())


def test_many_spots_at_the_highest_value_are_saturated() -> None:
    with pytest.raises(UserError, match="spots have the highest value, 1000: saturated"):
        checked(micrograph(np.minimum(drawn(), 1000)))
    with pytest.raises(UserError, match="% of the pixels have the highest value, 150: saturated"):
        checked(micrograph(np.minimum(drawn(), 150)))


def test_a_direct_beam_alone_may_be_saturated() -> None:
    checked(micrograph(np.minimum(drawn(), 8000)))
