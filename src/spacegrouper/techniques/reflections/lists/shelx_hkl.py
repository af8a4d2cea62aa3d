"""Format `shelx_hkl`: SHELX's reflections, HKLF 3 and 4."""

from typing import TYPE_CHECKING

from spacegrouper.contract.list_format import LIST_FORMATS, ListFormat

if TYPE_CHECKING:
    from spacegrouper.techniques.reflections.list_file import Content, FromFile


def _recognises(content: "Content") -> bool:
    from spacegrouper.techniques.reflections.lists.shared import shelx_reflections

    return shelx_reflections.begins_with_reflection(content.text)


def _read(content: "Content") -> "FromFile":
    from spacegrouper.techniques.reflections.lists.shared import shelx_reflections

    return shelx_reflections.read_reflections(content.text)


LIST_FORMATS.register(ListFormat("shelx_hkl", "SHELX .hkl", _recognises, _read))
