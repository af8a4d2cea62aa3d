"""Cells as files and people give them."""

from collections.abc import Sequence

import gemmi
import numpy as np

from spacegrouper.errors import UserError

_SHORTEST, _LONGEST = 1.0, 1e4  # Angstrom; between atoms of hydrogen, and beyond the largest virus
_SMALLEST = 3.0  # Angstrom^3, less than an atom of beryllium or of hydrogen under pressure
_FLAT = 1e-3  # volume over that of a box with these edges; long rhombohedra have a little more
_RADIANS = 3.2


def checked_cell(numbers: Sequence[float], where: str) -> tuple[float, ...]:
    """Return six numbers as a cell, Angstrom and degrees.

    Raises:
        UserError: no cell has them; the message begins with `where`.
    """
    words = ", ".join(f"{number:g}" for number in numbers)
    edges, angles = np.array(numbers[:3]), np.array(numbers[3:])
    # Written so that NaN fails.
    if (
        not ((edges > _SHORTEST) & (edges < _LONGEST)).all()
        or not ((angles > 0) & (angles < 180)).all()
    ):
        raise UserError(
            f"{where}: no unit cell has {words}; give a, b, c in Angstrom and alpha, beta, gamma "
            "in degrees"
        )
    if (angles < _RADIANS).all():
        raise UserError(f"{where}: the angles of {words} look like radians; give degrees")
    # gemmi gives NaN for angles that no cell has.
    volume = gemmi.UnitCell(*numbers).volume
    if not volume > _FLAT * edges.prod():
        raise UserError(f"{where}: the unit cell {words} has no volume; check the angles")
    if volume < _SMALLEST:
        raise UserError(
            f"{where}: the unit cell {words} has {volume:.2g} A^3, too few for an atom; give "
            "Angstrom and degrees"
        )
    return tuple(float(number) for number in numbers)


def cell_from_text(text: str) -> tuple[float, ...]:
    """Return the cell that a person gives as `a,b,c,alpha,beta,gamma`.

    Raises:
        UserError: it is none.
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 6:
        raise UserError(
            f"--cell {text}: give six numbers, a,b,c,alpha,beta,gamma, in Angstrom and degrees, "
            "such as 5.64,5.64,5.64,90,90,90"
        )
    return checked_cell(numbers, f"--cell {text}")


def cell_words(cell: Sequence[float] | None) -> str:
    """Return a cell as messages show it."""
    return ", ".join(f"{number:.6g}" for number in cell or ())


def differ(cell: Sequence[float] | None, other: Sequence[float] | None) -> bool:
    """Tell whether two cells that are known differ by more than 1 % or 1 degree."""
    if cell is None or other is None:
        return False
    edges = np.array(cell[:3]) / np.array(other[:3])
    angles = np.array(cell[3:]) - np.array(other[3:])
    return bool((np.abs(edges - 1) > 0.01).any() or (np.abs(angles) > 1).any())
