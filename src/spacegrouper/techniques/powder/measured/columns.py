"""Columns of text, such as .xy, .xye, .dat and .csv: angles, intensities, maybe uncertainties.

Lines before the columns are a heading, in which a wavelength may stand.
"""

import re
from itertools import pairwise

import numpy as np

from spacegrouper.errors import UserError
from spacegrouper.techniques.powder.measured.headings import (
    check_abscissa,
    check_radiation,
    heading_wavelength,
)
from spacegrouper.techniques.powder.measured.scan import Scan

_EVEN = 10  # lines that tell a diffractogram from other numbers
_GROUPED = re.compile(r"[+-]?\d{1,3}([.,]\d{3})+[.,]\d+")  # 1,234.5 or 1,234,567
_QUOTED = re.compile(r'"\s*([+-]?[\d.,]+(?:e[+-]?\d+)?)\s*"', re.IGNORECASE)
_NUMBER_OF_POINTS = re.compile(
    r"^\W*(?:no\.?|num\.?|number)\s+of\s+(?:data\s+|measured\s+)?points\W{1,4}([1-9]\d*)\W*$",
    re.IGNORECASE,
)
_WIDTHS = (2, 3)  # columns
_COMMENTS = "#!;'\"/*"


def is_columns(text: str) -> bool:
    """Tell whether a text holds nothing but columns, or evenly spaced angles and what is there."""
    lines = [_unquoted(line).strip() for line in text.splitlines()[:300]]
    filled = [_numbers(_texts(line)) for line in lines if line and line[0] not in _COMMENTS]
    rows = [row for row in filled if row is not None and len(row) > 1]
    # Of any number of columns: whoever reads them says how many there should be.
    if len(rows) > 1 and len(filled) - len(rows) <= (filled[0] not in rows):
        return True
    steps = [second[0] - first[0] for first, second in pairwise(rows[-_EVEN - 1 :])]
    return len(steps) == _EVEN and min(steps) > 0 and max(steps) < 3 * min(steps)


def read_columns(text: str) -> Scan:
    """Read the columns of a text.

    Raises:
        UserError: a line among them is none, or has a mark that may stand between thousands.
    """
    heading, rows = [], []
    title, other_width = "", ""
    marks: set[str] = set()
    for number, line in enumerate(map(_unquoted, text.splitlines()), start=1):
        texts = _texts(line)
        row = _numbers(texts)
        if row is not None and len(row) in _WIDTHS:
            rows.append((number, row))
            marks |= {mark for mark in ".," if any(mark in part for part in texts)}
            # 1,000 beside 10.02 is not 1.
            if len(marks) == 2 or any(map(_GROUPED.fullmatch, texts)):
                raise UserError(
                    f"line {number} has a mark between thousands, or another decimal mark than "
                    "those before it; write thousands without a mark, and all decimals with the "
                    "same"
                )
        elif not rows or not line.strip() or line.lstrip()[0] in _COMMENTS:
            heading.append(line)
            if row is not None and not other_width:
                other_width = f"line {number} has {len(row)} number{'s' * (len(row) != 1)}"
            if not rows and any(map(str.isalpha, line)):
                title = line.replace('"', " ")
        else:
            raise UserError(
                f"line {number} is not an angle and an intensity; give columns of numbers"
            )
    if not rows and other_width:
        raise UserError(
            f"{other_width}; give an angle, an intensity and maybe its uncertainty in each line, "
            "and blanks, tabs or semicolons between them where commas are decimal marks"
        )
    if not rows:
        raise UserError("holds no columns of numbers; give 2 theta and intensity in each line")
    width = len(rows[0][1])
    for number, row in rows:
        if len(row) != width:
            raise UserError(
                f"line {number} has {len(row)} numbers, but those before it have {width}; give "
                "an angle, an intensity and maybe its uncertainty in each line"
            )
    _check_number(heading, len(rows))
    check_radiation(heading)
    check_abscissa(title)
    wavelength, unclear = heading_wavelength(heading)
    columns = np.array([row for _, row in rows])
    return Scan(columns[:, 0], columns[:, 1], wavelength, unclear=unclear)


def _check_number(heading: list[str], number: int) -> None:
    """Raise UserError where a heading states another number of points."""
    for line in heading:
        stated = _NUMBER_OF_POINTS.search(line)
        if stated and int(stated[1]) != number:
            raise UserError(
                f"its heading states {stated[1]} points, but {number} follow; export it anew, whole"
            )


def _unquoted(line: str) -> str:
    """Return a line with blanks about each number, where spreadsheets put quotes."""
    return _QUOTED.sub(r" \1 ", line.rstrip().removesuffix('""'))


def _texts(line: str) -> list[str]:
    """Return what stands in the columns of a line."""
    texts = [part.strip(",") for part in re.split(r"[;\s]+", line)]
    texts = [part for part in texts if part]
    return line.strip().rstrip(",").split(",") if len(texts) == 1 else texts


def _numbers(texts: list[str]) -> list[float] | None:
    """Return the numbers of a line, or None where some are none; decimal commas are taken."""
    # Marks between thousands are refused later, in a line of columns and not of a heading.
    plain = [re.sub("[.,]", "", text) if _GROUPED.fullmatch(text) else text for text in texts]
    try:
        return [float(text.replace(",", ".")) for text in plain] or None
    except ValueError:
        return None
