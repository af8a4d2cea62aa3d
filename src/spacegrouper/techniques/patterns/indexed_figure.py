"""The patterns of one crystal, raw above shaped, the strongest spots of the raw ones indexed."""

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import Levels
from spacegrouper.figures.spot_marks import mark_spots
from spacegrouper.figures.toolkit import enlarged, new_figure
from spacegrouper.settings import Simulate, View
from spacegrouper.techniques.images import white_of
from spacegrouper.techniques.patterns.geometry import reach, rotation_matrices
from spacegrouper.techniques.patterns.grey_scale import GreyScale
from spacegrouper.techniques.patterns.indexing import strongest_reflections

_TILE = 4.0  # edge of a pattern in the figure, inches
_FONT_SIZE = 9
_BARS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # lengths of a scale bar, 1/Angstrom
PATTERN_WORDS = (
    "Raw patterns, brightened, spots enlarged. Circles: the strongest reflections, with h k l of "
    "the standard conventional cell."
)


@mpl.rc_context({"font.size": _FONT_SIZE})
def indexed_figure(
    heading: str,
    settings: Simulate,
    raw: Levels,
    shaped: Levels,
    lattice: NDArray[np.float64],
    spots: int,
) -> Figure:
    """Draw the views of a crystal side by side, raw above shaped.

    Args:
        heading: of the crystal.
        settings: what its patterns were simulated with.
        raw: (views, n, n) grey levels; linear ones are brightened, and spots enlarged.
        shaped: (views, n, n).
        lattice: (3, 3), rows a, b, c, Angstrom.
        spots: how many of the strongest are marked with h k l in each view, but for views that add
            up several turns.
    """
    views, white = settings.views, white_of(raw.dtype)
    columns = len(views)
    figure, grid = new_figure(_TILE * columns, 2 * _TILE + 0.8, 2, columns, squeeze=False)
    figure.suptitle(heading, fontsize=_FONT_SIZE + 3)
    for column, view in enumerate(views):
        above, below = grid[0, column], grid[1, column]
        above.set_title(f"raw, {_turn(view)}")
        below.set_title(f"shaped, {_turn(view)}")
        _draw_raw(above, settings, view, raw[column], lattice, spots)
        below.imshow(shaped[column], cmap="gray", vmin=0, vmax=white)
        for axes in (above, below):
            axes.set(xticks=[], yticks=[])
    figure.supxlabel(_legend(settings), fontsize=_FONT_SIZE)
    return figure


@mpl.rc_context({"font.size": _FONT_SIZE})
def view_figure(
    settings: Simulate, view: View, raw: Levels, lattice: NDArray[np.float64], spots: int
) -> Figure:
    """Draw the raw pattern of one view alone, with a scale bar; PATTERN_WORDS tells what is seen.

    Args:
        settings, lattice, spots: as of `indexed_figure`.
        view: how the crystal is turned.
        raw: (n, n) grey levels.
    """
    figure = Figure(figsize=(_TILE, _TILE), dpi=150)
    axes = figure.add_axes((0, 0, 1, 1))
    _draw_raw(axes, settings, view, raw, lattice, spots)
    # Near the beam, where a pixel stands for one angle.
    pixel = settings.pixel_size / settings.detector_distance / (settings.wavelength * 1e10)
    seen = settings.pixels * pixel
    length = max(size for size in _BARS if size <= seen / 4 or size == _BARS[0])
    left, below = 0.05 * settings.pixels, 0.94 * settings.pixels
    axes.plot([left, left + length / pixel], [below, below], color="white", linewidth=3)
    axes.text(left, below - 0.02 * settings.pixels, f"{length:g} Å⁻¹", color="white")
    axes.set_axis_off()
    return figure


def _draw_raw(
    axes: Axes,
    settings: Simulate,
    view: View,
    raw: Levels,
    lattice: NDArray[np.float64],
    spots: int,
) -> None:
    seen = enlarged(raw) / white_of(raw.dtype)
    axes.imshow(GreyScale.of(settings).brightened(seen, np.cbrt), cmap="gray", vmin=0, vmax=1)
    if len(view.angles) == 1:
        turned = rotation_matrices(view)[0]
        found = strongest_reflections(raw, spots, settings, turned, lattice)
        mark_spots(axes, found.marks, settings.pixels)


def _turn(view: View) -> str:
    """Say how a view turns the crystal."""
    return f"{' and '.join(f'{angle:+g}°' for angle in view.angles)} about {view.axis}"


def _legend(settings: Simulate) -> str:
    """Say what the marks and the extent of a pattern are."""
    cells = " x ".join(map(str, settings.cells))
    return (
        f"{cells} cells; {reach(settings):.2f} Å⁻¹ from the centre to the middle of an edge. "
        "Circles: the strongest reflections, with h k l of the standard conventional cell."
    )
