"""POSCAR and CONTCAR files of VASP, read line by line so that every reason names its line.

As VASP's wiki describes them, but an element line is needed, and what VASP would skip in silence
(rows beyond those announced, labels of another element) is refused.
"""

import math
import re

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.errors import UserError

# Fortran writes exponents with D, too.
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?")
_COUNT = re.compile(r"\d{1,9}")
# With what VASP adds to the element: the potential (Fe_pv, Ga_d_GW), and its digest.
_SYMBOL = re.compile(r"([A-Z][a-z]?)(?:_\w+)*(?:/\w*)?")
_LABEL = re.compile(r"([A-Z][a-z]?)(?:_\w+|\d+)*[+-]?")
_FLAG = re.compile(r"\.?[TtFf](?:rue|RUE|alse|ALSE)?\.?")
_COMMENT = re.compile(r"\s*[!#].*")


def is_poscar(text: str) -> bool:
    """Tell whether a text has the shape of a POSCAR: a scale and three vectors below a title."""
    lines = _lines(text)[1:5]
    return (
        len(lines) == 4
        and len(_numbers(lines[0])) in (1, 3)
        and all(len(_numbers(line)) == 3 for line in lines[1:])
    )


def read_poscar(text: str, name: str) -> Crystal:
    """Read the crystal of a POSCAR; `name` becomes its id.

    What follows the atoms, such as velocities, is not looked at.

    Raises:
        UserError: the line that is not whole or contradicts another, and what to do.
    """
    lines = _lines(text)
    lattice, scales = _lattice(lines)
    elements, counts = _elements(lines)
    species = [
        element for element, count in zip(elements, counts, strict=True) for _ in range(count)
    ]
    at = 7
    selective = _line(lines, at)[:1] in ("S", "s")
    at += selective
    mode = _line(lines, at)[:1]
    if mode not in tuple("CcKkDd"):
        raise _unexpected(lines, at, "`Direct` or `Cartesian`")
    rows = _rows(lines, at + 1)
    if len(rows) != len(species):
        announced = ", ".join(
            f"{element} {count}" for element, count in zip(elements, counts, strict=True)
        )
        raise UserError(
            f"line 7 announces {len(species)} atoms ({announced}), but {len(rows)} rows of "
            "coordinates follow; correct the counts or the rows"
        )
    places = np.array(
        [
            _place(row, element, selective, at + 2 + number)
            for number, (row, element) in enumerate(zip(rows, species, strict=True))
        ]
    )
    if mode in tuple("CcKk"):
        places = (places * scales) @ np.linalg.inv(lattice)
    return Crystal(name, lattice, tuple(species), places)


