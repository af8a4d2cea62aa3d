from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from simulated_patterns import SMALL, simulated

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.errors import UserError
from spacegrouper.prediction.pattern_checks import check_centre, check_pattern
from spacegrouper.settings import Simulate

Image = NDArray[np.unsignedinteger[Any]]
LOGARITHMIC: dict[str, Any] = {"bit_depth": 16, "grey_scale": "logarithmic"}
FINE = SMALL.model_copy(update=LOGARITHMIC)


def with_bar(pattern: Image) -> Image:
    drawn = pattern.copy()
    drawn[58:60, 40:55] = 90
    return drawn


def with_letter(pattern: Image) -> Image:
    """A letter T in a thin grey stroke."""
    drawn = pattern.copy()
    drawn[50, 5:10] = drawn[50:57, 7] = 60
    return drawn


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda p: 0 * p, "all black"),
        (lambda p: 0 * p + 255, "all white"),
        (lambda p: 0 * p + 31, "one grey level, 31"),
        (lambda p: 255 - p, "background is bright"),
        (lambda p: p // 2, "grey level 127 and not 255"),
        (lambda p: (p.astype(int) * 40).clip(0, 255).astype(np.uint8), "grey level 255, where"),
        (lambda p: np.maximum(p, 40), "the background has grey level 40 and not 0"),
        (with_bar, r"in a line have one grey level \(from column 40, row 58\)"),
        (with_letter, "in a line have one grey level"),
        (lambda p: np.pad(p[1:-1, 1:-1], 1, constant_values=200), "in a line"),
    ],
)
def test_images_that_no_simulation_makes_are_refused_with_the_reason(
    change: Callable[[Image], Image], reason: str
) -> None:
    with pytest.raises(UserError, match=reason):
        check_pattern(change(simulated()[2]), SMALL)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda p: 0 * p + 65535, "all white"),
        (lambda p: p // 2, "grey level 32767 and not 65535"),
        (lambda p: (p.astype(int) * 2).clip(0, 65535).astype(np.uint16), "grey level 65535, where"),
        (lambda p: with_bar(p // 257) * 257, "in a line have one grey level"),
        (lambda p: (65535 * (p / 65535) ** 8).astype(np.uint16), "look linear, but .* logarithmic"),
    ],
)
def test_images_of_16_bits_are_refused_alike(change: Callable[[Image], Image], reason: str) -> None:
    pattern = simulated(FINE)[2]
    check_pattern(pattern, FINE)
    with pytest.raises(UserError, match=reason):
        check_pattern(change(pattern), FINE)


def test_an_inverted_logarithmic_pattern_is_recognised() -> None:
    whole = Simulate(**LOGARITHMIC)
    with pytest.raises(UserError, match=r"background is bright.*`65535 - I`"):
        check_pattern(65535 - simulated(whole)[2], whole)


def test_the_scale_of_patterns_of_16_bits_is_told() -> None:
    linear = SMALL.model_copy(update={"bit_depth": 16})
    check_pattern(simulated(linear)[0], linear)
    with pytest.raises(UserError, match=r"look linear, but .* logarithmic ones; .*np\.log10"):
        check_pattern(simulated(linear)[0], FINE)
    with pytest.raises(UserError, match=r"look logarithmic, but .* linear ones"):
        check_pattern(simulated(FINE)[0], linear)


def test_pixels_behind_the_beam_stop_are_dark() -> None:
    stopped = SMALL.model_copy(update={"beam_stop": 6.0})
    check_pattern(simulated(stopped)[0], stopped)
    with pytest.raises(UserError, match=r"pixels are lit .* beam stop \(up to 6 pixels"):
        check_pattern(simulated()[0], stopped)


@pytest.mark.parametrize("experiment", [Simulate(), Simulate(**LOGARITHMIC)])
def test_patterns_off_the_centre_are_refused_with_the_centre_found(experiment: Simulate) -> None:
    patterns = simulated(experiment)
    check_centre(patterns, experiment)
    for shift in ((12, 0), (0, -9), (20, 17)):
        row, column = 127.5 + np.array(shift)
        with pytest.raises(UserError, match=f"about column {column:g}, row {row:g}, but"):
            check_centre(np.roll(patterns, shift, axis=(1, 2)), experiment)


@st.composite
def crystals(draw: st.DrawFn) -> Crystal:
    """Crystals of one to six atoms in any cell of a usual size."""
    edges = [draw(st.floats(2.5, 20)) for _ in range(3)]
    lean = [draw(st.floats(-0.4, 0.4)) for _ in range(3)]
    lattice = np.diag(edges)
    lattice[1, 0], lattice[2, 0], lattice[2, 1] = (np.array(lean) * edges[0]).tolist()
    atoms = draw(st.integers(1, 6))
    species = [draw(st.sampled_from(["H", "C", "O", "Na", "Fe", "Cs", "U"])) for _ in range(atoms)]
    places = [[draw(st.floats(0, 1)) for _ in range(3)] for _ in range(atoms)]
    return Crystal("any", lattice, tuple(species), np.array(places))


@given(
    crystals(),
    st.sampled_from(["paper", "zone_axes"]),
    st.sampled_from([0, 5]),
    st.booleans(),
    st.sampled_from([8, 16]),
    st.sampled_from(["linear", "square_root", "logarithmic"]),
)
@settings(max_examples=60)
def test_what_is_simulated_is_never_refused(
    crystal: Crystal, views: str, beam_stop: float, noise: bool, depth: int, scale: str
) -> None:
    experiment = Simulate.model_validate(
        {
            "pixels": 96,
            "views": views,
            "beam_stop": beam_stop,
            "bit_depth": depth,
            "grey_scale": scale,
            "poisson_noise": noise,
            "pulse_energy": 10 if noise else 1e-6,
        }
    )
    patterns = simulated(experiment, crystal)
    for pattern in patterns:
        # Where no photon was counted, there is no pattern.
        if pattern.any():
            check_pattern(pattern, experiment)
    check_centre(patterns, experiment)
