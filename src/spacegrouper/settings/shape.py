"""Section `shape`."""

from typing import Literal

from pydantic import Field, PositiveFloat

from spacegrouper.settings.section import Section


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
    central_window: tuple[int, int] = Field(
        (116, 137),
        description="first and last row and column left out of the normalisation: the direct beam",
    )
