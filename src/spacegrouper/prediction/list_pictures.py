"""A picture of the answer to a list: its zones, with what the likeliest group forbids in them."""

import textwrap
from dataclasses import dataclass
from typing import Any

import gemmi
import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from spacegrouper.crystals.group_operations import centring_operations
from spacegrouper.figures.looks import BLUE, GREY, STYLE, VERMILION
from spacegrouper.prediction.list_answers import ListAnswer
from spacegrouper.prediction.list_descriptions import (
    aligned,
    condition_table,
    group_name,
    list_facts,
    list_title,
    operator_table,
)
from spacegrouper.prediction.pictures import draw_guesses, write_facts
from spacegrouper.prediction.verdicts import list_verdict
from spacegrouper.techniques.reflections.equivalents import averaged, find, keys_of

_STRONG = 3.0  # sigma
_DECADES = 4.0  # of intensity, below which discs are no smaller
_MOST_PLACES = 500  # in a zone: those of low angles
_POINTS = 130.0  # across half a picture
_LARGEST = 110.0  # disc, square points
_MOST_ROWS = 18  # of a table
# Zones by name, and the two axes that span each.
_ZONES = (("hk0", (0, 1)), ("h0l", (0, 2)), ("0kl", (1, 2)))


@dataclass(frozen=True, eq=False)
class Zone:
    """Places of a zone, in the standard axes.

    Args:
        name: such as `hk0`.
        axes: (2, 2), rows, the two reciprocal axes in the plane, 1/Angstrom.
        limit: of the places, 1/Angstrom.
        indices: (n, 2), of the axes.
        intensity: (n,), mean of Friedel mates and repetitions, NaN where nothing was measured.
        strong: (n,), above 3 sigma.
        forbidden: (n,), by the likeliest group.
        off_lattice: (n,), by its centring alone.
    """

    name: str
    axes: NDArray[np.float64]
    limit: float
    indices: NDArray[np.int64]
    intensity: NDArray[np.float64]
    strong: NDArray[np.bool_]
    forbidden: NDArray[np.bool_]
    off_lattice: NDArray[np.bool_]

    @property
    def places(self) -> NDArray[np.float64]:
        """Where they are, (n, 2), 1/Angstrom."""
        found: NDArray[np.float64] = self.indices @ self.axes
        return found


def zones_of(answer: ListAnswer) -> list[Zone]:
    """Return the zones hk0, h0l and 0kl in the standard axes of the likeliest group."""
    best, measured = answer.ranking.groups[0], answer.measured
    exact = measured.hkl @ best.to_standard.T
    hkl = np.round(exact).astype(np.int64)
    # Of a given cell that is centred, or too large, some are between the standard lattice's points.
    whole = (np.abs(exact - hkl) < 0.1).all(axis=1)
    found = averaged(keys_of(hkl[whole]), measured.intensity[whole], measured.sigma[whole])
    cell = gemmi.UnitCell(*best.cell)
    reciprocal = np.array(cell.frac.mat.tolist())  # rows a*, b*, c*
    operations = gemmi.get_spacegroup_reference_setting(best.number).operations()
    limit = 1 / measured.shortest_spacing()
    return [_zone(name, reciprocal, limit, axes, found, operations) for name, axes in _ZONES]


def _zone(
    name: str,
    reciprocal: NDArray[np.float64],
    limit: float,
    span: tuple[int, int],
    found: Any,
    operations: gemmi.GroupOps,
) -> Zone:
    one, other = reciprocal[list(span)]
    length = np.linalg.norm(one)
    along = other @ one / length
    axes = np.array([[length, 0], [along, np.sqrt(other @ other - along**2)]])
    limit = min(limit, float(np.sqrt(_MOST_PLACES * np.linalg.det(axes) / np.pi)))
    most = np.ceil(limit * np.linalg.norm(np.linalg.inv(axes), axis=0)).astype(int)
    ranges = [np.arange(-index, index + 1) for index in most]
    indices = np.stack(np.meshgrid(*ranges), axis=-1).reshape(-1, 2)
    size = np.linalg.norm(indices @ axes, axis=1)
    indices = indices[(size > 0) & (size <= limit * (1 + 1e-9))]
    hkl = np.zeros((len(indices), 3), dtype=np.int32)
    hkl[:, span] = indices
    place, there = find(found.keys, keys_of(hkl))
    centring = centring_operations(operations)
    return Zone(
        name=name,
        axes=axes,
        limit=limit,
        indices=indices,
        intensity=np.where(there, found.values[place], np.nan),
        strong=there & (found.values[place] > _STRONG * found.sigma[place]),
        forbidden=np.asarray(operations.systematic_absences(hkl), dtype=bool),
        off_lattice=np.asarray(centring.systematic_absences(hkl), dtype=bool),
    )


