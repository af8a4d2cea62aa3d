"""Grey levels: how a pattern's intensities become whole numbers of 8 or 16 bits, and back.

With x = I / max I of a pattern, and L = 255 or 65535, a level is

    linear        floor(L x)
    square_root   floor(L sqrt(x))
    logarithmic   floor(L (1 + log10(x) / decades)), 0 where that is negative
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import Levels
from spacegrouper.settings.simulate import GreyScaleName, Simulate


@dataclass(frozen=True)
class GreyScale:
    """The grey scale of patterns; the arguments are those of section `simulate`."""

    bit_depth: int = 8
    grey_scale: GreyScaleName = "linear"
    decades: int = 6

    @classmethod
    def of(cls, settings: Simulate) -> "GreyScale":
        """Return the one that patterns are simulated with."""
        return cls(settings.bit_depth, settings.grey_scale, settings.decades)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the levels, or of photons where there are 32 bits."""
        return np.dtype({8: np.uint8, 16: np.uint16, 32: np.float32}[self.bit_depth])

    @property
    def white(self) -> int:
        """The highest level, which the brightest pixel has."""
        return (1 << self.bit_depth) - 1

    @property
    def reach(self) -> float:
        """The brightest pixel over the faintest that is not black."""
        match self.grey_scale:
            case "linear":
                return self.white
            case "square_root":
                return float(self.white**2)
            case "logarithmic":
                return float(10 ** (self.decades * (1 - 1 / self.white)))

    def levels(self, patterns: NDArray[np.float64]) -> tuple[Levels, NDArray[np.float64]]:
        """Return the levels of each pattern, and max I; a black pattern stays black.

        `patterns`: (views, pixels, pixels); returns levels of the same shape, and (views,). The
        brightest pixel of each is exactly white.
        """
        maxima = patterns.max(axis=(1, 2))
        levels = [self.levels_of(*pattern) for pattern in zip(patterns, maxima, strict=True)]
        return np.stack(levels), maxima

    def levels_of(self, intensities: NDArray[np.float64], largest: float) -> Levels:
        """Return the levels of some of a pattern's pixels, whose largest intensity is given."""
        levels = np.empty(intensities.shape, dtype=self.dtype)
        root = self.grey_scale == "square_root"
        decades = self.decades if self.grey_scale == "logarithmic" else 0
        _fill(levels.ravel(), intensities.ravel(), largest, self.white, root, decades)
        return levels

    def shares(self, levels: Levels) -> NDArray[np.float64]:
        """Return the least share of the largest intensity that has each level; of black ones 0."""
        parts: NDArray[np.float64] = levels / self.white
        match self.grey_scale:
            case "linear":
                return parts
            case "square_root":
                return parts**2
            case "logarithmic":
                return np.where(levels > 0, 10 ** (self.decades * (parts - 1)), 0)

    def brightened(
        self, shares: NDArray[Any], root: Callable[[NDArray[Any]], NDArray[Any]]
    ) -> NDArray[Any]:
        """Return shares of white as people are shown them: of a linear scale the root of them.

        Most of its spots are too faint to be seen; on the other scales they are not.
        """
        return root(shares) if self.grey_scale == "linear" else shares

    @property
    def words(self) -> str:
        """What patterns are on it, such as `8-bit patterns on a linear grey scale`."""
        of = f" of {self.decades} decades" * (self.grey_scale == "logarithmic")
        name = self.grey_scale.replace("_", "-")
        return f"{self.bit_depth}-bit patterns on a {name} grey scale{of}"

    @property
    def formula(self) -> str:
        """How the levels follow from intensities I of a pattern, in Python."""
        share = {
            "linear": "(I / I.max())",
            "square_root": "np.sqrt(I / I.max())",
            "logarithmic": f"(1 + np.log10(np.maximum(I / I.max(), 1e-{self.decades})) / "
            f"{self.decades})",
        }[self.grey_scale]
        return f"np.floor({self.white} * {share}).astype(np.uint{self.bit_depth})"


@njit(cache=True, nogil=True)
def _fill(
    levels: Any, pattern: Any, largest: float, white: int, square_root: bool, decades: int
) -> None:
    """Fill in a pattern's levels; `decades`: 0 for a scale that is not logarithmic."""
    for pixel in range(pattern.size):
        level = 0.0
        if pattern[pixel] == largest and largest > 0:
            # Of about one intensity in seven, 255 I / I is rounded to less than 255.
            level = white
        elif pattern[pixel] > 0:
            if square_root:
                level = white * np.sqrt(pattern[pixel] / largest)
            elif decades:
                level = max(white * (1 + np.log10(pattern[pixel] / largest) / decades), 0.0)
            else:
                level = white * pattern[pixel] / largest
        levels[pixel] = int(level)
