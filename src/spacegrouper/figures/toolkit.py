"""What figures share: axes, whiskers, matrices, columns of names, images, saving."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import EngFormatter, LogLocator, MaxNLocator, NullFormatter, PercentFormatter
from matplotlib.transforms import Bbox
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from spacegrouper.atomic import written_aside
from spacegrouper.errors import UserError
from spacegrouper.figures.looks import LIGHT_GREY, STYLE

_DIGITS = 9  # of a place in a figure, whose edge is 1
# Rows in one column of a figure of classes; more of them go to further columns.
ROWS_OF_NAMES = 36


def new_figure(
    width: float, height: float, rows: int = 1, columns: int = 1, **options: Any
) -> tuple[Figure, Any]:
    """Return a figure, inches, and its axes, as Figure.subplots returns them."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, **options)


@mpl.rc_context(STYLE)
def save_figure(figure: Figure, folder: Path, name: str) -> None:
    """Write `folder`/`name`.svg and .png (200 dots an inch); same figure, same bytes.

    Neither replaces an earlier file before both are written.
    """
    _settle_layout(figure)
    vector, raster = folder / f"{name}.svg", folder / f"{name}.png"
    with written_aside(vector) as svg, written_aside(raster) as png:
        figure.savefig(svg, format="svg", metadata={"Date": None})
        figure.savefig(png, format="png", dpi=200)


def check_format(path: Path, *formats: str) -> None:
    """Refuse a name that does not tell one of the formats, such as `png`.

    Raises:
        UserError: it ends in none of them.
    """
    if path.suffix[1:] not in formats:
        names = " or ".join(f"*.{name}" for name in formats)
        raise UserError(f"{path}: cannot tell the format; name it {names}")


@mpl.rc_context(STYLE)
def save_figure_as(figure: Figure, path: Path) -> None:
    """Write a figure as `*.svg` or `*.png` (150 dots an inch); same figure, same bytes."""
    kind = path.suffix[1:]
    with written_aside(path) as aside:
        metadata = {"Date": None} if kind == "svg" else {}
        figure.savefig(aside, format=kind, dpi=150, metadata=metadata)


def png_of(figure: Figure) -> bytes:
    """Return a figure as a notebook shows it."""
    content = BytesIO()
    figure.savefig(content, format="png")
    return content.getvalue()


def plain_text(text: str) -> str:
    """Return a text of somebody else's so that Matplotlib takes no part of it for a formula."""
    return text.replace("$", r"\$")


def _settle_layout(figure: Figure) -> None:
    """Lay a figure out once and for all, at places without the last digits of the solver.

    These differ from time to time, and names inside an SVG are hashes of such places.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for part in figure.subfigs:
        part.bbox_relative.set_points(part.bbox_relative.get_points().round(_DIGITS))
    for axes in figure.axes:
        place = axes.get_position(original=True).get_points().round(_DIGITS)
        axes.set_position(Bbox(place), which="original")


def whiskers(
    table: pd.DataFrame, share: str, low: str = "low", high: str = "high"
) -> NDArray[np.float64]:
    """Return the lengths of the whiskers below and above each share; (2, rows).

    An interval holds the share but for rounding in a file.
    """
    lengths = np.stack([table[share] - table[low], table[high] - table[share]])
    return np.maximum(lengths, 0)


def share_axis(axes: Any, which: str, margin: float = 0) -> None:
    """Let an axis, `x` or `y`, run from 0 to 100 %, and a margin beyond.

    What is drawn at its ends is not cut: call it when all is drawn.
    """
    for artist in (*axes.lines, *axes.collections):
        artist.set_clip_on(False)
    axis = axes.xaxis if which == "x" else axes.yaxis
    (axes.set_xlim if which == "x" else axes.set_ylim)(-margin, 1 + margin)
    axis.set_major_formatter(PercentFormatter(1))
    axis.set_major_locator(MaxNLocator(5))


def names_with_counts(names: Iterable[object], crystals: Iterable[int]) -> list[str]:
    """Write how many crystals each name stands for, such as `cubic (n = 12)`."""
    return [f"{name} (n = {count})" for name, count in zip(names, crystals, strict=True)]


def head_columns(grid: Any, headings: Iterable[str]) -> None:
    """Write headings above the first row of a grid of axes."""
    for axes, heading in zip(grid[0], headings, strict=True):
        axes.set_title(heading, fontsize=9, loc="center")


def strip_axes(all_axes: Iterable[Axes]) -> None:
    """Take ticks and frame from axes, which keep their labels."""
    for axes in all_axes:
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)


def draw_image(axes: Axes, image: NDArray[Any], white: float = 255) -> None:
    """Draw an image pixel by pixel, grey or RGB, values 0 to `white`."""
    axes.imshow(image, cmap="gray", vmin=0, vmax=white, interpolation="nearest")


def draw_matrix(
    axes: Axes,
    shares: NDArray[np.float64],
    norm: Normalize,
    texts: NDArray[np.str_],
    fontsize: float = 9,
) -> AxesImage:
    """Shade the cells of a matrix and write into them; cells of NaN are grey.

    `shares`, `texts`: (rows, columns); `norm`: from the shares to 0 (white) to 1 (dark blue).
    """
    axes.set_facecolor(LIGHT_GREY)
    image = axes.imshow(shares, cmap="Blues", norm=norm, interpolation="nearest")
    axes.spines[:].set_visible(True)
    for row, column in np.argwhere(texts != ""):
        axes.text(
            column,
            row,
            texts[row, column],
            ha="center",
            va="center",
            fontsize=fontsize,
            color="white" if norm(shares[row, column]) > 0.6 else "black",
        )
    return image


def cut_into_columns(table: pd.DataFrame, most: int = 7) -> tuple[list[pd.DataFrame], int]:
    """Cut a table into parts of nearly equal length; return them and the length of the longest.

    There are at `most` so many; 7 hold the names of all space groups.
    """
    columns = max(1, min(ceil(len(table) / ROWS_OF_NAMES), most))
    rows = ceil(len(table) / columns)
    return [table.iloc[start : start + rows] for start in range(0, len(table), rows)], rows


def name_rows(axes: Axes, names: Sequence[str], rows: int) -> None:
    """Name the rows of one of the columns, which all have room for `rows`."""
    axes.set_yticks(range(len(names)), names)
    # Columns of unequal length keep rows of equal height.
    axes.set_ylim(rows - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def logarithmic_axis(axes: Axes) -> None:
    """Scale the x axis by the logarithm, with numbers that stay apart."""
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1,) if high / low > 1000 else (1, 3)))
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.xaxis.set_minor_formatter(NullFormatter())


def enlarged(image: NDArray[Any]) -> NDArray[Any]:
    """Grow each pixel to three by three, or a spot would vanish in a small figure.

    `image`: (size, size), or (size, size, channels), each channel by itself.
    """
    grown: NDArray[Any] = maximum_filter(image, size=3, axes=(0, 1))
    return grown
