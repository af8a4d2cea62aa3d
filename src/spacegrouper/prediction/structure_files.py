"""Crystals from the files people have: CIF, POSCAR and whatever else pymatgen reads.

CIF files are read as those of a whole database are, see crystals/cif_tree.py. Only ordered
crystals: a network has seen nothing else.
"""

import warnings
from pathlib import Path

import numpy as np
from pymatgen.core import Structure
from pymatgen.io.registry import get_structure_format
from pymatgen.io.vasp.inputs import BadPoscarWarning

from spacegrouper.crystals.cif_reader import read_cif
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.standard_cell import standardise
from spacegrouper.settings import Standardise

MAXIMUM_BYTES = 50_000_000  # vasprun.xml files are that large; no crystal needs more

_STAGE = "read"
_CIF_SUFFIXES = (".cif", ".cif.gz")


def read_standard_crystals(
    path: Path, settings: Standardise, maximum_bytes: int = MAXIMUM_BYTES
) -> list[Crystal | Rejection]:
    """Read the crystals of a file and bring each into its standard conventional cell.

    As `read_structure_file` and crystals.standard_cell.standardise do.
    """
    return [
        standardise(record, settings) if isinstance(record, Crystal) else record
        for record in read_structure_file(path, maximum_bytes)
    ]


def read_structure_file(path: Path, maximum_bytes: int) -> list[Crystal | Rejection]:
    """Read the crystals of a file, whose name tells its format as pymatgen has it.

    A crystal's id is the path as given, and `path#block` where several blocks of a CIF file hold
    atoms. Whatever cannot be read, is larger than `maximum_bytes` or disordered is a Rejection.
    """
    name = str(path)
    try:
        if not path.is_file():
            raise ValueError("no such file")
        if path.stat().st_size > maximum_bytes:
            raise ValueError(f"larger than {maximum_bytes / 1e6:g} MB")
        if name.lower().endswith(_CIF_SUFFIXES):
            return read_cif(path)
        return [_read_by_pymatgen(path)]
    except MemoryError:
        return [Rejection(name, _STAGE, "takes more memory than there is; give a smaller file")]
    # pymatgen's readers fail in many ways, and one bad file must not stop the others.
    except Exception as error:
        reason = " ".join(str(error).split()) or f"cannot be read: {type(error).__name__}"
        return [Rejection(name, _STAGE, reason)]


def _read_by_pymatgen(path: Path) -> Crystal:
    try:
        get_structure_format(filename=str(path))
    except ValueError:
        raise ValueError(
            "not a file name that tells a format of structures; name a CIF file *.cif and a "
            "POSCAR file *.vasp"
        ) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # pymatgen names elements H, He ... where a POSCAR has none.
        warnings.simplefilter("error", BadPoscarWarning)
        structure = Structure.from_file(path)
    if len(structure) == 0:
        raise ValueError("no atoms")
    if not structure.is_ordered:
        site = next(site for site in structure if not site.is_ordered)
        raise ValueError(f"partial occupancy: {site.species_string} on one site")
    numbers = (structure.lattice.matrix, structure.frac_coords)
    if not all(np.isfinite(values).all() for values in numbers):
        raise ValueError("the cell or a coordinate is not a finite number")
    return Crystal(
        str(path),
        structure.lattice.matrix,
        tuple(str(site.specie) for site in structure),
        structure.frac_coords,
    )
