"""What a format of measured reflection lists is to the rest of the house."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spacegrouper.contract.registry import Registry

if TYPE_CHECKING:
    from spacegrouper.techniques.reflections.list_file import Content, FromFile


@dataclass(frozen=True)
class ListFormat:
    """A format of files that hold reflections, or what belongs to them, such as the cell.

    Args:
        name: of the format, one word.
        words: what messages call it, one after another.
        recognises: whether a content is of this format, well-formed or not; no two formats
            recognise the same.
        read: a content to what it says. Raises UserError with the reason, without the file's name.
        has_reflections: whether a content of this format has any, or what belongs to them alone.
        has_structure: whether it has atoms too, so that a network can be asked instead.
    """

    name: str
    words: str
    recognises: "Callable[[Content], bool]"
    read: "Callable[[Content], FromFile]"
    has_reflections: "Callable[[Content], bool]" = lambda content: True
    has_structure: "Callable[[Content], bool]" = lambda content: False


LIST_FORMATS: Registry[ListFormat] = Registry("format of reflection lists")
