"""Measure the ranker of space groups on measured lists, beside the classical way by thresholds."""

import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import gemmi
import numpy as np
import typer
from rich.console import Console
from scipy.stats import binomtest

from spacegrouper.atomic import written_aside
from spacegrouper.errors import UserError
from spacegrouper.techniques.reflections.list_file import Radiation
from spacegrouper.techniques.reflections.list_reading import read_reflection_list
from spacegrouper.techniques.reflections.ranking.features import FEATURES, candidates_of
from spacegrouper.techniques.reflections.ranking.group_settings import told_apart
from spacegrouper.techniques.reflections.ranking.priors import PRIORS, USUAL, frequencies
from spacegrouper.techniques.reflections.ranking.ranker import Ranker, read_ranker
from spacegrouper.techniques.reflections.reflection_list import ReflectionList, are_merged

# Its refl.npz is damaged: the list is read from the original file.
FROM_THE_ORIGINAL = {"glycine_ccp4": "glycine.hkl"}
# Fixed before anything was measured.
LARGEST_R = 0.25  # of a rotation that the classical way keeps
MOST_STRONG = 0.1  # share of forbidden reflections above 3 sigma
CENTRE = 0.85  # of |E^2 - 1|, half way between 0.736 and 0.968
KS = (1, 3, 5)
EDGES = (0.0, 0.5, 0.8, 0.95, 1.0)

console = Console(stderr=True)


@dataclass(frozen=True)
class Result:
    """Where the true group is among the answers to a list."""

    name: str
    grade: str
    radiation: str
    true: int
    reflections: int
    seconds: float
    ranks: dict[str, int]  # by prior, from 0; 999 where it is no candidate
    first: dict[str, int]
    probability: dict[str, float]
    classical: dict[str, int]


def lists(folder: Path) -> Iterator[tuple[dict[str, Any], ReflectionList]]:
    """Yield what is known of each data set and its list, whose cell is the given one."""
    for path in sorted(folder.glob("*/meta.json")):
        known = json.loads(path.read_text(encoding="utf-8"))
        radiation: Radiation = "electron" if known["radiation"] == "electrons" else "xray"
        if original := FROM_THE_ORIGINAL.get(path.parent.name):
            cell = ",".join(map(str, known["cell"]))
            found = read_reflection_list([path.with_name(original)], cell)
            yield known, replace(found, radiation=radiation)
            continue
        with np.load(path.with_name("refl.npz")) as stored:
            hkl, intensity = stored["hkl"].astype(np.int32), stored["I"].astype(float)
            sigma = stored["sigma"].astype(float)
        usable = np.isfinite(intensity) & np.isfinite(sigma) & (sigma > 0) & hkl.any(axis=1)
        cell = np.array(known["cell"], dtype=float)
        yield (
            known,
            ReflectionList(
                hkl=hkl[usable],
                intensity=intensity[usable],
                sigma=sigma[usable],
                cell=cell,
                wavelength=known["wavelength"],
                radiation=radiation,
                stated_symbol=None,
                stated_number=None,
                merged=are_merged(hkl[usable], cell),
                quantity="intensity",
                notes=(),
            ),
        )


def classical(features: Any, groups: Any, laue: Any, prior: Any) -> list[int]:
    """Rank groups by the highest Laue group, then absences, then |E^2 - 1|, then the prior."""
    column = {name: features[:, place] for place, name in enumerate(FEATURES)}
    fits = ~(np.nan_to_num(column["kept_r_merge"]) > LARGEST_R)
    absent = np.where(np.nan_to_num(column["strong_absent"]) > MOST_STRONG, -1, column["absent"])
    with_centre = column["e_squared"] > CENTRE
    keys = (
        -prior[groups],
        column["centric"] != with_centre,
        -absent,
        laue,
        -column["order"],
        ~fits,
    )
    order = np.lexsort(keys)
    return list(dict.fromkeys(groups[order].tolist()))


