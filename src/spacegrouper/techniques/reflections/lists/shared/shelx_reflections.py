"""Lines of SHELX's reflections: h, k, l, F or F^2, sigma and a batch number.

In columns, Fortran's 3I4,2F8.2,I4, where numbers may touch; or apart from each other by blanks, as
other programs write them. The first line of indices 0 0 0, or an empty one, is the end.
"""

import itertools
import re
from collections.abc import Sequence

import numpy as np

from spacegrouper.errors import UserError
from spacegrouper.techniques.reflections.list_file import FromFile, Measured
from spacegrouper.techniques.reflections.lists.shared.shelx_instructions import (
    has_instructions,
    read_instructions,
)

# Indices, value, sigma and batch number, which is 0 if there is none.
_Row = tuple[tuple[int, int, int], float, float, int]

_INDEX = re.compile(r"[-+]?\d{1,3}(\.0*)?")
_BROKEN_INDEX = re.compile(r"[-+]?\d*\.\d*[1-9]\d*")
_WHOLE = re.compile(r"[-+]?\d{1,2}")
_BATCH = re.compile(r" *-?\d+(?![\d.])")
_EXPONENT = re.compile(r"(?<=[\d.])(?:[dD]|(?=[-+]))")  # Fortran's 1.5D3 and 1.5+3
_TEXT = re.compile(r"\s*[A-Za-z_;#!]")
_HEADING = re.compile(r"\s*(?![A-Za-z]*_)[A-Za-z;#!]")  # no line of a CIF
_HEADINGS = 3  # lines at most
_HOW = "give h k l, intensity and sigma in each line, as SHELX's HKLF 4 has them"
_SAMPLE = 50  # lines


def begins_with_reflection(text: str) -> bool:
    """Tell whether the first line that is not empty has three indices, and numbers after them."""
    line = next((line for line in text.split("\n", 100) if line.strip()), "")
    words = line.split()
    if _in_columns(line) or _apart(line):
        return True
    # Lines that are to be refused by name.
    return 4 <= len(words) <= 10 and all(
        _INDEX.fullmatch(word) or _BROKEN_INDEX.fullmatch(word) for word in words[:3]
    )


def read_reflections(text: str) -> FromFile:
    """Read a list, and SHELX's instructions where they follow it.

    Args:
        text: with line ends of one kind.

    Raises:
        UserError: a line is no reflection, or the list is of a kind that is not taken.
    """
    if fault := fault_of_start(text):
        raise UserError(f"{fault}; {_HOW}")
    lines = text.split("\n")
    start = next((place for place, line in enumerate(lines) if line.strip()), 0)
    stop = next((place for place in range(start, len(lines)) if _is_end(lines[place])), len(lines))
    notes: list[str] = []
    rows = _rows(lines[start:stop], 1 + start, notes)
    rest = lines[stop + 1 :]
    unread = sum(not _is_end(line) and bool(_in_columns(line) or _apart(line)) for line in rest)
    if unread:
        notes.append(
            f"lines after the end of the list in line {1 + stop} that look like "
            f"reflections and are not read: {unread}"
        )
    after = "\n".join(lines[stop:])
    embedded = read_instructions(after, 1 + stop) if has_instructions(after) else None
    if any(batch < 0 for *_, batch in rows):
        line = next(place for place, row in enumerate(rows) if row[3] < 0) + 1 + start
        raise UserError(
            f"line {line}: a negative batch number: HKLF 5, overlapping reflections of twin "
            "components; give those of one component, or detwinned, as HKLF 4"
        )
    reflections = Measured(
        np.array([row[0] for row in rows], dtype=np.int32).reshape(-1, 3),
        np.array([row[1] for row in rows]),
        np.array([row[2] for row in rows]),
        None,
    )
    return FromFile(reflections=reflections, embedded=embedded, notes=tuple(notes))


def fault_of_start(text: str) -> str | None:
    """Return what is wrong with lines of reflections that spreadsheets and people write."""
    lines = [
        (place, line) for place, line in enumerate(text.split("\n", 100)[:100]) if line.strip()
    ]
    headings = list(itertools.takewhile(lambda each: _HEADING.match(each[1]), lines[:_HEADINGS]))
    first = [line for _, line in lines[len(headings) :][:3]]
    faults = {_fault_of_line(line) for line in first}
    if len(faults) == 1 and (fault := faults.pop()):
        return fault
    if headings and first and all(_in_columns(line) or _apart(line) for line in first):
        place, line = headings[0]
        return f"line {place + 1}: a heading, {' '.join(line.split())[:60]!r}; delete it"
    return None


