"""From micrographs of a crystal to what they say, and to what they cannot say."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from spacegrouper.crystals.class_names import class_name
from spacegrouper.crystals.crystal import Rejection
from spacegrouper.errors import UserError
from spacegrouper.prediction.list_answers import MeasuredList, ranked_list
from spacegrouper.prediction.micrographs import MicrographAnswer, Micrographs
from spacegrouper.techniques.micrographs.chain import (
    in_zone,
    measured_micrograph,
    reflection_list,
)
from spacegrouper.techniques.micrographs.deciding import deciding_zone
from spacegrouper.techniques.micrographs.reading import read_micrograph
from spacegrouper.techniques.reflections.lists.shared.cells import cell_from_text
from spacegrouper.techniques.reflections.ranking.priors import Prior
from spacegrouper.techniques.reflections.ranking.ranker import Answer as Ranking
from spacegrouper.techniques.reflections.ranking.ranker import Ranker
from spacegrouper.techniques.reflections.ranking.reduction import possible_centrings
from spacegrouper.techniques.reflections.ranking.warnings import MERGED


def read_micrographs(
    paths: Sequence[Path], cell: str | None, pixel_size: float | None
) -> Micrographs:
    """Read and measure the micrographs of one crystal.

    Args:
        paths: a file each.
        cell: `a,b,c,alpha,beta,gamma`, Angstrom and degrees.
        pixel_size: 1/Angstrom of a pixel, in place of what the files say.

    Raises:
        UserError: a file is none, or shows no pattern, or none of the cell.
    """
    numbers = cell_from_text(cell) if cell else None
    patterns = []
    for path in paths:
        micrograph = read_micrograph(path)
        if pixel_size is not None:
            micrograph = replace(micrograph, step=pixel_size)
        patterns.append(measured_micrograph(micrograph))
    indexed = tuple(in_zone(one, np.array(numbers)) for one in patterns) if numbers else ()
    return Micrographs(
        " ".join(one.micrograph.name for one in patterns), tuple(patterns), indexed, numbers
    )


def answer_micrographs(
    given: Micrographs, ranker: Ranker, prior: Prior
) -> MicrographAnswer | Rejection:
    """Rank the space groups that the zones may have; without a cell there is nothing to rank."""
    if given.cell is None:
        return MicrographAnswer(
            given,
            None,
            (
                "a pattern without the cell (--cell a,b,c,alpha,beta,gamma) decides no space "
                "group: what is above is all that it shows",
            ),
        )
    measured = reflection_list(given.indexed, np.array(given.cell))
    axes = list(dict.fromkeys(tuple(one.zone.axis.tolist()) for one in given.indexed))
    spots = np.concatenate([one.zone.vectors for one in given.indexed])
    centrings = possible_centrings(measured, spots)
    limits = [
        f"{one.measured.micrograph.name} fits several zones of the cell; that of the simplest is "
        "taken, and the answer depends on it"
        + ("" if one.measured.micrograph.step else ": a scale would decide")
        for one in given.indexed
        if one.zone.others
    ]
    if len(axes) == 1:
        limits.append(
            "one zone shows neither the other axes' screws and glide planes nor the Laue class: "
            "of its rotations only those about the zone axis were tested"
        )
    if len(centrings) > 1:
        limits.append(
            f"the zones look as those of cells {', '.join(centrings[:-1])} do, and of primitive "
            "ones with glide planes across all of them: all were ranked together"
        )
    try:
        ranking = ranker.answer(measured, prior, centrings)
    except UserError as error:
        return Rejection(given.name, "rank", str(error))
    # Equivalents in other zones are not missing: they were never looked at.
    warnings = tuple(warning for warning in ranking.warnings if warning not in MERGED)
    ranking = replace(ranking, warnings=warnings)
    ranked = ranked_list(MeasuredList(given.name, measured), ranking)
    return MicrographAnswer(given, ranked, (*limits, *_further(ranking, axes)))


def _further(ranking: Ranking, axes: list[tuple[int, ...]]) -> list[str]:
    """Say which zone would tell the first group from each of the others."""
    first, *others = ranking.groups
    by_zone: dict[str, list[str]] = {}
    for other in others:
        name = class_name("spacegroup", other.number)
        found = deciding_zone(first, other, axes)
        words = "no further zone axis, only intensities or convergent beams"
        if found is not None:
            axis, why = found
            words = f"a pattern along [{' '.join(map(str, axis))}], by {why}"
        by_zone.setdefault(words, []).append(name)
    return [
        f"{class_name('spacegroup', first.number)} would be told from {', '.join(names)} by {words}"
        for words, names in by_zone.items()
    ]
