"""What a crystal is: its kind of structure, and a key that stays when only its file changes."""

import gzip
import hashlib
import json
import math
from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.elements import ATOMIC_NUMBERS, SYMBOLS
from spacegrouper.crystals.neighbours import nearest_distances, reduced_cell
from spacegrouper.crystals.primitive_cell import primitive_cell

# Space groups that come in mirror-image pairs.
ENANTIOMORPHIC = frozenset(
    (76, 78, 91, 92, 95, 96, 144, 145, 151, 152, 153, 154, 169, 170, 171, 172, 178, 179, 180, 181)
) | {212, 213}
_ATOMS_PER_LATTICE_POINT = {"P": 1, "A": 2, "B": 2, "C": 2, "I": 2, "F": 4, "R": 1}

_KEY_VERSION = "2"
_NEIGHBOURS = 24  # of each element; fewer than 21 do not tell cubic from hexagonal close packing
_REACH = 8.0  # Angstrom; neighbours further away count as being here
_DISTANCE_BIN = 0.01  # Angstrom, of the weighted sums of distances over a primitive cell
_VOLUME_BIN = 0.002  # of the logarithm of the volume of a primitive cell
# Their multiples modulo 1 weigh the elements: those next to each other lie far apart.
_IRRATIONAL = np.array([(1 + math.sqrt(5)) / 2, 1 + math.sqrt(2), math.sqrt(3)])


def prototype_label(species: Sequence[str], symmetry: Any) -> str:
    """Name the kind of structure, whatever its elements: such as `AB_cF8_225_a_b` for rock salt.

    Anonymous formula, Pearson symbol, space group and the occupied Wyckoff positions of each
    element, in the style of the AFLOW prototype labels (Mehl et al., Comput. Mater. Sci. 136,
    S1, 2017). Elements go by rising amount. The letters of the Wyckoff positions depend on the
    choice of origin and axes; of all choices the one whose label is first is taken.
    Structures with one label are isopointal: their cell shapes and free coordinates may differ.

    Args:
        species: n element symbols.
        symmetry: spglib's dataset for the same n atoms.
    """
    counts = Counter(species)
    letters: dict[str, Counter[str]] = {element: Counter() for element in counts}
    # An orbit is named by the first of its atoms.
    for atom in set(symmetry.crystallographic_orbits.tolist()):
        letters[species[atom]][symmetry.wyckoffs[atom]] += 1
    units = math.gcd(*counts.values())
    amounts = {element: count // units for element, count in counts.items()}
    positions = min(
        sorted(
            (amount, _count_letters(letters[element], relabelling))
            for element, amount in amounts.items()
        )
        for relabelling in _relabellings()[symmetry.number]
    )
    formula = "".join(
        f"{name}{amount if amount > 1 else ''}"
        for name, (amount, _) in zip(ascii_uppercase, positions, strict=False)
    )
    pearson = _pearson_symbol(symmetry)
    return "_".join([formula, pearson, str(symmetry.number), *(text for _, text in positions)])


def structure_key(
    lattice: NDArray[np.float64],
    species: Sequence[str],
    frac_coords: NDArray[np.float64],
    space_group: int,
) -> str:
    """Return a string that identifies a crystal physically, such as `1-` and 24 hex digits.

    The key stays under another cell of the same crystal (supercells too), another origin, a
    rotation, another order of the atoms and lattice vectors added to them. It changes with the
    elements, the space group, a strain of 0.1 % and one atom moved by 0.01 Angstrom.

    It is a hash of the space group, the contents and the volume of a primitive cell and of three
    weighted sums over the sorted distances from each atom to its nearest neighbours of each
    element. Such distances are continuous in the atoms' places and free of any choice of cell
    (the idea of the pointwise distance distributions of Widdowson and Kurlin, NeurIPS 2022). The
    nearest neighbours weigh most, so that a move shows to first order even of an atom at a centre
    of symmetry.

    Limits. No hash of rounded numbers is certain both to stay and to change: a number by chance
    at the edge of its bin splits. Of crystals written anew with 6 decimals, about 1 in 100 change
    their key, large cells rather than small ones; of those with one atom moved by 0.012 Angstrom,
    about 1 in 100 keep it, by 0.06 Angstrom or strained by 0.5 % none that were tried. Where the
    earlier crystal is at hand, `releases` compares the crystals themselves and keeps its key.
    Mirror images share a key unless their space groups differ.

    Args:
        lattice: (3, 3), Angstrom, rows.
        species: n element symbols.
        frac_coords: (n, 3).
        space_group: its number.
    """
    numbers = np.array([ATOMIC_NUMBERS[element] for element in species])
    lattice, numbers, frac_coords = primitive_cell(lattice, numbers, frac_coords)
    counts = sorted(Counter(numbers.tolist()).items())
    contents = {SYMBOLS[number]: count for number, count in counts}
    volume = abs(float(np.linalg.det(lattice)))
    identity = (
        space_group,
        contents,
        round(math.log(volume) / _VOLUME_BIN),
        [round(value / _DISTANCE_BIN) for value in _distance_sums(lattice, numbers, frac_coords)],
    )
    digest = hashlib.blake2b(repr(identity).encode(), digest_size=12).hexdigest()
    return f"{_KEY_VERSION}-{digest}"


@cache
def _relabellings() -> dict[int, list[dict[str, str]]]:
    """Return how other choices of origin and axes rename the Wyckoff letters of a space group.

    By its number, from letter to letter: pymatgen's tables, read as a file because the module that
    holds them takes four seconds to import.
    """
    pymatgen = find_spec("pymatgen.core")
    assert pymatgen is not None
    assert pymatgen.origin is not None
    folder = Path(pymatgen.origin).parents[1] / "analysis" / "prototypes"
    with gzip.open(folder / "wyckoff-position-relabelings.json.gz", "rt") as file:
        return {
            int(number): [
                {chr(int(key)): letter for key, letter in table.items()} for table in tables
            ]
            for number, tables in json.load(file).items()
        }


def _count_letters(letters: Counter[str], relabelling: dict[str, str]) -> str:
    counts = sorted((relabelling.get(letter, letter), count) for letter, count in letters.items())
    return "".join(f"{count if count > 1 else ''}{letter}" for letter, count in counts)


def _pearson_symbol(symmetry: Any) -> str:
    families = ((2, "a"), (15, "m"), (74, "o"), (142, "t"), (194, "h"), (230, "c"))
    family = next(letter for last, letter in families if symmetry.number <= last)
    centring = symmetry.international[0]
    sites = len(set(symmetry.mapping_to_primitive.tolist())) * _ATOMS_PER_LATTICE_POINT[centring]
    return f"{family}{centring}{sites}"


def _distance_sums(
    lattice: NDArray[np.float64], numbers: NDArray[np.int64], frac_coords: NDArray[np.float64]
) -> list[float]:
    """Sum u(Z_i) u(Z) d_k / k^3 over the atoms i of the cell, the elements Z and k = 1 .. 24.

    d_k is the distance (Angstrom) from atom i to its k-th nearest atom of the element Z. Three
    such sums, with different weights u: a change that one cannot see, the others do.
    """
    lattice, frac_coords = reduced_cell(lattice, frac_coords)
    elements, kinds = np.unique(numbers, return_inverse=True)
    distances = nearest_distances(lattice, kinds, frac_coords, _NEIGHBOURS, _REACH)
    ranks = np.arange(1, _NEIGHBOURS + 1)
    weights = 1 + np.outer(_IRRATIONAL, elements) % 1
    of_atoms = distances @ (1.0 / ranks**3)
    return [float(row[kinds] @ of_atoms @ row) for row in weights]
