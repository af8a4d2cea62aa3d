"""What is printed of the answer to a list of reflections, as words and as JSON."""

from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len, set_cell_size

from spacegrouper.crystals.class_names import class_name, overlined, short_symbol, typeset
from spacegrouper.figures.shares import percent
from spacegrouper.prediction.descriptions import listed
from spacegrouper.prediction.guesses import decision_record
from spacegrouper.prediction.list_answers import ListAnswer
from spacegrouper.techniques.reflections.ranking.priors import PRIOR_WORDS

if TYPE_CHECKING:
    from spacegrouper.techniques.reflections.ranking.ranker import Operator, RankedGroup

_RADIATIONS = {"xray": "X-rays", "electron": "electrons", "neutron": "neutrons"}
_ORDERS = {-1: 2, 0: 3, 1: 4, 2: 6}  # of a rotation, by its trace
_MOST_FACTOR = 6  # that makes an axis whole


def list_title(answer: ListAnswer) -> str:
    """Return the name of a list, how many reflections it has, of what, and to which spacing."""
    measured = answer.measured
    radiation = _RADIATIONS.get(measured.radiation, "unknown radiation")
    return (
        f"{answer.name}: {len(measured.hkl):,} reflections, {radiation}, to "
        f"{measured.shortest_spacing():.2f} Å"
    )


def group_name(group: "RankedGroup") -> str:
    """Return the name of a space group, and of its enantiomorph, which looks the same."""
    name = class_name("spacegroup", group.number)
    if group.other_hand is None:
        return name
    return f"{name} or {class_name('spacegroup', group.other_hand)}"


def list_facts(answer: ListAnswer) -> list[tuple[str, str]]:
    """Return what is known beside the most probable groups, as headings and their texts."""
    ranking, measured = answer.ranking, answer.measured
    best, spread = ranking.groups[0], ranking.twin_test.measured
    system, of_system = answer.crystal_system
    laue, of_laue = answer.laue_class
    members, of_class = answer.extinction_class
    rows = [
        ("crystal system", f"{system}, {percent(of_system)}"),
        ("Laue class", f"{overlined(laue)}, {percent(of_laue)}"),
        ("extinction class", f"{listed(members)}, {percent(of_class)}"),
        ("prior", f"{ranking.prior}: {PRIOR_WORDS[ranking.prior]}"),
        ("standard cell", cell_text(best.cell)),
        ("its axes", axes_text(best.to_standard)),
        ("mean |E² - 1|", f"{spread.e_squared:.3f}; with a centre 0.968, without 0.736"),
    ]
    if not isnan(spread.l_mean):
        single, twin = ranking.twin_test.single.l_mean, ranking.twin_test.twin.l_mean
        expected = f"with these sigma {single:.2f} without a centre, {twin:.2f} of an even twin"
        rows.append(("mean |L|", f"{spread.l_mean:.3f}; {expected}"))
    if ranking.left_out:
        rows.append(
            (
                "absent by the lattice",
                f"{ranking.left_out:,} reflections of the given cell, mean I/sigma "
                f"{ranking.left_out_i_over_sigma:.1f}",
            )
        )
    if measured.stated_symbol:
        rows.append(
            ("the file states", f"{typeset(measured.stated_symbol)}, which is not looked at")
        )
    return rows


def operator_table(answer: ListAnswer) -> list[tuple[str, ...]]:
    """Return how well each rotation of the lattice holds: a heading, and a row for each.

    In the standard axes of the likeliest group. Rotations about one axis by opposite angles, which
    have the same numbers, are one.
    """
    rows: dict[tuple[int, tuple[int, ...]], tuple[str, ...]] = {}
    for operator in answer.ranking.operators:
        order, axis = _rotation(operator, answer.ranking.groups[0].to_standard)
        rows.setdefault(
            (order, axis),
            (
                f"{order}-fold along [{' '.join(map(str, axis))}]",
                "yes" if operator.kept else "no",
                _number(operator.correlation, 3),
                _number(operator.r_merge, 3),
                f"{operator.pairs:,}",
            ),
        )
    heading = ("rotation", "in the group", "correlation", "R", "pairs")
    return [heading, *(rows[key] for key in sorted(rows))]


def condition_table(answer: ListAnswer) -> list[tuple[str, ...]]:
    """Return what the list has where each condition says that nothing is, with a heading."""
    heading = (
        "reflections",
        "condition",
        "in the group",
        "break it",
        "above 3 sigma",
        "mean I/sigma",
    )
    rows = [
        (
            seen.condition.reflections,
            seen.condition.words,
            "yes" if seen.condition.required else "no",
            f"{seen.number:,}",
            f"{seen.strong:,}",
            f"{_number(seen.i_over_sigma, 1)} (others {_number(seen.others_i_over_sigma, 1)})",
        )
        for seen in answer.ranking.conditions
    ]
    return [heading, *rows]


def aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows of a table as lines, in columns of equal width."""
    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            set_cell_size(cell, width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in table
    ]


def cell_text(cell: NDArray[np.float64]) -> str:
    """Return a cell, Angstrom and degrees, as it is printed."""
    edges = " ".join(f"{edge:.3f}" for edge in cell[:3])
    return f"{edges} Å, {' '.join(f'{angle:.2f}' for angle in cell[3:])}°"


def axes_text(to_standard: NDArray[np.float64]) -> str:
    """Return the axes of the standard cell as sums of the given ones, such as `a' = a + c`."""
    sums = []
    for name, row in zip("abc", to_standard, strict=True):
        text = ""
        for axis, factor in zip("abc", row, strict=True):
            if abs(factor) < 1e-6:
                continue
            size = _factor(abs(factor))
            sign = ("-" if factor < 0 else "") if not text else (" - " if factor < 0 else " + ")
            text += f"{sign}{size}{axis}"
        sums.append(f"{name}' = {text}")
    return ", ".join(sums)


def list_record(answer: ListAnswer, threshold: float | None = None) -> dict[str, Any]:
    """Return an answer as JSON, with the keys that docs/prediction.md describes."""
    ranking, measured = answer.ranking, answer.measured
    best = ranking.groups[0]
    return {
        "input": answer.name,
        "answers": [
            {
                "rank": rank,
                "class": group.number,
                "symbol": short_symbol(group.number),
                "probability": group.probability,
                "enantiomorph": group.other_hand,
                "laue_class": group.laue_class,
                "standard_cell": group.cell.tolist(),
                "standard_axes": group.to_standard.tolist(),
            }
            for rank, group in enumerate(ranking.groups, start=1)
        ],
        "decision": decision_record(answer.between, threshold),
        "crystal_system": {
            "name": answer.crystal_system[0],
            "probability": answer.crystal_system[1],
        },
        "extinction_class": {
            "space_groups": list(answer.extinction_class[0]),
            "probability": answer.extinction_class[1],
        },
        "laue_class": {"name": answer.laue_class[0], "probability": answer.laue_class[1]},
        "structure": None,
        "list": {
            "reflections": len(measured.hkl),
            "shortest_spacing": measured.shortest_spacing(),
            "radiation": measured.radiation,
            "wavelength": measured.wavelength,
            "merged": measured.merged,
            "cell": measured.cell.tolist(),
            "stated_spacegroup": measured.stated_number,
            "notes": list(measured.notes),
        },
        "prior": ranking.prior,
        "evidence": {
            "operators": [
                {
                    "order": _rotation(operator, best.to_standard)[0],
                    "axis": list(_rotation(operator, best.to_standard)[1]),
                    "matrix": operator.matrix.tolist(),
                    "in_group": operator.kept,
                    "correlation": _or_null(operator.correlation),
                    "r_merge": _or_null(operator.r_merge),
                    "pairs": operator.pairs,
                }
                for operator in ranking.operators
            ],
            "conditions": [
                {
                    "reflections": seen.condition.reflections,
                    "condition": seen.condition.words,
                    "in_group": seen.condition.required,
                    "breaking": seen.number,
                    "breaking_above_3_sigma": seen.strong,
                    "breaking_i_over_sigma": _or_null(seen.i_over_sigma),
                    "meeting": seen.others,
                    "meeting_i_over_sigma": _or_null(seen.others_i_over_sigma),
                }
                for seen in ranking.conditions
            ],
            "absent_by_lattice": ranking.left_out,
            "absent_by_lattice_i_over_sigma": _or_null(ranking.left_out_i_over_sigma),
            "mean_e_squared_minus_1": ranking.twin_test.measured.e_squared,
            "mean_l": _or_null(ranking.twin_test.measured.l_mean),
            "mean_l_expected": _or_null(ranking.twin_test.single.l_mean),
        },
        "warnings": list(ranking.warnings),
    }


def _rotation(
    operator: "Operator", to_standard: NDArray[np.float64]
) -> tuple[int, tuple[int, ...]]:
    """Return the order of a rotation, and its axis, a vector of the standard cell."""
    # Columns of coordinates in the standard axes: those in the given ones are to_standard.T of it.
    matrix = np.linalg.inv(to_standard.T) @ operator.matrix @ to_standard.T
    order = _ORDERS[round(np.trace(matrix))]
    powers = sum(np.linalg.matrix_power(matrix, power) for power in range(order))
    column = np.asarray(powers)[:, np.abs(powers).sum(axis=0).argmax()]
    column = column / np.abs(column)[np.abs(column) > 1e-3].min()
    for factor in range(1, _MOST_FACTOR + 1):
        whole = np.round(factor * column)
        if np.abs(factor * column - whole).max() < 0.05:
            break
    sign = np.sign(whole[np.flatnonzero(whole)[0]])
    return order, tuple(int(number) for number in sign * whole)


def _factor(size: float) -> str:
    for divisor in (1, 2, 3, 4, 6):
        if abs(size * divisor - round(size * divisor)) < 1e-4:
            above = round(size * divisor)
            text = str(above) if divisor == 1 else f"{above}/{divisor} "
            return "" if text == "1" else text
    return f"{size:.4f} "


def _number(value: float, digits: int) -> str:
    return "-" if isnan(value) else f"{value:.{digits}f}"


def _or_null(value: float) -> float | None:
    return None if isnan(value) else value
