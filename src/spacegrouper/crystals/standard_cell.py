"""Any cell of a crystal turned into the one it is known by, with space group and identity.

That is the standard conventional cell, or, with the setting `reduced`, the cell that its lattice
suggests (metric_cell.py), in which nothing is idealised. The symmetry search is the same.

The standard cell follows the Materials Project: spglib's symmetry search and the conventional cells
of W. Setyawan and S. Curtarolo (Comput. Mater. Sci. 49, 299, 2010). Both depend on how a crystal is
written where its symmetry leaves something open or is met only within the
tolerance. Therefore the search begins from a canonical primitive cell, and of all
equivalent settings of the result one is chosen that does not depend on the writing. A crystal and
its mirror image, which have the same patterns (Friedel's law), get one standard cell unless their
space groups differ.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from typing import Any

import numpy as np
import spglib
from numpy.typing import NDArray

from spacegrouper.crystals.canonical_cell import canonical_primitive_cell, canonical_setting
from spacegrouper.crystals.conventional_axes import conventional_axes
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.elements import (
    ATOMIC_NUMBERS,
    SYMBOLS,
    UnusableCrystalError,
    element_symbol,
)
from spacegrouper.crystals.identity import ENANTIOMORPHIC, prototype_label, structure_key
from spacegrouper.crystals.metric_cell import in_metric_cell
from spacegrouper.crystals.neighbours import closer_than
from spacegrouper.crystals.primitive_cell import Cell
from spacegrouper.crystals.processes import map_in_order
from spacegrouper.crystals.symmetrised_cell import symmetrised
from spacegrouper.crystals.symmetry import crystal_systems
from spacegrouper.settings import Standardise

# spglib reports on its retries on standard error, where they would break up the progress bar.
os.environ.setdefault("SPGLIB_WARNING", "OFF")

# What standardising adds to the metadata.
LABELS = ("spacegroup", "crystal_system", "prototype", "structure_key")

_STAGE = "standardise"
_SHORTEST_DISTANCE = 0.5  # Angstrom; the shortest bond there is, in H2, has 0.74
# Cubic Angstrom for each atom; the emptiest, a molecule in a large box, has some thousands.
_LARGEST_VOLUME = 1e5


def standardise(crystal: Crystal | Rejection, settings: Standardise) -> Crystal | Rejection:
    """Return the crystal in its standard or its reduced cell, or why it has none.

    An earlier Rejection is passed on.

    The lattice is in the frame of pymatgen's `Lattice.from_parameters`: c along z, a in the
    x-z plane. Coordinates lie in [0, 1), atoms are sorted by element and place. The metadata gain
    `spacegroup`, `crystal_system`, `prototype` and `structure_key`; the key is that of the crystal
    as given, for the standard cell is idealised within `settings.symprec`. Those of a crystal in
    its reduced cell also have `cell_setting`.

    The result does not depend on how the crystal is written: its cell, origin and orientation,
    the order of its atoms and which of their images are given.
    """
    if isinstance(crystal, Rejection):
        return crystal
    try:
        species = [element_symbol(name) for name in crystal.species]
        return _standardised(crystal, species, settings)
    except UnusableCrystalError as error:
        reason = str(error)
    except MemoryError:
        reason = f"{len(crystal.species)} sites take more memory than there is"
    # NumPy and spglib raise errors of many kinds, and one odd crystal must not stop a run.
    except Exception as error:
        reason = f"no symmetry found: {' '.join(str(error).split()) or type(error).__name__}"
    return Rejection(crystal.id, _STAGE, reason)


def standardise_all(
    records: Iterable[Crystal | Rejection], settings: Standardise, processes: int
) -> Iterator[Crystal | Rejection]:
    """Standardise crystals in their order, in so many processes; pass on earlier rejections.

    A crystal whose id an earlier one of the records has is rejected.
    """
    work = partial(standardise, settings=settings)
    yield from map_in_order(work, _without_repeated_ids(records), processes)


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


def _standardised(crystal: Crystal, species: list[str], settings: Standardise) -> Crystal:
    # A larger cell may yet have a small conventional cell, but the search takes too long.
    if len(species) > 10 * settings.max_sites:
        raise UnusableCrystalError(
            f"too many sites to search for symmetry: {len(species)} (10 x max_sites = "
            f"{10 * settings.max_sites})"
        )
    lattice, frac_coords = crystal.lattice, crystal.frac_coords
    if np.linalg.det(lattice) < 0:  # to the right hand; the atoms stay where they are
        lattice, frac_coords = -lattice, -frac_coords
    volume = np.linalg.det(lattice) / len(species)
    if volume > _LARGEST_VOLUME:
        raise UnusableCrystalError(
            f"{volume:.3g} cubic Angstrom of the cell for each atom: are its lengths in pm?"
        )
    close = closer_than(lattice, frac_coords, _SHORTEST_DISTANCE)
    if close:
        first, second = close
        raise UnusableCrystalError(
            f"atoms {first + 1} ({species[first]}) and {second + 1} ({species[second]}) "
            f"are closer than {_SHORTEST_DISTANCE} Angstrom"
        )
    numbers = np.array([ATOMIC_NUMBERS[element] for element in species])
    lattice, numbers, frac_coords = canonical_primitive_cell(lattice, numbers, frac_coords)
    elements = _symbols(numbers)
    symmetry = _found_symmetry((lattice, numbers, frac_coords), settings)
    if len(symmetry.std_types) > settings.max_sites:
        raise UnusableCrystalError(
            f"too many sites in the conventional cell: {len(symmetry.std_types)} "
            f"(max_sites = {settings.max_sites})"
        )
    space_group = int(symmetry.number)
    labels = {
        "spacegroup": space_group,
        "crystal_system": str(crystal_systems(np.array(space_group))),
        "prototype": prototype_label(elements, symmetry),
        "structure_key": structure_key(lattice, elements, frac_coords, space_group),
    }
    primitive = (lattice, numbers, frac_coords)
    lattice, numbers, frac_coords = (
        in_metric_cell(primitive, settings.metric_tolerance)
        if settings.setting == "reduced"
        else _conventional_cell(symmetry, primitive)
    )
    metadata = with_labels(crystal.metadata, labels, settings)
    return Crystal(crystal.id, lattice, _symbols(numbers), frac_coords, metadata)


def with_labels(
    metadata: Mapping[str, Any], labels: Mapping[str, Any], settings: Standardise
) -> dict[str, Any]:
    """Return the metadata of a standardised crystal: its own, labels, and the setting of its cell.

    Records that do not say their setting are in the standard one.
    """
    own = {key: value for key, value in metadata.items() if key != "cell_setting"}
    reduced = {"cell_setting": "reduced"} if settings.setting == "reduced" else {}
    return {**own, **labels, **reduced}


def _found_symmetry(cell: Cell, settings: Standardise) -> Any:
    """Return spglib's dataset of a cell."""
    lattice, numbers, frac_coords = cell
    found = spglib.get_symmetry_dataset(
        (lattice, frac_coords, numbers), settings.symprec, settings.angle_tolerance
    )
    if found is None:
        raise UnusableCrystalError("no symmetry found: Unable to determine symmetry")
    return found


def _conventional_cell(symmetry: Any, cell: Cell) -> Cell:
    """Return the canonical one of the equivalent settings of a cell's conventional axes."""
    rotations, translations = _operations(symmetry.hall_number)
    lattice, numbers, coords = symmetrised(cell, symmetry, rotations, translations)
    space_group = int(symmetry.number)
    rows = conventional_axes(symmetry.std_lattice, space_group, symmetry.international[0])
    # Coordinates transform by the inverse of the rows of the lattice; both are whole numbers.
    columns = np.round(np.linalg.inv(rows)).astype(np.int64)
    return canonical_setting(
        rows @ lattice,
        numbers,
        coords @ columns,
        columns.T @ rotations @ rows.T,
        translations @ columns,
        mirror_images=space_group not in ENANTIOMORPHIC,
    )


@cache
def _operations(hall_number: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the rotations (g, 3, 3) and translations (g, 3) of one of spglib's 530 settings."""
    operations = spglib.get_symmetry_from_database(hall_number)
    return operations["rotations"].astype(np.int64), operations["translations"]


def _symbols(numbers: NDArray[np.int64]) -> tuple[str, ...]:
    return tuple(SYMBOLS[number] for number in numbers.tolist())
