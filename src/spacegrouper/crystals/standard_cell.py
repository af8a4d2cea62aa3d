"""Any cell of a crystal turned into its standard conventional cell, with space group and identity.

Follows the Materials Project: spglib's symmetry search and pymatgen's conventional cells
(W. Setyawan and S. Curtarolo, Comput. Mater. Sci. 49, 299, 2010), which may turn a crystal into
its mirror image where they exchange two axes.
"""

import multiprocessing
import os
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice

import gemmi
import numpy as np
from numpy.typing import NDArray
from pymatgen.core import Lattice, Structure
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from spacegrouper.config.sections import Standardise
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.identity import prototype_label, structure_key
from spacegrouper.crystals.neighbours import closer_than

# spglib reports on its retries on standard error, where they would break up the progress bar.
os.environ.setdefault("SPGLIB_WARNING", "OFF")

_STAGE = "standardise"
_SHORTEST_DISTANCE = 0.5  # Angstrom; the shortest bond there is, in H2, has 0.74
_BATCH = 64  # crystals handed to a process at a time

# An element with, perhaps, an oxidation state: "Na", "Na+", "O2-", "Fe2.5+", "Fe3+,spin=5".
_SPECIES = re.compile(r"([A-Z][a-z]?)(?:\d*\.?\d*[+-])?(?:,spin=.*)?")


class _UnusableError(Exception):
    """The crystal cannot be used, for the reason given."""


class _OneSearch(SpacegroupAnalyzer):
    """A symmetry analysis that keeps the refined cell it found, where pymatgen searches again."""

    def get_refined_structure(self, keep_site_properties: bool = False) -> Structure:
        found = self._space_group_data
        species = [self._unique_species[index - 1] for index in found.std_types]
        return Structure(found.std_lattice, species, found.std_positions).get_sorted_structure()


def standardise(crystal: Crystal, settings: Standardise) -> Crystal | Rejection:
    """Return the crystal in its standard conventional cell, or why it has none.

    The lattice is in the frame of pymatgen's `Lattice.from_parameters`: c along z, a in the
    x-z plane. Coordinates lie in [0, 1), atoms are sorted by element and place. The metadata gain
    `spacegroup`, `crystal_system`, `prototype` and `structure_key`; the key is that of the crystal
    as given, for the standard cell is idealised within `settings.symprec`.
    """
    try:
        species = [_element(name) for name in crystal.species]
        return _standardised(crystal, species, settings)
    except _UnusableError as error:
        reason = str(error)
    # pymatgen and spglib raise errors of many kinds, and one odd crystal must not stop a run.
    except Exception as error:
        reason = f"no symmetry found: {' '.join(str(error).split()) or type(error).__name__}"
    return Rejection(crystal.id, _STAGE, reason)


def standardise_all(
    records: Iterable[Crystal | Rejection], settings: Standardise, processes: int
) -> Iterator[Crystal | Rejection]:
    """Standardise crystals in their order, in so many processes; pass on earlier rejections.

    A crystal whose id an earlier one of the records has is rejected.
    """
    work = partial(_standardise_record, settings=settings)
    unique = _without_repeated_ids(records)
    if processes == 1:
        yield from map(work, unique)
        return
    # Fresh processes: a copy of this one could inherit a lock held by its progress bar.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        # Executor.map takes in all its input at once, which must not be a whole database.
        while batch := list(islice(unique, 4 * _BATCH * processes)):
            yield from pool.map(work, batch, chunksize=_BATCH)


def _standardise_record(record: Crystal | Rejection, settings: Standardise) -> Crystal | Rejection:
    return standardise(record, settings) if isinstance(record, Crystal) else record


def _without_repeated_ids(
    records: Iterable[Crystal | Rejection],
) -> Iterator[Crystal | Rejection]:
    seen: set[str] = set()
    for record in records:
        if isinstance(record, Crystal) and record.id in seen:
            yield Rejection(record.id, _STAGE, f"an earlier crystal has the same id, {record.id}")
        else:
            seen.add(record.id)
            yield record


def _element(name: str) -> str:
    match = _SPECIES.fullmatch(name)
    element = gemmi.Element(match[1]) if match else gemmi.Element("X")
    if element.atomic_number == 0:
        raise _UnusableError(f"unknown element: {name!r}")
    if element.it92 is None:
        raise _UnusableError(f"no form factor is known for element {element.name}")
    return "H" if element.name == "D" else str(element.name)


def _standardised(crystal: Crystal, species: list[str], settings: Standardise) -> Crystal:
    # A larger cell may yet have a small conventional cell, but the search takes too long.
    if len(species) > 10 * settings.max_sites:
        raise _UnusableError(
            f"too many sites to search for symmetry: {len(species)} (10 x max_sites = "
            f"{10 * settings.max_sites})"
        )
    lattice, frac_coords = _right_handed(crystal.lattice, crystal.frac_coords)
    close = closer_than(lattice, frac_coords, _SHORTEST_DISTANCE)
    if close:
        first, second = close
        raise _UnusableError(
            f"atoms {first + 1} ({species[first]}) and {second + 1} ({species[second]}) "
            f"are closer than {_SHORTEST_DISTANCE} Angstrom"
        )
    analysis = _OneSearch(
        Structure(lattice, species, frac_coords), settings.symprec, settings.angle_tolerance
    )
    symmetry = analysis._space_group_data
    if len(symmetry.std_types) > settings.max_sites:
        raise _UnusableError(
            f"too many sites in the conventional cell: {len(symmetry.std_types)} "
            f"(max_sites = {settings.max_sites})"
        )
    cell = analysis.get_conventional_standard_structure()
    numbers = np.array([site.specie.Z for site in cell])
    coords = _wrapped(cell.frac_coords)
    order = np.lexsort([*np.round(coords, 4).T[::-1], numbers])
    return Crystal(
        id=crystal.id,
        lattice=Lattice.from_parameters(*cell.lattice.parameters).matrix,
        species=tuple(cell[int(index)].specie.symbol for index in order),
        frac_coords=coords[order],
        metadata={
            **crystal.metadata,
            "spacegroup": int(symmetry.number),
            "crystal_system": str(analysis.get_crystal_system()),
            "prototype": prototype_label(species, symmetry),
            "structure_key": structure_key(lattice, species, frac_coords, int(symmetry.number)),
        },
    )


def _right_handed(
    lattice: NDArray[np.float64], frac_coords: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Turn round all three axes of a left-handed cell; the atoms stay where they are."""
    if np.linalg.det(lattice) < 0:
        return -lattice, -frac_coords
    return lattice, frac_coords


def _wrapped(frac_coords: NDArray[np.float64]) -> NDArray[np.float64]:
    coords = frac_coords - np.floor(frac_coords)
    # Rounding errors about zero must not tell 0 from 0.9999999999.
    coords[(coords < 1e-9) | (coords > 1 - 1e-9)] = 0
    return np.asarray(coords, dtype=np.float64)
