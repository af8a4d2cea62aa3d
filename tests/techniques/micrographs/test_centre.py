import numpy as np
import pytest
from drawn_micrographs import CENTRE, drawn
from hypothesis import given, settings
from hypothesis import strategies as st

from spacegrouper.techniques.micrographs.centre import centre_of


@pytest.mark.parametrize("stop", [0, 12])
def test_the_beam_is_found_off_the_middle_and_behind_a_stop(stop: int) -> None:
    np.testing.assert_allclose(centre_of(drawn(stop=stop)), CENTRE, atol=1.0)


@settings(max_examples=30)
@given(st.integers(90, 130), st.integers(90, 130), st.integers(0, 2**32 - 1))
def test_the_centre_of_spots_that_are_alike_in_pairs_is_the_beam(
    row: int, column: int, seed: int
) -> None:
    # In half pixels, and without a lattice: half a turn about the centre is all that is given.
    random, centre = np.random.default_rng(seed), np.array([row, column]) / 2
    image = random.poisson(20, (112, 120)).astype(np.float64)
    for place in random.uniform((6, 6), (106, 114), (40, 2)):
        height = random.uniform(100, 1000)
        for at in (place, 2 * centre - place):
            away = np.hypot(*(np.indices(image.shape) - at[:, None, None]))
            image += height * np.exp(-(away**2) / 4)
    np.testing.assert_allclose(centre_of(image), centre, atol=0.5)
