"""The reflections of a block of crystals, in logarithmic levels."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.engine import Patterns
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.techniques.form_factors import reason_against_elements
from spacegrouper.techniques.reflections.cells import cell_of
from spacegrouper.techniques.reflections.levels import levels
from spacegrouper.techniques.reflections.settings import Reflections
from spacegrouper.techniques.reflections.structure_factors import (
    Scatterers,
    intensities,
    scatterers,
)

EXTINCT = "every reflection of its range is extinct"
_BATCH = 256  # crystals handed on at a time
_MOST_ATOMS = 100_000  # of a cell, which take some minutes


def simulate_reflections(
    crystals: Sequence[Crystal], settings: Reflections, threads: int
) -> Iterator[Patterns]:
    """Compute the reflections of crystals; no result depends on the threads.

    Args:
        crystals: in the cells whose indices are wanted.
        settings: section `reflections`.
        threads: that share the work.

    Yields:
        values: uint16 levels (n, l, h, k), see `levels`, with l from 0 to the largest index and h,
        k from minus to plus that; intensity_max: (n, l), the strongest intensity of the crystal, in
        electrons^2, Angstrom^2 or fm^2; further: `cell` (n, 6), edges in Angstrom and angles in
        degrees.
    """
    reasons = [_reason_against(crystal, settings) for crystal in crystals]
    possible = [crystal for crystal, reason in zip(crystals, reasons, strict=True) if not reason]
    known = scatterers([symbol for crystal in possible for symbol in crystal.species], settings)
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(crystals), _BATCH):
            batch = slice(start, start + _BATCH)
            found = pool.map(
                lambda crystal, reason: _of_crystal(crystal, reason, known, settings),
                crystals[batch],
                reasons[batch],
            )
            values, strongest, why = zip(*found, strict=True)
            layers = settings.largest_index + 1
            yield Patterns(
                np.stack(values),
                np.repeat(np.array(strongest)[:, None], layers, axis=1),
                why,
                {"cell": np.stack([cell_of(crystal.lattice) for crystal in crystals[batch]])},
            )


def _of_crystal(
    crystal: Crystal, reason: str, known: Scatterers, settings: Reflections
) -> tuple[NDArray[np.uint16], float, str]:
    width = 2 * settings.largest_index + 1
    nothing = np.zeros((settings.largest_index + 1, width, width), dtype=np.uint16)
    if reason:
        return nothing, 0.0, reason
    found = intensities(known, crystal.lattice, crystal.species, crystal.frac_coords, settings)
    if not found.any():
        return nothing, 0.0, EXTINCT
    return levels(found, settings.decades), float(found.max()), ""


def _reason_against(crystal: Crystal, settings: Reflections) -> str:
    reason = reason_against_elements(crystal.species, settings.form_factors)
    if not reason and len(crystal.species) > _MOST_ATOMS:
        return f"{len(crystal.species)} atoms in the cell are too many to be summed"
    return reason
