"""XML as data: no document types, so no entities that grow or name other files."""

import re
from xml.etree import ElementTree

from spacegrouper.crystals.cif_text import shown
from spacegrouper.crystals.text_files import decoded
from spacegrouper.errors import UserError

_DECLARATION = re.compile(rb"^\s*<\?xml[^>]*\?>")
_TYPE = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)


def xml_root(content: bytes) -> ElementTree.Element:
    """Parse a content; the names of all elements lose their namespaces.

    Raises:
        UserError: it is not well-formed, or has a document type.
    """
    if b"\0" in content:
        # An encoding of 16 bits would hide a document type.
        content = _DECLARATION.sub(b"", decoded(content).encode("utf-8", "replace"))
    if _TYPE.search(content) or b"\0" in content:
        raise UserError("XML with a document type, or binary, which is not read; export it anew")
    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, LookupError, ValueError):
        raise UserError("not valid XML, or cut short; export it anew") from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def numbers_of(text: str | None, what: str) -> list[float]:
    """Return the numbers of a text.

    Raises:
        UserError: some are none, or have a decimal comma; `what` says what they should be.
    """
    parts = [part.strip(",") for part in (text or "").split()]
    # Commas separate numbers where no blanks do.
    if len(parts) == 1:
        parts = parts[0].split(",")
    numbers = []
    for part in filter(None, parts):
        try:
            numbers.append(float(part))
        except ValueError:
            raise UserError(
                f"among its {what} is {shown(part)}, which is not a number with a decimal point; "
                "export it anew"
            ) from None
    return numbers
