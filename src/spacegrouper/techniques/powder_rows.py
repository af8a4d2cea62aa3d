"""Texts with the intensities of a powder in rows, and its angles only in a line before them.

That is what GSAS and FullProf write. Beside lists of reflections they are just numbers, so whoever
reads either asks here.
"""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BANK = re.compile(r"^BANK\s+\d+\s+\d+\s+\d+\s+[A-Z]", re.MULTILINE)
_BEGINNING = 20_000  # letters, in which GSAS has the line of a bank
_COMMENTS = 7  # lines before the range, as FullProf takes them
_FEWEST, _MOST = 100, 1_000_000  # points
_WIDEST_COLUMNS = 3  # angle, intensity and uncertainty; rows have more


@dataclass(frozen=True, eq=False)
class FullProfRows:
    """Intensities as FullProf has them (INSTRM = 0).

    Args:
        start, step, end: of the angles, as the file states them.
        intensity: (n,).
        heading: the lines before the range, and the words after it.
    """

    start: float
    step: float
    end: float
    intensity: NDArray[np.float64]
    heading: tuple[str, ...]


def holds_powder_rows(text: str) -> bool:
    """Tell whether a text is that of a powder, in GSAS's or FullProf's form."""
    return is_gsas(text) or fullprof_rows(text) is not None


def is_gsas(text: str) -> bool:
    """Tell whether a text has the line that GSAS writes before the intensities of a detector."""
    return _BANK.search(text[:_BEGINNING]) is not None


def fullprof_rows(text: str) -> FullProfRows | None:
    """Read start, step and end of the angles and the rows after them; None if it is no such text.

    Such a text has, in the first line that begins with three numbers, exactly these and maybe a
    title, and after it nothing but intensities: as many as the range has points, or, of a file
    that is cut, more than columns in a row.
    """
    before, _, rest = text.partition("\n")
    comments: list[str] = []
    while (found := _range_of(before)) is None:
        words = before.split()
        # Numbers that are no range are columns or reflections.
        if not rest or len(comments) == _COMMENTS or (words and _numbers(words[:1]) is not None):
            return None
        comments.append(before)
        before, _, rest = rest.partition("\n")
    start, step, end, title = found
    counts = _numbers(rest.split())
    if counts is None:
        return None
    rows = len(rest.partition("\n")[0].split()) > _WIDEST_COLUMNS
    if not rows and abs((end - start) / step + 1 - counts.size) >= 1:
        return None
    return FullProfRows(start, step, end, counts, (*comments, title))


def _range_of(line: str) -> tuple[float, float, float, str] | None:
    """Return start, step and end of a line, and its title, if it has a range of many angles."""
    words = line.split(maxsplit=3)
    numbers = _numbers(words[:3])
    title = words[3] if len(words) > 3 else ""
    if numbers is None or numbers.size < 3 or (title and _numbers(title.split()[:1]) is not None):
        return None
    start, step, end = numbers.tolist()
    if not 0 <= start < end <= 180 or not step > 0:
        return None
    return (start, step, end, title) if _FEWEST <= (end - start) / step <= _MOST else None


def _numbers(words: list[str]) -> NDArray[np.float64] | None:
    """Return the numbers that words are, or None where one is none."""
    try:
        return np.array([float(word) for word in words])
    except ValueError:
        return None
