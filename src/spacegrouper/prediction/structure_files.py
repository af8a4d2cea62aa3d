"""Crystals from the files people have: CIF, POSCAR, pymatgen's JSON and JSON lines.

Told apart by what is in them and not by their names, and read as data: nothing that a file names
is imported or called. Only ordered crystals: a network has seen nothing else.
"""

import re
from dataclasses import replace
from pathlib import Path

from spacegrouper.crystals.cif_reader import read_cif_content
from spacegrouper.crystals.cif_text import is_cif, path_text
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.standard_cell import standardise
from spacegrouper.crystals.text_files import content_of, decoded, unpacked
from spacegrouper.crystals.tolerances import space_groups_within
from spacegrouper.errors import UserError
from spacegrouper.prediction.other_formats import other_content, other_text
from spacegrouper.prediction.poscar import is_poscar, read_poscar
from spacegrouper.prediction.structure_json import read_json
from spacegrouper.settings import Standardise

MAXIMUM_BYTES = 50_000_000  # as it is and unpacked; no crystal needs more
FORMATS = "CIF, POSCAR, pymatgen's Structure as JSON, or JSON lines (docs/structures.md)"

_STAGE = "read"
_NAMED_CIF = re.compile(r".*\.m?cif(\.(gz|bz2|xz))?", re.IGNORECASE)
_NAMED_POSCAR = re.compile(r"(.*[-_.])?(poscar|contcar)([-_.].*)?|.*\.vasp", re.IGNORECASE)
_PACKED_SUFFIX = re.compile(r"\.(gz|bz2|xz)$", re.IGNORECASE)


def read_standard_crystals(path: Path, settings: Standardise) -> list[Crystal | Rejection]:
    """Read the crystals of a file and bring each into its standard cell, by `standard_crystal`."""
    records = read_structure_file(path, MAXIMUM_BYTES)
    return [standard_crystal(record, settings) for record in records]


def standard_crystal(record: Crystal | Rejection, settings: Standardise) -> Crystal | Rejection:
    """Standardise a crystal, and keep which space groups it has as given: `space_groups_within`."""
    crystal = standardise(record, settings)
    if isinstance(crystal, Rejection) or isinstance(record, Rejection):
        return crystal
    found = space_groups_within(record) | {settings.symprec: crystal.metadata["spacegroup"]}
    return replace(crystal, metadata={**crystal.metadata, "space_groups_within": found})


def read_structure_file(path: Path, maximum_bytes: int) -> list[Crystal | Rejection]:
    """Read the crystals of a file as `read_structure_content` does.

    Ids begin with the path as given. A file that is missing or larger than `maximum_bytes` is a
    Rejection.
    """
    name = path_text(path)
    try:
        return read_structure_content(content_of(path, maximum_bytes), name, maximum_bytes)
    except UserError as error:
        return [Rejection(name, _STAGE, str(error))]


def read_structure_content(
    content: bytes, name: str, maximum_bytes: int = MAXIMUM_BYTES
) -> list[Crystal | Rejection]:
    """Read the crystals that the content of a file describes; it may be packed.

    A crystal's id is the name, and `name#block` where there are several. Whatever cannot be read,
    is larger than `maximum_bytes` or disordered is a Rejection, with a reason in one line.
    """
    try:
        content = unpacked(content, maximum_bytes, name)
        return _read(content, decoded(content), name)
    except UserError as error:
        return [Rejection(name, _STAGE, str(error))]
    except MemoryError:
        return [Rejection(name, _STAGE, "takes more memory than there is; give a smaller file")]
    # One odd file must not stop the others.
    except Exception as error:
        reason = f"cannot be read: the program that reads it fails ({type(error).__name__})"
        return [Rejection(name, _STAGE, reason)]


def _read(content: bytes, text: str, name: str) -> list[Crystal | Rejection]:
    if not text.strip():
        raise UserError("the file is empty")
    file_name = _PACKED_SUFFIX.sub("", Path(name).name)
    if is_cif(content):
        return read_cif_content(content, name)
    # Before all that is told by its first bytes: a title may be [001], {111} or BMo2.
    if is_poscar(text):
        return [read_poscar(text, name)]
    if reason := other_content(content):
        raise UserError(reason)
    if text.lstrip()[0] in "{[":
        return read_json(text, name)
    if _NAMED_CIF.fullmatch(file_name):
        # Says why it is none.
        return read_cif_content(content, name)
    reason = other_text(text, Path(file_name).suffix.lower())
    if not reason and _NAMED_POSCAR.fullmatch(file_name):
        # Says in which line it is none.
        return [read_poscar(text, name)]
    raise UserError(reason or f"no structure in a format that is known; give {FORMATS}")