@mpl.rc_context(STYLE)
def list_figure(answer: ListAnswer, threshold: float | None = None) -> Figure:
    """Draw the zones of a list, the most probable groups, and the evidence."""
    figure = Figure(figsize=(13, 11), layout="constrained")
    heading = textwrap.shorten(list_title(answer), 110)
    sentence = textwrap.fill(list_verdict(answer, threshold), 130)
    figure.suptitle(f"{heading}\n{sentence}", x=0.01, ha="left", weight="bold", fontsize=11)
    pictures, words = figure.subfigures(2, 1, height_ratios=[5, 6], squeeze=False)[:, 0]
    best = group_name(answer.ranking.groups[0])
    for axes, zone in zip(pictures.subplots(1, len(_ZONES)), zones_of(answer), strict=True):
        _draw_zone(axes, zone)
    pictures.legend(handles=_legend(best), loc="outside lower center", ncols=5, fontsize=9)
    left, right = words.subfigures(1, 2, width_ratios=[1, 1.1], squeeze=False)[0]
    bars, lines = left.subplots(2, 1, height_ratios=[1, 1.6])
    draw_guesses(bars, answer.guesses, [group_name(group) for group in answer.ranking.groups])
    bars.set_title("Most probable space groups")
    warnings = [("warning", text) for text in answer.ranking.warnings]
    write_facts(lines, [*warnings, *list_facts(answer)], 84, room=23)
    _write_tables(right.subplots(), answer)
    return figure


@mpl.rc_context(STYLE)
def zone_figures(answer: ListAnswer) -> list[tuple[str, Figure]]:
    """Draw each zone by itself, small; return their names and the figures."""
    drawn = []
    for zone in zones_of(answer):
        figure = Figure(figsize=(4, 4), layout="constrained", dpi=150)
        _draw_zone(figure.subplots(), zone)
        drawn.append((f"{zone.name} zone", figure))
    return drawn


def zone_words(answer: ListAnswer) -> str:
    """Return what the marks of `zone_figures` mean."""
    best = group_name(answer.ranking.groups[0])
    return (
        "Blue discs: present, the larger the stronger; grey dots: not above 3 sigma; rings: "
        f"forbidden by {best}, and absent; red crosses: forbidden, but above 3 sigma; plus signs: "
        "forbidden, not in the list."
    )


def _draw_zone(axes: Axes, zone: Zone) -> None:
    x, y = zone.places.T
    listed = ~np.isnan(zone.intensity)
    strongest = np.nanmax(zone.intensity, initial=1e-300)
    decades = np.log10(np.nan_to_num(zone.intensity).clip(1e-300) / strongest) / _DECADES
    # Discs of the strongest reflections nearly touch.
    largest = (_POINTS * np.linalg.norm(zone.axes, axis=1).min() / zone.limit) ** 2
    area = min(largest, _LARGEST) * np.clip(1 + decades, 0.1, 1) ** 2
    weak = listed & ~zone.strong & ~zone.forbidden
    axes.scatter(x[weak], y[weak], s=2.5, color=GREY, linewidths=0)
    seen = zone.strong & ~zone.forbidden
    axes.scatter(x[seen], y[seen], s=area[seen], color=BLUE, linewidths=0)
    wrong = zone.strong & zone.forbidden
    axes.scatter(x[wrong], y[wrong], s=area[wrong], color=VERMILION, linewidths=0)
    axes.scatter(x[wrong], y[wrong], s=34, color=VERMILION, marker="x", linewidths=1.4)
    absent = zone.forbidden & listed & ~zone.strong
    axes.scatter(x[absent], y[absent], s=16, color="black", facecolors="none", linewidths=0.7)
    # What the centring forbids is in no list of a primitive cell, or of a careful program.
    unlisted = zone.forbidden & ~zone.off_lattice & ~listed
    axes.scatter(x[unlisted], y[unlisted], s=5, color="black", marker="+", linewidths=0.4)
    for vector, letter in zip(zone.axes, zone.name.replace("0", ""), strict=True):
        end = zone.limit * vector / np.linalg.norm(vector)
        axes.plot(*np.outer([-1, 1], end).T, color=GREY, linewidth=0.3, zorder=0)
        axes.text(1.09 * end[0], 1.09 * end[1], letter, ha="center", va="center", style="italic")
    axes.set(
        xlim=(-1.15 * zone.limit, 1.15 * zone.limit), ylim=(-1.15 * zone.limit, 1.15 * zone.limit)
    )
    axes.set_aspect("equal")
    axes.set_title(zone.name, loc="center", fontsize=11)
    axes.set_axis_off()


def _legend(group: str) -> list[Line2D]:
    def entry(words: str, color: str, **marker: Any) -> Line2D:
        return Line2D([], [], linestyle="", color=color, label=words, **marker)

    open_ring = {"marker": "o", "markerfacecolor": "none"}
    return [
        entry("present; area: logarithm of the intensity", BLUE, marker="o", markersize=8),
        entry("not above 3 sigma", GREY, marker="o", markersize=2),
        entry(f"forbidden by {group}, and absent", "black", markersize=5, **open_ring),
        entry("forbidden, but above 3 sigma", VERMILION, marker="x", markersize=7),
        entry("forbidden, not in the list", "black", marker="+", markersize=4),
    ]


def _write_tables(axes: Axes, answer: ListAnswer) -> None:
    lines = []
    for heading, table in (
        ("Conditions on reflections, in the standard axes", condition_table(answer)),
        ("Rotations of the lattice, in the standard axes", operator_table(answer)),
    ):
        if len(table) == 1:
            continue
        shown = aligned(table[: _MOST_ROWS + 1])
        if len(table) > len(shown):
            shown.append(f"and {len(table) - len(shown)} more")
        lines += [heading, *shown, ""]
    axes.text(0, 1, "\n".join(lines), va="top", fontsize=8, family="DejaVu Sans Mono")
    axes.set_axis_off()
