"""Format `shelx_ins`: SHELX's instructions, .ins and .res, with cell and symmetry of a list."""

from typing import TYPE_CHECKING

from spacegrouper.contract.list_format import LIST_FORMATS, ListFormat

if TYPE_CHECKING:
    from spacegrouper.techniques.reflections.list_file import Content, FromFile


def _recognises(content: "Content") -> bool:
    from spacegrouper.crystals.cif_text import is_cif
    from spacegrouper.techniques.reflections.lists.shared import (
        shelx_instructions,
        shelx_reflections,
    )

    return (
        (
            shelx_instructions.has_instructions(content.text)
            or shelx_instructions.has_other_instructions(content.text)
        )
        and not shelx_reflections.begins_with_reflection(content.text)
        and not is_cif(content.data)
    )


def _read(content: "Content") -> "FromFile":
    from spacegrouper.techniques.reflections.lists.shared import shelx_instructions

    return shelx_instructions.read_instructions(content.text)


LIST_FORMATS.register(
    ListFormat(
        name="shelx_ins",
        words="SHELX .ins or .res beside a list",
        recognises=_recognises,
        read=_read,
        has_reflections=lambda content: False,
    )
)
