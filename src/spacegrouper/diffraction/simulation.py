"""Simulating the crystals of a block, over the threads of one process."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.config.sections import Simulate
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.diffraction.kinematic import grey_patterns, make_experiment


@dataclass(frozen=True)
class Patterns:
    """The patterns of n crystals, in their order.

    `grey`: (n, views, pixels, pixels) uint8; `intensity_max`: (n, views), photons per pixel;
    `reasons`: for each crystal why it could not be simulated, or an empty string. The patterns of
    such a crystal are black, so that a row keeps its place whatever becomes of its neighbours.
    """

    grey: NDArray[np.uint8]
    intensity_max: NDArray[np.float64]
    reasons: tuple[str, ...]


def simulate_crystals(
    crystals: Sequence[Crystal],
    settings: Simulate,
    threads: int,
    advance: Callable[[int], None],
) -> Patterns:
    """Simulate crystals as they are given; the result does not depend on the number of threads.

    `advance` is called with 1 after each crystal.
    """
    reasons = tuple(_reason_against(crystal) for crystal in crystals)
    possible = [crystal for crystal, reason in zip(crystals, reasons, strict=True) if not reason]
    experiment = make_experiment(
        settings, [symbol for crystal in possible for symbol in crystal.species]
    )
    grey = np.zeros((len(crystals), *experiment.shape), dtype=np.uint8)
    intensity_max = np.zeros((len(crystals), experiment.shape[0]))

    def simulate_row(row: int) -> None:
        if not reasons[row]:
            crystal = crystals[row]
            grey[row], intensity_max[row] = grey_patterns(
                experiment, crystal.lattice, crystal.species, crystal.frac_coords
            )
        advance(1)

    with ThreadPoolExecutor(threads) as pool:
        # The kernels release the interpreter lock; each row is written by one thread only.
        for _ in pool.map(simulate_row, range(len(crystals))):
            pass
    return Patterns(grey, intensity_max, reasons)


def _reason_against(crystal: Crystal) -> str:
    """Return why a crystal cannot be simulated, or an empty string."""
    for symbol in crystal.species:
        element = gemmi.Element(symbol)
        if element.atomic_number == 0:
            return f"unknown element {symbol!r}"
        if element.it92 is None:
            return f"element {symbol!r} has no form factor"
    return ""
