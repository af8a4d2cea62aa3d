"""The text of CIF files: packing, encodings, data blocks, and the values of their tags.

gemmi parses the text. Programs repeat tags and names of blocks (Jana2020, PETS2, the American
Mineralogist database), which the standard forbids, so its check of them is off; a value is wanted
from here only where the repetitions agree.
"""

import math
import os
import re
from pathlib import Path
from typing import Any

import gemmi

from spacegrouper.crystals.crystal import printable
from spacegrouper.crystals.text_files import decoded, unpacked
from spacegrouper.errors import UserError

MAXIMUM_BYTES = 200_000_000  # of the text; files with all reflections in them are that large

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0e-\x1f]")
_PLAIN_LETTERS = {0x2212: "-", 0x2013: "-", 0xA0: " "}
_BARRED = re.compile("([1346])[\u0304\u0305]")
_ENDS = "\x00\x1a"  # as DOS and tapes end a file
_BLOCK_HEADING = re.compile(r"^[ \t]*data_", re.IGNORECASE | re.MULTILINE)
_TAG = re.compile(r"^[ \t]*_[A-Za-z]", re.MULTILINE)
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?:\(\d*\))?")
UNKNOWN = ("", "?", ".")


class Block:
    """A data block: its name, and the values of its tags.

    Tags are looked up in lower case and with `_` for the dot of newer dictionaries, so that
    `_cell.length_a` is `_cell_length_a`. Of a value, blanks at its ends and quotes are gone.
    """

    def __init__(self, name: str, block: gemmi.cif.Block) -> None:
        """Take over the pairs and loops of a block of gemmi's."""
        self.name = name
        self._pairs: list[tuple[str, str]] = []
        self._loops: list[dict[str, list[str]]] = []
        self._values: dict[str, list[str]] = {}
        self._torn: set[str] = set()  # tags of two columns of one loop that differ
        self._texts: dict[str, str] = {}  # values of several lines, blanks at their ends included
        for item in block:
            pair: Any = item.pair
            if pair is not None:
                tag, value = _plain_tag(pair[0]), _plain_value(pair[1])
                self._pairs.append((tag, value))
                self._values.setdefault(tag, []).append(value)
                if pair[1].startswith(";"):
                    self._texts.setdefault(tag, str(gemmi.cif.as_string(pair[1])))
            elif item.loop is not None:
                self._add_loop(item.loop)

    def _add_loop(self, loop: gemmi.cif.Loop) -> None:
        width = len(loop.tags)
        values = [_plain_value(value) for value in loop.values]
        columns: dict[str, list[str]] = {}
        for place, tag in enumerate(map(_plain_tag, loop.tags)):
            column = values[place::width]
            if columns.setdefault(tag, column) != column:
                self._torn.add(tag)
            self._values.setdefault(tag, []).extend(column)
        self._loops.append(columns)

    def values(self, *tags: str) -> list[str]:
        """Return the different known values of tags that mean the same, in their order."""
        found = (value for tag in tags for value in self._values.get(_plain_tag(tag), ()))
        return list(dict.fromkeys(value for value in found if value not in UNKNOWN))

    def text(self, *tags: str) -> str:
        """Return the first known value of tags that mean the same, empty if there is none."""
        return next(iter(self.values(*tags)), "")

    def number(self, tag: str) -> float:
        """Return the number that a tag has, NaN if none; its uncertainty is dropped.

        Raises:
            UserError: the text is no number, or there are two.
        """
        texts = self.values(tag)
        numbers = [parse_number(text) for text in texts]
        for text, number in zip(texts, numbers, strict=True):
            if math.isnan(number):
                raise UserError(f"{tag} is {shown(text)}, not a number")
            if number != numbers[0]:
                raise UserError(given_twice(tag, texts[0], text))
        return numbers[0] if numbers else math.nan

    def has(self, tag: str) -> bool:
        """Tell whether a tag is there, with known values or not."""
        return _plain_tag(tag) in self._values

    def lines(self, tag: str) -> str:
        """Return a value of several lines with all its blanks, empty if there is none."""
        return self._texts.get(_plain_tag(tag), "")

    def begins(self, start: str) -> bool:
        """Tell whether a tag that begins so has a known value."""
        return any(tag.startswith(start) and self.values(tag) for tag in self._values)

    def table(self, tag: str) -> dict[str, list[str]]:
        """Return the loop with a tag, as columns; pairs outside of loops are a loop of one row.

        Raises:
            UserError: several loops that differ have the tag, or one loop has it twice.
        """
        plain = _plain_tag(tag)
        loops = [loop for loop in self._loops if plain in loop]
        if not loops:
            loops = [{name: [value] for name, value in self._pairs}]
            if len(self._values.get(plain, ())) > 1:
                raise UserError(f"{tag} is given twice")
        if any(loop != loops[0] for loop in loops):
            raise UserError(f"{tag} is in two loops that differ")
        if torn := self._torn.intersection(loops[0]):
            raise UserError(f"the loop with {tag} has two columns {min(torn)} that differ")
        return loops[0]