def _lattice(lines: list[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the scaled lattice, (3, 3), and what Cartesian coordinates are to be scaled by."""
    scales = np.array(_numbers(_line(lines, 1)))
    if len(scales) not in (1, 3):
        raise _unexpected(lines, 1, "one or three scaling factors")
    vectors = []
    for at in (2, 3, 4):
        vectors.append(_numbers(_line(lines, at)))
        if len(vectors[-1]) != 3:
            raise _unexpected(lines, at, "a vector of the cell, three numbers")
    lattice = np.array(vectors)
    volume = abs(np.linalg.det(lattice))
    if not volume > 1e-6 * np.linalg.norm(lattice, axis=1).prod():
        raise UserError("lines 3 to 5: the three vectors span no volume")
    if len(scales) == 1 and scales[0] < 0:
        # The volume of the cell, Angstrom^3.
        scales = np.array([(-scales[0] / volume) ** (1 / 3)])
    if not (scales > 0).all():
        raise UserError(
            f"line 2: {_quoted(lines, 1)}: a scaling factor is positive; a single negative number "
            "is the volume of the cell"
        )
    scaled: NDArray[np.float64] = lattice * scales
    return scaled, scales


def _elements(lines: list[str]) -> tuple[list[str], list[int]]:
    """Return the elements of lines 6 and 7, and how many atoms there are of each."""
    names, numbers = _line(lines, 5).split(), _line(lines, 6).split()
    if not names:
        raise _unexpected(lines, 5, "the elements, such as `Na Cl`")
    if all(_COUNT.fullmatch(name) for name in names):
        raise UserError(
            f"line 6: {_quoted(lines, 5)}: the elements are missing, as in files of VASP 4; put a "
            "line with them above the counts, such as `Na Cl`"
        )
    elements = [_element(name, _SYMBOL) for name in names]
    for name, element in zip(names, elements, strict=True):
        if not element:
            raise UserError(f"line 6: {name!r} is no element; write elements such as `Na Cl`")
    if not numbers or not all(_COUNT.fullmatch(number) for number in numbers):
        raise _unexpected(lines, 6, "the number of atoms of each element")
    counts = [int(number) for number in numbers]
    if len(counts) != len(elements):
        raise UserError(
            f"line 6 has {len(elements)} elements, line 7 has {len(counts)} counts; give one count "
            "for each element"
        )
    if 0 in counts:
        raise UserError("line 7: a count is 0; leave the element out")
    return elements, counts


def _rows(lines: list[str], first: int) -> list[str]:
    """Return the lines from one on that begin with numbers; those after a gap are velocities."""
    rows = []
    for line in lines[first:]:
        if not line or not _NUMBER.fullmatch(line.split()[0]):
            break
        rows.append(line)
    return rows


def _place(row: str, element: str, selective: bool, number: int) -> list[float]:
    """Return the coordinates in a row of an atom, whose label must be that of its element."""
    words = row.split()
    place = _numbers(" ".join(words[:3]))
    if len(place) != 3:
        raise UserError(f"line {number}: expected three coordinates, found {row!r}")
    rest = words[3:]
    flagged = len(rest) >= 3 and all(_FLAG.fullmatch(word) for word in rest[:3])
    if selective and not flagged:
        raise UserError(
            f"line {number}: expected three flags T or F behind the coordinates, because line 8 "
            f"says selective dynamics, found {row!r}"
        )
    # Three letters T or F are flags, also where selective dynamics are not announced.
    label = rest[3:] if flagged else rest
    if not label:
        return place
    if _NUMBER.fullmatch(label[0]):
        raise UserError(f"line {number}: expected three coordinates, found {row!r}")
    found = _element(label[0], _LABEL)
    if found and found != element:
        raise UserError(
            f"line {number}: labelled {label[0]}, but by the counts of line 7 the atom is {element}"
        )
    return place


def _element(name: str, pattern: re.Pattern[str]) -> str:
    """Return the element in a name, or nothing."""
    match = pattern.fullmatch(name)
    known = match is not None and gemmi.Element(match[1]).atomic_number > 0
    return match[1] if match is not None and known else ""


def _numbers(line: str) -> list[float]:
    """Return the finite numbers that a line is made of; none if it holds anything else."""
    words = line.split()
    if not all(_NUMBER.fullmatch(word) for word in words):
        return []
    values = [float(word.lower().replace("d", "e")) for word in words]
    return values if all(map(math.isfinite, values)) else []


def _lines(text: str) -> list[str]:
    """Return the lines without comments, but for the first, which is one."""
    title, *rest = re.split(r"\r\n|\r|\n", text)
    return [title, *(_COMMENT.sub("", line).strip() for line in rest)]


def _line(lines: list[str], at: int) -> str:
    if at >= len(lines):
        raise UserError(f"ends before line {at + 1}; the file is cut short, or no POSCAR")
    return lines[at]


def _unexpected(lines: list[str], at: int, expected: str) -> UserError:
    return UserError(f"line {at + 1}: expected {expected}, found {_quoted(lines, at)}")


def _quoted(lines: list[str], at: int) -> str:
    line = _line(lines, at)
    return repr(line[:60]) if line else "an empty line"
