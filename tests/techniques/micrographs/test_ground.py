import numpy as np
import pytest
from drawn_micrographs import CENTRE, drawn
from hypothesis import given, settings
from hypothesis import strategies as st

from spacegrouper.techniques.micrographs.ground import ground_of


def test_a_stop_is_hidden_and_a_pattern_without_one_is_not() -> None:
    hidden = ground_of(drawn(stop=12), CENTRE).hidden
    assert hidden[121, 134]
    assert hidden[220, 134]
    assert not hidden[30, 134]
    assert hidden.mean() < 0.1
    assert not ground_of(drawn(), CENTRE).has_stop


@settings(max_examples=20)
@given(st.floats(20, 2000), st.floats(15, 80), st.integers(0, 2**32 - 1))
def test_what_is_left_of_a_halo_is_the_noise_of_counting(
    height: float, width: float, seed: int
) -> None:
    away = np.hypot(*(np.indices((200, 220)) - CENTRE[:, None, None]))
    halo = 30 + height * np.exp(-away / width)
    ground = ground_of(np.random.default_rng(seed).poisson(halo).astype(np.float64), CENTRE)
    # Rings of a few pixels have no median to rely on.
    open_ = (away > 20) & ~ground.hidden
    assert not ground.has_stop
    assert abs((ground.rest / np.sqrt(halo))[open_].mean()) < 0.1
    assert np.median((ground.noise / np.sqrt(halo))[open_]) == pytest.approx(1, abs=0.1)
