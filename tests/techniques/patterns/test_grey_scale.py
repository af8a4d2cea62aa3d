"""Grey levels against their formulas in exact numbers."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacegrouper.settings import Simulate
from spacegrouper.techniques.patterns.grey_scale import GreyScale

SCALES = st.builds(
    GreyScale,
    st.sampled_from([8, 16]),
    st.sampled_from(["linear", "square_root", "logarithmic"]),
    st.integers(1, 12),
)


def exact_level(scale: GreyScale, intensity: float, largest: float) -> Decimal:
    """The formulas in docs/physics.md before they are cut to whole levels, to 50 digits."""
    with localcontext(prec=50):
        white = Decimal({8: 255, 16: 65535}[scale.bit_depth])
        share = Decimal(intensity) / Decimal(largest)
        if scale.grey_scale == "linear":
            return white * share
        if scale.grey_scale == "square_root":
            return white * share.sqrt()
        return max(Decimal(0), white * (1 + share.log10() / scale.decades))


@given(SCALES, st.lists(st.floats(1e-150, 1e150), min_size=1, max_size=9))
def test_levels_are_the_formulas_in_exact_numbers(scale: GreyScale, photons: list[float]) -> None:
    ((levels,),), (largest,) = scale.levels(np.array(photons)[None, None])
    assert largest == max(photons)
    for level, intensity in zip(levels.tolist(), photons, strict=True):
        exact = exact_level(scale, intensity, largest)
        if intensity == largest:
            assert level == exact == 2**scale.bit_depth - 1
        else:  # but for rounding
            assert exact - 1 - Decimal("1e-9") < level < exact + Decimal("1e-9")


@given(SCALES)
def test_what_is_fainter_than_the_reach_is_black(scale: GreyScale) -> None:
    just_in, just_out = (1 + 1e-9) / scale.reach, (1 - 1e-9) / scale.reach
    ((levels,),), _ = scale.levels(np.array([[[1, just_in, just_out, 0]]]))
    assert levels.tolist() == [2**scale.bit_depth - 1, 1, 0, 0]


@given(SCALES)
def test_shares_are_what_levels_stand_for(scale: GreyScale) -> None:
    everyone = np.arange(2**scale.bit_depth).astype(scale.dtype)
    shares = scale.shares(everyone)
    assert shares[[0, -1]].tolist() == [0, 1]
    shares[:-1] *= 1 + 1e-11  # so that rounding takes none to the level below
    ((again,),), _ = scale.levels(shares[None, None])
    np.testing.assert_array_equal(again, everyone)


@given(SCALES)
def test_the_formula_is_python_that_gives_the_levels(scale: GreyScale) -> None:
    intensity = 10 ** np.random.default_rng(0).uniform(-14, 2, (1, 9, 9))
    intensity[0, 3] = 0
    levels, _ = scale.levels(intensity)
    found = eval(scale.formula, {"np": np, "I": intensity[0]})
    assert found.dtype == levels.dtype
    # NumPy's logarithm may differ in its last bit.
    np.testing.assert_allclose(found, levels[0], rtol=0, atol=scale.grey_scale == "logarithmic")


def test_black_patterns_stay_black() -> None:
    levels, maxima = GreyScale(16, "logarithmic").levels(np.zeros((2, 3, 3)))
    assert not levels.any()
    assert maxima.tolist() == [0, 0]


@pytest.mark.parametrize("depth", [8, 16, 32])
def test_settings_name_the_scale(depth: int) -> None:
    settings = Simulate.model_validate({"bit_depth": depth})
    assert GreyScale.of(settings) == GreyScale(depth, "linear", 6)
    assert GreyScale.of(settings).dtype.itemsize * 8 == depth
