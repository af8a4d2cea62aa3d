"""What a crystal would take to be simulated, found before anything is allocated for it.

A cell of 300 Angstrom has 40 million reflections, and a supercell of 1000 x 1000 x 1000 cells more
atoms than any memory holds. The bounds are numbers of things, not of this machine's bytes, so that
the same crystals are rejected everywhere. At each of them a crystal takes 1 to 2 GB and some
minutes; published crystals stay far below.
"""

import math
import os

import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.errors import UserError
from spacegrouper.settings import Simulate
from spacegrouper.techniques.patterns.kinematic import Experiment
from spacegrouper.techniques.patterns.settings import MOST_ATOMS, summed_cells, sums_every_atom

_MOST_WAVES = 1e12  # of atoms that meet in all pixels or reflections
_MOST_NUMBERS = 1e8  # in one array


def check_memory(settings: Simulate, elements: int) -> None:
    """Raise UserError if what all crystals share takes more memory than this machine has."""
    # Form factors are shared by the eight pixels that lie alike; the rest is s, photons and bounds.
    needed = 8 * settings.pixels**2 * (elements / 8 + 20)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > memory:
        raise UserError(
            f"simulate.pixels: {settings.pixels} x {settings.pixels} pixels and {elements} "
            f"elements take {needed / 1e9:.0f} GB of memory, and this machine has "
            f"{memory / 1e9:.0f} GB; give fewer pixels"
        )


def reason_against_pattern(crystal: Crystal, settings: Simulate, experiment: Experiment) -> str:
    """Return why the patterns of a crystal are not computed, or an empty string."""
    sites = len(crystal.species)
    if not sums_every_atom(settings):
        waves = float(sites) * settings.pixels**2 * _angles(settings)
        return f"{sites} atoms in the cell are too many to be summed" * (waves > _MOST_WAVES)
    atoms = sites * math.prod(summed_cells(settings))
    if atoms > MOST_ATOMS:
        return f"{atoms:.1e} atoms in all cells, and at most {MOST_ATOMS:,} can be summed"
    if settings.engine == "kinematic":
        return _reason_against_grid(crystal.lattice, settings, experiment.s)
    return ""


def _reason_against_grid(
    lattice: NDArray[np.float64], settings: Simulate, s: NDArray[np.float64]
) -> str:
    """Return why the sum over a crystal's atoms is not computed; see disorder.py."""
    size = float(np.array(summed_cells(settings)) @ np.linalg.norm(lattice, axis=1))
    # FINUFFT's grid: 2 / pi times the reach of both sides, and half as much again.
    edge = 2 / math.pi * 1.5 * (2 * math.pi * float(np.abs(s[:2]).max())) * size / 2
    planes = math.pi * float(np.ptp(s[2])) * size / 2 + 40
    if edge**2 > _MOST_NUMBERS or planes * s.shape[1] > 4 * _MOST_NUMBERS:
        return (
            f"a crystal of {size:.3g} Angstrom is too large for the sum over all atoms that "
            f"`disorder` takes, at {settings.pixels} x {settings.pixels} pixels"
        )
    return ""


def _angles(settings: Simulate) -> int:
    return sum(len(view.angles) for view in settings.views)