def cif_blocks(content: bytes) -> list[Block]:
    """Parse the content of a file, packed or not.

    Blocks of one name get a number: `global`, `global-2`, ...

    Raises:
        UserError: what is wrong with the text, in one line.
    """
    text = _text(content)
    if not text.strip():
        raise UserError("the file is empty")
    if _CONTROL_CHARACTERS.search(text):
        raise UserError("the file is binary, not text")
    try:
        document = gemmi.cif.read_string(text, 0)
    except (ValueError, RuntimeError) as error:
        raise UserError(_syntax(text, str(error))) from None
    blocks: list[Block] = []
    names: set[str] = set()
    for block in document:
        name, number = block.name.strip(), 2
        while name in names:
            name, number = f"{block.name.strip()}-{number}", number + 1
        names.add(name)
        blocks.append(Block(name, block))
    return blocks


def is_cif(content: bytes) -> bool:
    """Tell whether a file's content, packed or not, is that of a CIF file, whole or cut short."""
    try:
        text = _text(content)
    except UserError:
        return False
    return _BLOCK_HEADING.search(text) is not None and _TAG.search(text) is not None


def parse_number(text: str) -> float:
    """Return a number as CIF has it, such as 4.187(1), without its uncertainty; else NaN."""
    match = _NUMBER.fullmatch(text)
    return float(match[1]) if match else math.nan


def shown(text: str) -> str:
    """Return a text in quotes, cut to what a line of a message bears."""
    text = " ".join(text.split())
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def given_twice(tag: str, one: str, other: str) -> str:
    """Return what is wrong with a tag that has two values."""
    return f"{tag} is given twice, as {shown(one)} and as {shown(other)}"


def path_text(path: Path | str) -> str:
    r"""Return a path as text that can be printed; bytes that are not UTF-8 become `\xe9`."""
    return printable(os.fsencode(path).decode("utf-8", errors="backslashreplace"))


def _plain_tag(tag: str) -> str:
    return tag.lower().replace(".", "_")


def _plain_value(value: str) -> str:
    # gemmi makes an empty text of `.` and `?`; what stands there is to be named.
    return value if value in UNKNOWN else str(gemmi.cif.as_string(value)).strip()


def _text(content: bytes) -> str:
    """Return a content's text, unpacked, in ASCII as gemmi wants it, with line ends of one kind.

    Minus signs and blanks of word processors become plain ones, all other letters are escaped:
    they are parts of names and titles, which play no role here.
    """
    text = decoded(unpacked(content, MAXIMUM_BYTES)).translate(_PLAIN_LETTERS)
    text = _BARRED.sub(r"-\1", text)
    text = text.encode("ascii", "backslashreplace").decode()
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip(_ENDS)


def _syntax(text: str, error: str) -> str:
    """Say in our words what gemmi found wrong with a text."""
    if re.match(r"\s*<", text):
        return "not a valid CIF file, but a web page or other markup"
    place = re.search(r"string:(\d+):", error)
    line = f" in line {place[1]}" if place else ""
    if "expected block header" in error:
        return f"not a valid CIF file: the text{line} stands before any line with data_"
    what = f"what stands{line} is neither a tag nor its value"
    if "Wrong number of values" in error:
        what = f"the loop{line} has a number of values that its columns do not divide"
    elif "unterminated" in error:
        what = f"the text{line} has no closing quote or `;`"
    return f"not a valid CIF file, or cut short: {what}"
