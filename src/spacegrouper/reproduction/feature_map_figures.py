"""Figures of what networks make of an image, block by block, and of how redundant that is."""

from collections.abc import Sequence
from math import ceil, sqrt
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from spacegrouper.figures.looks import BLUE, GREY, NARROW_GAPS, ORANGE, STYLE, TITLE, VERMILION
from spacegrouper.figures.toolkit import new_figure, strip_axes, whiskers
from spacegrouper.reproduction.feature_maps import ALL_IMAGES, CrystalMaps

# Single channels that are shown of a block, evenly spaced over all of them.
_CHANNELS_SHOWN = 16
_PARTS = {
    "train": "training set",
    "validation": "validation set",
    "test": "test set",
    None: "in no set",
}
_TILE = 1.15  # edge of an image in the figure, inches
_LOOKS: tuple[dict[str, Any], ...] = (
    {"color": BLUE, "linestyle": "-", "marker": "o"},
    {"color": VERMILION, "linestyle": "--", "marker": "s"},
    {"color": ORANGE, "linestyle": ":", "marker": "^"},
    {"color": GREY, "linestyle": "-.", "marker": "D"},
    {"color": "black", "linestyle": "-", "marker": "v"},
)


@mpl.rc_context(STYLE)
def feature_maps_figure(networks: Sequence[CrystalMaps], missing: Sequence[str] = ()) -> Figure:
    """Draw, for each network, the mean over the channels of each block, and some of the channels.

    `networks`: what each makes of a crystal, as feature_maps.read_maps returns it. A row for each
    image, and one with single channels of the first image, evenly spaced over all channels. Each
    map has a scale of its own, from 0 to its maximum; channels without any value are black.
    `missing`: ids of crystals that the dataset lacks, which the heading names.
    """
    rows = [len(network.images) + 1 for network in networks]
    columns = 1 + max((len(network.maps) for network in networks), default=4)
    height = _TILE * sum(rows) + 0.55 * len(networks) + (0.4 if missing else 0)
    figure = Figure(figsize=(_TILE * columns + 0.4, height))
    figure.set_layout_engine("constrained", **NARROW_GAPS)
    if missing:
        figure.suptitle(f"Not in the dataset: {', '.join(missing)}", fontsize=9, x=0.01, ha="left")
    if not networks:
        return figure
    parts = figure.subfigures(len(networks), 1, height_ratios=rows, squeeze=False)[:, 0]
    for part, network in zip(parts, networks, strict=True):
        _draw_network(part, network, columns)
    return figure


@mpl.rc_context(STYLE)
def feature_redundancy_figure(table: pd.DataFrame) -> Figure:
    """Draw both measures of redundancy against the depth of the block, with 95 % intervals.

    `table`: rows of feature_maps.measure_redundancy, of one or more networks. Lines are of all
    images together, small open markers of each single image.
    """
    figure, (correlation, rank) = new_figure(8, 3.7, columns=2)
    deepest = 0
    for place, (network, rows) in enumerate(table.groupby("network", sort=False)):
        blocks = rows.drop_duplicates("block")["block"].tolist()
        deepest = max(deepest, len(blocks))
        # Side by side, intervals do not hide each other.
        depth = rows["block"].map(blocks.index) + 1 + 0.09 * place
        for axes, measure in ((correlation, "correlation"), (rank, "rank_share")):
            _draw_measure(axes, rows, depth, measure, f"{network}", _LOOKS[place % len(_LOOKS)])
    for axes in (correlation, rank):
        axes.set_xticks(range(1, deepest + 1))
        axes.set_xlabel("block, from the image on")
        axes.set_ylim(bottom=0)
    correlation.set_ylabel("mean absolute correlation of two channels")
    correlation.set_title("Correlation: the lower, the less redundant", fontsize=9)
    rank.set_ylabel("effective rank / channels")
    rank.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    rank.set_title("Effective rank: the higher, the less redundant", fontsize=9)
    handles, labels = correlation.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 3))
    crystals = " and ".join(str(number) for number in sorted(set(table["crystals"])))
    what = f"Test crystals: n = {crystals}; 95 % intervals; small markers: single images"
    figure.suptitle(what, **TITLE)
    return figure


def _draw_network(part: SubFigure, network: CrystalMaps, columns: int) -> None:
    heading = f"{network.network}: {network.material_id}, {_PARTS[network.part]}"
    part.suptitle(heading, fontsize=9, x=0.01, ha="left")
    grid = part.subplots(len(network.images) + 1, columns, squeeze=False)
    strip_axes(grid.flat)
    first = next(iter(network.images))
    for row, (name, image) in zip(grid, network.images.items(), strict=False):
        row[0].imshow(image, interpolation="nearest")
        row[0].set_ylabel(f"{name}, mean" if len(network.images) > 1 else "mean", fontsize=8)
        for axes, maps in zip(row[1:], network.maps.values(), strict=False):
            _show(axes, maps[name].mean(axis=2))
    grid[0, 0].set_title("input", fontsize=8, loc="center")
    for axes, (block, of_block) in zip(grid[0, 1:], network.maps.items(), strict=False):
        height, width, channels = of_block[first].shape
        axes.set_title(f"{block}\n{channels} x {height} x {width}", fontsize=8, loc="center")
    shown = min(_CHANNELS_SHOWN, *(maps[first].shape[2] for maps in network.maps.values()))
    beside: Any = {"ha": "right", "va": "center", "transform": grid[-1, 0].transAxes}
    grid[-1, 0].text(1, 0.5, f"{shown} single\nchannels\nof {first}", fontsize=8, **beside)
    for axes, maps in zip(grid[-1, 1:], network.maps.values(), strict=False):
        _show(axes, _mosaic(maps[first], shown))


def _mosaic(maps: NDArray[np.float32], shown: int) -> NDArray[np.float32]:
    """Put channels, evenly spaced over all, into a square; each from 0 to 1, white lines between.

    `maps`: (y, x, channels). White is NaN.
    """
    height, width, channels = maps.shape
    edge = ceil(sqrt(shown))
    gap = max(1, height // 12)
    size = (edge * (height + gap) - gap, edge * (width + gap) - gap)
    tiles = np.full(size, np.nan, dtype=np.float32)
    for place, channel in enumerate(np.linspace(0, channels - 1, shown).round().astype(int)):
        top, left = (place // edge) * (height + gap), (place % edge) * (width + gap)
        largest = maps[:, :, channel].max()
        tiles[top : top + height, left : left + width] = maps[:, :, channel] / (largest or 1)
    return tiles


def _show(axes: Axes, values: NDArray[np.float32]) -> None:
    largest = float(np.nanmax(values)) or 1
    axes.imshow(values, cmap="magma", vmin=0, vmax=largest, interpolation="nearest")


def _draw_measure(
    axes: Axes, rows: pd.DataFrame, depth: "pd.Series[float]", measure: str, name: str, style: Any
) -> None:
    single = rows["image"] != ALL_IMAGES
    together = rows[~single]
    reach = whiskers(together, measure, f"{measure}_low", f"{measure}_high")
    axes.errorbar(depth[~single], together[measure], reach, capsize=2.5, label=name, **style)
    # Of a network of one image, it is all images.
    if rows["image"].nunique() > 2:
        small = {**style, "linestyle": "none", "markersize": 3, "markerfacecolor": "none"}
        axes.plot(depth[single], rows.loc[single, measure], **small)
