"""Format `shelx_hkl`: SHELX's reflections, HKLF 3 and 4."""

from typing import TYPE_CHECKING

from spacegrouper.contract.list_format import LIST_FORMATS, ListFormat

if TYPE_CHECKING:
    from spacegrouper.techniques.reflections.list_file import Content, FromFile


def _recognises(content: "Content") -> bool:
    from spacegrouper.techniques.powder_rows import holds_powder_rows
    from spacegrouper.techniques.reflections.lists.shared import shelx_reflections

    if holds_powder_rows(content.text):
        return False
    if shelx_reflections.begins_with_reflection(content.text):
        return True
    # Spreadsheets' headings and commas are refused by name, unless another format has them.
    others = (known for known in LIST_FORMATS if known.name != "shelx_hkl")
    return bool(shelx_reflections.fault_of_start(content.text)) and not any(
        known.recognises(content) for known in others
    )


def _read(content: "Content") -> "FromFile":
    from spacegrouper.techniques.reflections.lists.shared import shelx_reflections

    return shelx_reflections.read_reflections(content.text)


LIST_FORMATS.register(ListFormat("shelx_hkl", "SHELX .hkl", _recognises, _read))
