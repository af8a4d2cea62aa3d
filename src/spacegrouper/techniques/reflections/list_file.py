"""A file of reflections before it is a reflection list: its content, and what it says."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.text_files import decoded

LARGEST_INDEX = 999  # SHELX has four columns for it, one of them for the sign

Radiation = Literal["xray", "electron", "neutron", "unknown"]
Quantity = Literal["intensity", "F", "F squared"]

_ELECTRONS = 0.1  # Angstrom; those of 15 keV and more are shorter, X-rays of laboratories longer
# K-alpha of the anodes of laboratories: Ag, In, Mo, Ga, Cu, Co, Fe, Cr; Angstrom.
_ANODES = (0.5609, 0.5136, 0.7107, 1.3414, 1.5418, 1.7903, 1.9373, 2.2909)
_SAME_LINE = 2e-3  # relative; K-alpha 1, or its mean with K-alpha 2


@dataclass(frozen=True)
class Content:
    """The content of a file, unpacked.

    Args:
        name: the path as messages name it.
        data: the bytes.
    """

    name: str
    data: bytes = field(repr=False)

    @cached_property
    def text(self) -> str:
        """The content as text, with line ends of one kind."""
        return decoded(self.data).replace("\r\n", "\n").replace("\r", "\n")


@dataclass(frozen=True, eq=False)
class Measured:
    """Reflections as a file has them.

    Args:
        hkl: (n, 3), whole numbers.
        values: (n,), NaN where the file has no number.
        sigma: (n,), as `values`.
        quantity: what the values are; None where SHELX's instructions say so.
    """

    hkl: NDArray[np.int32]
    values: NDArray[np.float64]
    sigma: NDArray[np.float64]
    quantity: Quantity | None


@dataclass(frozen=True)
class Instructions:
    """How SHELX is told to read a list: HKLF n, and new indices = matrix @ old ones."""

    code: int
    matrix: tuple[float, ...] = (1, 0, 0, 0, 1, 0, 0, 0, 1)


@dataclass(frozen=True)
class FromFile:
    """What one file says; None is what it does not say.

    Args:
        reflections: what is measured.
        cell: edges in Angstrom, angles in degrees.
        wavelength: Angstrom.
        radiation: what is scattered.
        symbol: Hermann-Mauguin symbol of the space group that the file states.
        number: of that space group.
        instructions: of SHELX on how to read a list.
        embedded: what is said after the end of a list; it counts where nothing else says it.
        notes: what a reader should know, a sentence each.
    """

    reflections: Measured | None = None
    cell: tuple[float, ...] | None = None
    wavelength: float | None = None
    radiation: Radiation = "unknown"
    symbol: str | None = None
    number: int | None = None
    instructions: Instructions | None = None
    embedded: "FromFile | None" = None
    notes: tuple[str, ...] = ()


def known_wavelength(value: float, where: str, notes: list[str]) -> float | None:
    """Return a wavelength, Angstrom; None, with a note, of one that is no length."""
    if np.isfinite(value) and value > 0:
        return value
    if not np.isnan(value):
        notes.append(f"{where} says a wavelength of {value:g}, which is none: taken as unknown")
    return None


def guessed_radiation(wavelength: float | None, notes: list[str]) -> Radiation:
    """Return what is scattered as a wavelength, Angstrom, suggests it; with a note."""
    found: Radiation = "unknown"
    if wavelength and wavelength < _ELECTRONS:
        found = "electron"
    elif wavelength and any(abs(wavelength / line - 1) < _SAME_LINE for line in _ANODES):
        found = "xray"
    if found != "unknown":
        notes.append(f"radiation guessed from the wavelength of {wavelength:g} Angstrom: {found}")
    return found
