"""Powders of random crystals, as a diffractometer measures them."""

import numpy as np
from numpy.typing import NDArray
from random_crystals import random_crystal

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.techniques.powder.diffractograms import diffractograms
from spacegrouper.techniques.powder.known.peaks import fine_points
from spacegrouper.techniques.powder.settings import Diffractogram, Powder
from spacegrouper.techniques.powder.simulation import reflections, sticks

POWDER = Powder()
# Of each family, and two of one extinction class.
GROUPS = (2, 14, 19, 62, 92, 96, 148, 194, 198, 225)


def known_crystals() -> list[Crystal]:
    """Return two crystals of each of GROUPS."""
    return [random_crystal(number, seed) for number in GROUPS for seed in (0, 1)]


def strained(crystal: Crystal, a: float, c: float) -> Crystal:
    """Return a crystal whose axes a and b are longer by one factor, and c by another."""
    lattice = crystal.lattice * np.array([[a], [a], [c]])
    return Crystal(
        crystal.id, lattice, crystal.species, crystal.frac_coords, dict(crystal.metadata)
    )


def fine_curve(
    crystal: Crystal, zero_shift: float = 0.0, seed: int = 0, crystallite_size: float = 50.0
) -> NDArray[np.float32]:
    """Return a diffractogram as `find_peaks` takes it, all angles too large by a shift.

    `crystallite_size`: nm, which is that of the section's default.
    """
    two_theta, intensity = reflections(crystal, POWDER, "xrayutilities")
    inside = two_theta + zero_shift < POWDER.two_theta[1]
    lines = sticks(two_theta[inside] + zero_shift, intensity[inside], POWDER)
    profile = Diffractogram(
        counts=5000, background=0.05, k_alpha_2=0.3, crystallite_size=crystallite_size
    )
    generators = [np.random.default_rng(seed)]
    points = fine_points(POWDER)
    return diffractograms(lines[None], POWDER, profile, points, None, generators)[0]
