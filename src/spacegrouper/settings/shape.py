"""Section `shape`."""

import math
from typing import Literal

from pydantic import Field, PositiveFloat, field_validator

from spacegrouper.settings.section import Section

# The window of the released program, whose detector has 256 pixels: from the edge of the first
# pixel left out to the edge of the last.
_WINDOW, _PIXELS = (116, 138), 256


class Shape(Section):
    """From spots to shapes (docs/shaping.md); defaults are the released program's."""

    method: Literal["pixels", "nodes"] = Field(
        "pixels",
        description="what lines join: bright `pixels` (the released program, which made the "
        "paper's data), or `nodes`, whole spots (the text of the paper)",
    )
    threshold: PositiveFloat = Field(
        50, description="normalised value from which a pixel is bright (the brightest is 256)"
    )
    minimum_distance: PositiveFloat = Field(
        10,
        description="pixels; bright pixels closer than this belong to one spot (unused by `nodes`)",
    )
    reach: PositiveFloat = Field(
        1.7, description="pairs are joined up to this multiple of the smallest distance"
    )
    restore_above: float = Field(
        5, description="pixels with a normalised value above this keep it, over the lines"
    )
    central_window: tuple[int, int] | None = Field(
        None,
        description="first and last row and column left out of the normalisation: the direct beam; "
        "none: in the middle, and as large as 116 to 137 on a detector of 256 pixels",
    )

    @field_validator("central_window")
    @classmethod
    def _window_ascends(cls, value: tuple[int, int] | None) -> tuple[int, int] | None:
        if value is not None and not 0 <= value[0] <= value[1]:
            raise ValueError("must be the first and the last row, counted from 0, in this order")
        return value

    def window(self, pixels: int) -> tuple[int, int]:
        """Return the central window on a detector of so many pixels; whole pixels, rounded out."""
        if self.central_window is not None:
            return self.central_window
        first, end = (edge * pixels / _PIXELS for edge in _WINDOW)
        return math.floor(first), math.ceil(end) - 1