def measure(known: dict[str, Any], measured: ReflectionList, ranker: Ranker) -> Result:
    true, start = told_apart(known["number"]), time.perf_counter()
    ranks, firsts, probability, by_thresholds = {}, {}, {}, {}
    seconds = 0.0
    try:
        found = candidates_of(measured)
        groups = np.array([row.setting.number for row in found.rows])
        laue = np.array([row.laue for row in found.rows])
        for prior in PRIORS:
            shares = ranker.probabilities(found.features, groups, laue, prior)
            seconds = seconds or time.perf_counter() - start
            order = list(shares)
            ranks[prior] = order.index(true) if true in order else 999
            firsts[prior], probability[prior] = order[0], shares[order[0]]
            frequency = frequencies(prior, ranker.counted)
            ordered = classical(found.features, groups, laue, frequency)
            by_thresholds[prior] = ordered.index(true) if true in ordered else 999
    except UserError as error:
        console.print(f"{known['name']}: {error}", markup=False)
        for prior in PRIORS:
            ranks[prior] = by_thresholds[prior] = 999
            firsts[prior], probability[prior] = 0, 0.0
    return Result(
        known["name"],
        known["grade"],
        known["radiation"],
        true,
        len(measured.hkl),
        seconds,
        ranks,
        firsts,
        probability,
        by_thresholds,
    )


def share(hits: int, of: int) -> str:
    """Return a share in percent with Wilson's 95 % interval."""
    interval = binomtest(hits, of).proportion_ci(method="wilson")
    return f"{100 * hits / of:.0f} ({100 * interval.low:.0f}-{100 * interval.high:.0f})"


def table(results: list[Result]) -> str:
    """Return the scores, by grade, and the calibration, as Markdown."""
    parts = {
        "grade A": [one for one in results if one.grade == "A"],
        "grade B": [one for one in results if one.grade == "B"],
        "X-rays, grade A": [
            one for one in results if one.grade == "A" and one.radiation != "electrons"
        ],
        "electrons": [one for one in results if one.radiation == "electrons"],
        "all": results,
    }
    lines = ["| | n | way | prior | top 1 | top 3 | top 5 |", "|---|---|---|---|---|---|---|"]
    for name, part in parts.items():
        if not part:
            continue
        for way, prior in itertools.product(("ranker", "classical"), PRIORS):
            ranks = [(one.ranks if way == "ranker" else one.classical)[prior] for one in part]
            numbers = " | ".join(share(sum(rank < k for rank in ranks), len(part)) for k in KS)
            lines.append(f"| {name} | {len(part)} | {way} | {prior} | {numbers} |")
    lines += ["", f"| probability ({USUAL}) | n | mean | right |", "|---|---|---|---|"]
    for low, high in itertools.pairwise(EDGES):
        inside = [
            one
            for one in results
            if low < one.probability[USUAL] <= high or (low == 0 == one.probability[USUAL])
        ]
        if inside:
            mean = np.mean([one.probability[USUAL] for one in inside])
            right = sum(one.ranks[USUAL] == 0 for one in inside)
            right_share = share(right, len(inside))
            lines.append(f"| {low:g} to {high:g} | {len(inside)} | {mean:.2f} | {right_share} |")
    slowest = max(results, key=lambda one: one.seconds)
    lines += [
        "",
        f"seconds a list: median {np.median([one.seconds for one in results]):.2f}, most "
        f"{slowest.seconds:.2f} ({slowest.reflections} reflections)",
    ]
    return "\n".join(lines)


def main(
    reflections: Annotated[
        Path, typer.Option(help="a folder for each list: refl.npz (hkl, I, sigma) and meta.json")
    ],
    output: Annotated[Path, typer.Option(help="each list's result, JSON")],
    ranker: Annotated[Path | None, typer.Option(help="a ranker; else that of the package")] = None,
) -> None:
    """Write where the true group is among the answers to each list, and print the table."""
    if not any(reflections.glob("*/meta.json")):
        console.print(
            f"{reflections}: no measured lists; the repository holds none, give a folder of them",
            markup=False,
        )
        raise typer.Exit(1)
    trained = read_ranker(ranker)
    # The compiler's time is not the list's.
    sets = list(lists(reflections))
    measure(*sets[0], trained)
    results = [measure(known, measured, trained) for known, measured in sets]
    for one in results:
        symbol = gemmi.find_spacegroup_by_number(one.true).hm
        console.print(
            f"{one.name:16} {one.grade} {symbol:12} rank {one.ranks[USUAL] + 1:4d}, first "
            f"{one.first[USUAL]:3d} with {one.probability[USUAL]:.2f}, classical "
            f"{one.classical[USUAL] + 1:4d}, {one.reflections} reflections, {one.seconds:.2f} s",
            markup=False,
            highlight=False,
        )
    with written_aside(output) as aside:
        aside.write_text(
            json.dumps([vars(one) for one in results], indent=1) + "\n", encoding="utf-8"
        )
    typer.echo(table(results))


if __name__ == "__main__":
    typer.run(main)
