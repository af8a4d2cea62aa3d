"""What every stage passes on: a crystal, or the reason why a record is none."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Crystal:
    """One cell of a crystal.

    id: unique name; lattice: (3, 3), Angstrom, one cell vector a row; species: n element symbols;
    frac_coords: (n, 3), in units of the cell vectors; metadata: everything else that is known.
    """

    id: str
    lattice: NDArray[np.float64]
    species: tuple[str, ...]
    frac_coords: NDArray[np.float64]
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rejection:
    """A record that goes no further: its id, the stage that rejected it, and why."""

    id: str
    stage: str
    reason: str
