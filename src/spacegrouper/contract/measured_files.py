"""The files of users' instruments, what networks are shown of them, and what they are like."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import Arrays, Presentation, Sections

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, eq=False)
class Measured:
    """What a user's own instrument measured of a crystal, ready for a network.

    Args:
        name: of the input.
        arrays: for the technique's pictures, as those of one crystal of a dataset.
        inputs: the network's, each without the axis of crystals.
        notes: what was assumed of the measurement and done to it, for the answer.
        differs: how it differs from all that the network was trained on, so that the probabilities
            mean little, or "".
    """

    name: str
    arrays: Arrays
    inputs: tuple[NDArray[np.float32], ...]
    notes: tuple[str, ...]
    differs: str = ""


@dataclass(frozen=True)
class AlikeCrystal:
    """A known crystal that a measurement is like.

    Args:
        name: its id where it is known from.
        formula: of it.
        space_group: its number.
        likeness: 0 to 1.
        cell: a, b, c, Angstrom, alpha, beta, gamma, degrees, refined on the measurement.
    """

    name: str
    formula: str
    space_group: int
    likeness: float
    cell: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Comparison:
    """What known crystals, together with the network, say of a measurement.

    Args:
        shares: (230,), the probabilities of the space groups, calibrated.
        alike: the crystals that are most alike, the first first.
        arrays: for the technique's pictures, beside those of the measurement.
        note: what was assumed, or "".
        warning: why the probabilities mean little, or "".
    """

    shares: NDArray[np.float64]
    alike: tuple[AlikeCrystal, ...]
    arrays: Arrays
    note: str = ""
    warning: str = ""


@dataclass(frozen=True)
class MeasuredFiles:
    """The files of instruments that a technique's networks can be shown.

    Args:
        recognises: (content of a file, unpacked; its name) to whether it is one of them.
        read: (content, name, presentation, wavelength in Angstrom where the user says it) to what
            was measured. Raises UserError with the reason, without the file's name.
        compare: (folder of the network, arrays of what was measured, what its training data were
            made with, its probabilities of the 230 space groups) to what known crystals say as
            well; none where the folder holds no such crystals.
        known: the name of the file beside a network that holds these; none: there are none.
    """

    recognises: Callable[[bytes, str], bool]
    read: "Callable[[bytes, str, Presentation, float | None], Measured]"
    compare: "Callable[[Path, Arrays, Sections, NDArray[np.float64]], Comparison | None]" = (
        lambda folder, arrays, made_with, shares: None
    )
    known: str | None = None
