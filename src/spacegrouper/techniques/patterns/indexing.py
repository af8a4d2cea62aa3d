"""Which reflections the spots of a pattern are: the strongest spots and their Miller indices."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from spacegrouper.contract.picture import Mark
from spacegrouper.settings import Simulate
from spacegrouper.techniques.patterns.geometry import make_detector

# Pixels as near as this, along rows and along columns, belong to one spot.
_SPOT_REACH = 2


@dataclass(frozen=True)
class Reflections:
    """The spots of a pattern that have indices, brightest first.

    `rows`, `columns`: (n,) pixels; `indices`: (n, 3) h, k, l.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    indices: NDArray[np.int64]

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The spots named by h k l, with bars for minus signs."""
        spots = zip(self.rows.tolist(), self.columns.tolist(), self.indices.tolist(), strict=True)
        return tuple(
            Mark(row, column, f"${_with_bars(hkl)}$", sum(len(str(abs(index))) for index in hkl))
            for row, column, hkl in spots
        )


def _with_bars(hkl: Sequence[int]) -> str:
    return r"\ ".join(rf"\bar{{{-index}}}" if index < 0 else str(index) for index in hkl)


def strongest_spots(
    pattern: NDArray[np.uint8],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rows and columns of the local maxima, brightest first.

    A local maximum is no darker than any pixel up to two rows and two columns away; of equally
    bright ones as near as that, the first in row order stands for the spot. So spots less than
    three pixels apart count as one. `pattern`: (height, width), grey levels; black is no spot.
    """
    around = maximum_filter(pattern, 2 * _SPOT_REACH + 1, mode="constant")
    rows, columns = np.nonzero((pattern == around) & (pattern > 0))
    chosen: list[int] = []
    for spot in np.argsort(-pattern[rows, columns].astype(np.int64), kind="stable"):
        apart = np.maximum(abs(rows[chosen] - rows[spot]), abs(columns[chosen] - columns[spot]))
        if np.all(apart > _SPOT_REACH):
            chosen.append(int(spot))
    return rows[chosen], columns[chosen]


def miller_indices(
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    settings: Simulate,
    rotation: NDArray[np.float64],
    lattice: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the whole numbers nearest to s.a_i at the centres of n pixels, and how near they are.

    The Laue conditions: s.a = h, s.b = k and s.c = l where a reflection is met. `rotation`:
    (3, 3), the turn of the view; `lattice`: (3, 3), rows a, b, c, Angstrom, before the turn.
    Returns (n, 3) h, k, l and (n, 3) the distances from them, 0 to 1/2. The main maximum of a
    crystal of N_i cells along a_i reaches to 1 / N_i.
    """
    s = make_detector(settings).s[:, rows * settings.pixels + columns]
    laue = (lattice @ rotation.T @ s).T
    indices = np.rint(laue)
    return indices.astype(np.int64), np.abs(laue - indices)


def strongest_reflections(
    pattern: NDArray[np.uint8],
    count: int,
    settings: Simulate,
    rotation: NDArray[np.float64],
    lattice: NDArray[np.float64],
) -> Reflections:
    """Return the brightest spot of each reflection, at most `count` of them, brightest first.

    Left out are the side maxima with which a finite crystal surrounds its reflections: spots that
    lie in the main maximum of none. Arguments as of the other functions.
    """
    rows, columns = strongest_spots(pattern)
    indices, off = miller_indices(rows, columns, settings, rotation, lattice)
    main = np.flatnonzero(np.all(off < 1 / np.array(settings.cells), axis=1))
    # The first of each reflection is its brightest; np.unique sorts by h, k, l instead.
    first = np.sort(np.unique(indices[main], axis=0, return_index=True)[1])
    chosen = main[first[:count]]
    return Reflections(rows[chosen], columns[chosen], indices[chosen])
