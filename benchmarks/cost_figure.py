"""The figure of the benchmark: cost against atoms per cell and against cells per crystal."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Of Okabe and Ito; markers differ too, for a print in black and white.
STYLES: dict[str, dict[str, Any]] = {
    "direct_sum": {"color": "#D55E00", "marker": "s", "label": "direct sum over all atoms"},
    "32_bit": {"color": "#E69F00", "marker": "^", "label": "factorised, all pixels (32 bits)"},
    "8_bit": {"color": "#0072B2", "marker": "o", "label": "factorised, 8 bits"},
}


def cost_figure(
    of_crystals: Sequence[dict[str, Any]],
    of_cells: Sequence[dict[str, Any]],
    direct_ms_per_atom: float,
    atoms_in_the_cell: int,
) -> Figure:
    """Draw CPU milliseconds for the patterns of a crystal, both axes logarithmic.

    `of_crystals`: records with `method`, `atoms` of the cell and `ms`; `of_cells`: records with
    `method`, `cells` of the crystal and `ms`, all of one cell of `atoms_in_the_cell`;
    `direct_ms_per_atom`: cost of the direct sum for each atom of the crystal, for all views.
    """
    figure = Figure(figsize=(9.5, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    _scatter(left, of_crystals, "atoms")
    # The direct sum is measured on small cells; its cost is that of each atom times their number.
    largest = max(record["atoms"] for record in of_crystals)
    left.plot(
        [1, largest],
        [1000 * direct_ms_per_atom, 1000 * largest * direct_ms_per_atom],
        color=STYLES["direct_sum"]["color"],
        linestyle="--",
        linewidth=1,
        label="direct sum, continued",
    )
    left.set_xlabel("atoms in the conventional cell")
    left.set_ylabel("CPU time of a crystal's three patterns, ms")
    left.set_title("1,000 cells in the crystal")
    _scatter(right, of_cells, "cells")
    right.set_xlabel("cells in the crystal")
    right.set_title(f"{atoms_in_the_cell} atoms in the cell")
    for axes in (left, right):
        axes.set(xscale="log", yscale="log")
        axes.grid(color="#D9D9D9", linewidth=0.5)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    return figure


def _scatter(axes: Axes, records: Sequence[dict[str, Any]], along: str) -> None:
    for method, style in STYLES.items():
        points = [(r[along], r["ms"]) for r in records if r["method"] == method]
        crowded = len(points) > 50
        axes.plot(
            *zip(*points, strict=True),
            linestyle="none" if along == "atoms" else "-",
            linewidth=1,
            markersize=3 if crowded else 6,
            markeredgewidth=0,
            alpha=0.6 if crowded else 1,
            **style,
        )
