"""Format `cif`: reflections in CIF, in the dictionaries of small and of large molecules.

That is CIF itself, .fcf of SHELXL, .cif_pets of PETS2, and structure factors of the Protein Data
Bank.
"""

from typing import TYPE_CHECKING

from spacegrouper.contract.list_format import LIST_FORMATS, ListFormat

if TYPE_CHECKING:
    from spacegrouper.techniques.reflections.list_file import Content, FromFile


def _recognises(content: "Content") -> bool:
    from spacegrouper.crystals.cif_text import is_cif

    return is_cif(content.data)


def _read(content: "Content") -> "FromFile":
    from spacegrouper.techniques.reflections.lists.shared import cif_reflections

    return cif_reflections.read_cif(content)


LIST_FORMATS.register(
    ListFormat(
        "cif", "CIF (.fcf, .cif_pets and structure factors of the PDB too)", _recognises, _read
    )
)