def _fault_of_line(line: str) -> str | None:
    if _in_columns(line) or _apart(line):
        return None
    if ";" in line and _apart(line.replace(";", " ").replace(",", ".")):
        return "semicolons between the numbers; write blanks"
    pointed = _apart(line.replace(",", "."))
    if "," in line and pointed and not any(word.endswith(",") for word in line.split()):
        return "commas for decimal points; write points"
    if "," in line and _apart(line.replace(",", " ")):
        return "commas between the numbers; write blanks"
    return None


def _rows(lines: Sequence[str], first_line: int, notes: list[str]) -> list[_Row]:
    if not lines:
        raise UserError(f"no reflection before the end of the list in line {first_line}")
    # Columns first: numbers that touch cannot be told apart by blanks, and numbers apart from each
    # other do not fit into the columns in line after line.
    furthest = 0
    for read in (_in_columns, _apart, _loosely_in_columns):
        rows: list[_Row] = []
        for line in lines:
            if (row := read(line)) is None:
                break
            rows.append(row)
        else:
            if read is _in_columns:
                _note_whole_values(lines, notes)
            return rows
        furthest = max(furthest, len(rows))
        if read is _in_columns:
            _check_kind(lines, first_line)
    shown = " ".join(lines[furthest].split())[:60]
    raise UserError(f"line {first_line + furthest}: no reflection: {shown!r}; {_HOW}")


def _note_whole_values(lines: Sequence[str], notes: list[str]) -> None:
    """Where some values in columns have no decimal point, Fortran's F8.2 sets one."""
    whole = sum("." not in line[start : start + 8] for line in lines for start in (12, 20))
    if 0 < whole < 2 * len(lines):
        notes.append(
            f"values without a decimal point, taken as written where SHELX divides by 100: {whole}"
        )


def _check_kind(lines: Sequence[str], first_line: int) -> None:
    """Refuse lists with other columns than h, k, l, value and sigma."""
    sample = [line.split() for line in lines[:_SAMPLE]]
    if all(len(words) == 4 for words in sample):
        raise UserError(f"line {first_line}: no sigma, which tells weak from absent; {_HOW}")
    for more in (1, 2, 3):
        if all(
            len(words) >= 5 + more
            and all(map(_WHOLE.fullmatch, words[: 3 + more]))
            and all("." in word for word in words[3 + more : 5 + more])
            for words in sample
        ):
            raise UserError(
                f"line {first_line}: {3 + more} indices in each line: a modulated crystal, which "
                "has no space group in three dimensions; give the main reflections only, as HKLF 4"
            )
    for place, (line, words) in enumerate(zip(lines, sample, strict=False)):
        broken = len(words) > 4 and any(map(_BROKEN_INDEX.fullmatch, words[:3]))
        if broken and _loosely_in_columns(line) is None:
            raise UserError(
                f"line {first_line + place}: indices {' '.join(words[:3])} are not whole numbers: "
                "a modulated crystal, or another cell; index in a cell of three dimensions"
            )


def _is_end(line: str) -> bool:
    words = line.split()
    zeros = ["0", "0", "0"]
    return not words or words[:3] == zeros or line[:12].split() == zeros or bool(_TEXT.match(line))


def _in_columns(line: str) -> _Row | None:
    """Read a line whose numbers stand at the right ends of their columns."""
    if len(line) < 28 or any(line[place].isspace() for place in (3, 7, 11, 19, 27)):
        return None
    return _loosely_in_columns(line)


def _loosely_in_columns(line: str) -> _Row | None:
    try:
        hkl = int(line[:4]), int(line[4:8]), int(line[8:12])
        value, sigma = _number(line[12:20]), _number(line[20:28])
    except ValueError:
        return None
    batch = _BATCH.match(line, 28)
    return hkl, value, sigma, int(batch[0]) if batch and batch.end() <= 32 else 0


def _apart(line: str) -> _Row | None:
    """Read a line whose numbers are apart from each other."""
    words = line.split()
    if len(words) < 5 or not all(map(_INDEX.fullmatch, words[:3])):
        return None
    try:
        h, k, l = (int(float(word)) for word in words[:3])
        value, sigma = _number(words[3]), _number(words[4])
    except ValueError:
        return None
    batch = words[5] if len(words) > 5 and re.fullmatch(r"-?\d+", words[5]) else "0"
    return (h, k, l), value, sigma, int(batch)


def _number(text: str) -> float:
    """Return a number as Fortran writes it; NaN of one that did not fit into its column.

    Raises:
        ValueError: it is none.
    """
    try:
        return float(text)
    except ValueError:
        text = text.strip()
        if text and not text.strip("*"):
            return float("nan")
        return float(_EXPONENT.sub("e", text, count=1))
