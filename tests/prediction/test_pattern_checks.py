from collections.abc import Callable

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

Image = NDArray[np.uint8]


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


def test_pixels_behind_the_beam_stop_are_dark() -> None:
    stopped = SMALL.model_copy(update={"beam_stop": 6.0})
    check_pattern(simulated(stopped)[0], stopped)
    with pytest.raises(UserError, match=r"pixels are lit .* beam stop \(up to 6 pixels"):
        check_pattern(simulated()[0], stopped)


def test_patterns_off_the_centre_are_refused_with_the_centre_found() -> None:
    patterns = simulated(Simulate())
    check_centre(patterns)
    for shift in ((12, 0), (0, -9), (20, 17)):
        row, column = 127.5 + np.array(shift)
        with pytest.raises(UserError, match=f"about column {column:g}, row {row:g}, but"):
            check_centre(np.roll(patterns, shift, axis=(1, 2)))


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


@given(crystals(), st.sampled_from(["paper", "zone_axes"]), st.sampled_from([0, 5]), st.booleans())
@settings(max_examples=40)
def test_what_is_simulated_is_never_refused(
    crystal: Crystal, views: str, beam_stop: float, noise: bool
) -> None:
    experiment = Simulate.model_validate(
        {
            "pixels": 96,
            "views": views,
            "beam_stop": beam_stop,
            "poisson_noise": noise,
            "pulse_energy": 10 if noise else 1e-6,
        }
    )
    patterns = simulated(experiment, crystal)
    for pattern in patterns:
        # Where no photon was counted, there is no pattern.
        if pattern.any():
            check_pattern(pattern, experiment)
    check_centre(patterns)
