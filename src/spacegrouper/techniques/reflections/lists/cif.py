"""Format `cif`: reflections in CIF, in the dictionaries of small and of large molecules.

That is CIF itself, .fcf of SHELXL, .cif_pets of PETS2, and structure factors of the Protein Data
Bank.
"""

import re
from typing import TYPE_CHECKING

from spacegrouper.contract.list_format import LIST_FORMATS, ListFormat

if TYPE_CHECKING:
    from spacegrouper.techniques.reflections.list_file import Content, FromFile

# Reflections; not their number, as in every file of a structure.
_REFLECTIONS = re.compile(
    r"^\s*_((diffrn_)?refln[_.](pdbx_)?(index_h|image_set_code|crystal_id)|shelx_hkl_file|"
    r"iucr_refine_reflections_details)",
    re.IGNORECASE | re.MULTILINE,
)
_POWDER = re.compile(r"^\s*_pd_(meas|proc|calc)[_.]", re.IGNORECASE | re.MULTILINE)
_PROFILE = re.compile(
    r"^\s*_pd_(meas|proc)[_.](counts|intensity)_(total|net)", re.IGNORECASE | re.MULTILINE
)
_ATOMS = re.compile(r"^\s*_atom_site[_.](fract|cartn)_x", re.IGNORECASE | re.MULTILINE)


def _recognises(content: "Content") -> bool:
    from spacegrouper.crystals.cif_text import is_cif

    return is_cif(content.data)


def _read(content: "Content") -> "FromFile":
    from spacegrouper.techniques.reflections.lists.shared import cif_reflections

    return cif_reflections.read_cif(content)


def _has_reflections(content: "Content") -> bool:
    text = content.text
    if _POWDER.search(text):
        # Those of a powder are none of a crystal: its profile is for a network, its atoms are a
        # structure, and a file with neither is refused by name when it is read.
        return not _PROFILE.search(text) and not _has_structure(content)
    return _REFLECTIONS.search(text) is not None


def _has_structure(content: "Content") -> bool:
    return _ATOMS.search(content.text) is not None


LIST_FORMATS.register(
    ListFormat(
        name="cif",
        words="CIF (.fcf, .cif_pets and structure factors of the PDB too)",
        recognises=_recognises,
        read=_read,
        has_reflections=_has_reflections,
        has_structure=_has_structure,
    )
)
