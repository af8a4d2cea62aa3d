"""What is looked at of each candidate: a Laue class of a list, and a space group in it.

All numbers are the same in whatever axes the list was written. None says which group a candidate
is, so that what is learned of one group holds for others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spacegrouper.techniques.reflections.equivalents import (
    Floats,
    Indices,
    indices_of,
    keys_of,
)
from spacegrouper.techniques.reflections.ranking.absences import (
    CLIP,
    LARGEST,
    PATTERN_FEATURES,
    WHOLE_LISTS,
    Condition,
    Tolerances,
    conditions,
    pattern_features,
)
from spacegrouper.techniques.reflections.ranking.group_settings import (
    GroupSetting,
    settings_in_axes,
)
from spacegrouper.techniques.reflections.ranking.laue_candidates import (
    LaueCandidate,
    Rotations,
    laue_candidates,
    rotations_of,
)
from spacegrouper.techniques.reflections.ranking.merged_list import MergedList, merged_list
from spacegrouper.techniques.reflections.ranking.reduction import ReducedList, reduced_list
from spacegrouper.techniques.reflections.ranking.twinning import TwinTest, twin_test
from spacegrouper.techniques.reflections.ranking.wilson import log_likelihoods
from spacegrouper.techniques.reflections.reflection_list import ReflectionList

MOST_LAUE_CLASSES = 10
_MOST_EXPECTED = 8000  # reflections that are looked for, at low angles

LIST_FEATURES = (
    *("log_reflections", "strong", "median_i_over_sigma", "repeated", "expected", "electrons"),
    *("e_squared", "l_mean", "l_squared", "rotations", "volume", "listed"),
)
LAUE_FEATURES = (
    *("order", "rank", "score_below_best", "kept", "kept_tested", "kept_worst", "kept_mean"),
    *("kept_r_merge", "kept_coverage", "kept_deviation", "refused", "refused_tested"),
    *("refused_best", "refused_mean", "refused_r_merge", "refused_coverage", "wilson_mean"),
    *("wilson_sum", "general_e_squared", "general_listed", "laue_best_absence"),
)
GROUP_FEATURES = (
    *("centric", "chiral", "polar", "symmorphic", "point_group_share", "wilson_own"),
    *("zone_e_squared", "zone_wilson", "zone_reflections", "groups_of_pattern"),
)
FEATURES = (*LIST_FEATURES, *LAUE_FEATURES, *PATTERN_FEATURES, *GROUP_FEATURES)


@dataclass(frozen=True, eq=False)
class Candidate:
    """A space group that a list may have.

    Args:
        setting: the setting whose absences fit best.
        laue: which of the Laue candidates.
        axes: (3, 3), rows, the axes of the setting in units of the given ones.
        axial: reflections that its screw axes forbid.
        zonal: those that its glide planes forbid.
        allowed_axial: reflections of the same Laue class on axes that it allows.
        allowed_zonal: in zones.
    """

    setting: GroupSetting
    laue: int
    axes: Floats
    axial: Condition
    zonal: Condition
    allowed_axial: Condition
    allowed_zonal: Condition


@dataclass(frozen=True, eq=False)
class Candidates:
    """All candidates of a list, and what is to be learned from.

    Args:
        reflections: the list in its reduced cell.
        rotations: those of the lattice.
        laue: groups of them, the best first.
        rows: the candidates.
        features: (rows, features), float64, NaN where there is nothing to look at.
        twin_test: how far intensities are spread.
    """

    reflections: ReducedList
    rotations: Rotations
    laue: list[LaueCandidate]
    rows: list[Candidate]
    features: Floats
    twin_test: TwinTest


def candidates_of(
    measured: ReflectionList, centring: str | None = None, tolerances: Tolerances = WHOLE_LISTS
) -> Candidates:
    """Return all space groups that a list may have, with what speaks for and against each.

    Args:
        measured: the list.
        centring: of the given cell, as of `reduced_list`.
        tolerances: how much an absent reflection may have.

    Raises:
        UserError: the list says too little.
    """
    reflections = reduced_list(measured, centring)
    rotations = rotations_of(reflections)
    laue = laue_candidates(reflections, rotations, MOST_LAUE_CLASSES)
    test = twin_test(reflections, rotations)
    lowest = _lowest_expected(reflections)
    ratio = reflections.intensity / reflections.sigma
    electrons = {"electron": 1.0, "unknown": np.nan}.get(measured.radiation, 0.0)
    of_list = [
        np.log(len(ratio)),
        (ratio > 3).mean(),
        min(np.median(ratio), LARGEST),
        reflections.repeated,
        reflections.expected,
        electrons,
        test.measured.e_squared,
        test.measured.l_mean,
        test.measured.l_squared,
        len(rotations.matrices),
        np.log(np.linalg.det(reflections.lattice)),
        np.isin(keys_of(lowest), reflections.keys).mean(),
    ]
    rows: list[Candidate] = []
    features: list[Floats] = []
    for rank, candidate in enumerate(laue):
        of_laue = _of_laue(rotations, candidate, rank, laue[0].score)
        found, numbers = _of_groups(
            reflections, rotations, candidate, rank, lowest, of_laue, tolerances
        )
        rows += found
        features.append(numbers)
    stacked = np.concatenate(features)
    table = np.concatenate([np.tile(np.array(of_list), (len(stacked), 1)), stacked], axis=1)
    return Candidates(reflections, rotations, laue, rows, table, test)


def all_rows(several: Sequence[Candidates]) -> tuple[Indices, Indices, Floats]:
    """Return group, Laue candidate and features of all rows of a list under several centrings.

    Laue candidates of different centrings are different ones.
    """
    rows = [(row.setting.number, row.laue) for one in several for row in one.rows]
    group, laue = np.array(rows, dtype=np.int64).T
    which = np.repeat(np.arange(len(several)), [len(one.rows) for one in several])
    features = np.concatenate([one.features for one in several])
    return group, which * MOST_LAUE_CLASSES + laue, features


def _lowest_expected(reflections: ReducedList) -> Indices:
    """Return the reflections to the list's resolution, or as many as there are to be looked for."""
    volume = np.linalg.det(reflections.lattice)
    # Of a sphere of s, 4 / 3 pi s^3 V reflections, half of them Friedel mates.
    radius = (2 * _MOST_EXPECTED / (4 / 3 * np.pi * volume)) ** (1 / 3)
    radius = min(radius, float(np.sqrt(np.quantile(reflections.s_squared, 0.98))))
    largest = np.ceil(radius * np.linalg.norm(reflections.lattice, axis=1)).astype(np.int64)
    ranges = [np.arange(-index, index + 1) for index in largest]
    hkl = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)
    s_squared = ((hkl @ np.linalg.inv(reflections.lattice).T) ** 2).sum(axis=1)
    inside = hkl[(s_squared > 0) & (s_squared <= radius**2 * (1 + 1e-9))]
    return indices_of(np.unique(keys_of(inside)))


def _of_laue(rotations: Rotations, candidate: LaueCandidate, rank: int, best: float) -> list[float]:
    """Return the numbers of a Laue class that follow from its rotations alone."""
    identity = (rotations.matrices == np.eye(3)).all(axis=(1, 2))
    kept, refused = candidate.members & ~identity, ~candidate.members
    tested = ~np.isnan(rotations.correlation)

    def over(values: Floats, mask: NDArray[np.bool_], which: str) -> float:
        chosen = values[mask & ~np.isnan(values)]
        return float(getattr(chosen, which)()) if len(chosen) else np.nan

    correlation, r_merge = rotations.correlation, rotations.r_merge
    return [
        float(candidate.members.sum()),
        float(rank),
        candidate.score - best,
        float(kept.sum()),
        float((kept & tested).sum()),
        over(correlation, kept, "min"),
        over(correlation, kept, "mean"),
        over(r_merge, kept, "max"),
        over(rotations.coverage, kept, "mean"),
        over(rotations.deviation, kept, "max"),
        float(refused.sum()),
        float((refused & tested).sum()),
        over(correlation, refused, "max"),
        over(correlation, refused, "mean"),
        over(r_merge, refused, "min"),
        over(rotations.coverage, refused, "mean"),
    ]


def _of_groups(
    reflections: ReducedList,
    rotations: Rotations,
    candidate: LaueCandidate,
    rank: int,
    lowest: Indices,
    of_laue: list[float],
    tolerances: Tolerances,
) -> tuple[list[Candidate], Floats]:
    """Return the space groups of a Laue class, and their numbers, those of the class included."""
    matrices, axes = rotations.matrices[candidate.members], candidate.axes
    settings = settings_in_axes(matrices, axes)
    merged = merged_list(reflections, matrices, axes, lowest)
    special = np.flatnonzero(merged.axial | merged.zonal)
    likelihoods = np.full((len(merged.z), 2 + len(tolerances.values)), np.nan)
    listed = merged.listed
    likelihoods[listed] = log_likelihoods(
        merged.z[listed], merged.sigma_z[listed], np.array(tolerances.values)
    )

    indices = np.ascontiguousarray(merged.hkl[special], dtype=np.int32)
    masks = np.array(
        [setting.operations.systematic_absences(indices) for setting in settings], dtype=bool
    ).reshape(len(settings), len(special))
    pattern, chosen = pattern_features(masks, merged, special, likelihoods, tolerances)
    groups = _of_point_groups(settings, merged, likelihoods, matrices)

    in_general = ~(merged.axial | merged.zonal)
    general, general_expected = listed & in_general, merged.expected & in_general
    difference = likelihoods[general, 1] - likelihoods[general, 0]
    wilson = float(difference.mean()) if general.any() else np.nan
    of_laue = [
        *of_laue,
        wilson,
        float(np.clip(difference.sum(), -CLIP, CLIP)),
        float(np.abs(merged.z[general] - 1).mean()) if general.any() else np.nan,
        float(listed[general_expected].mean()) if general_expected.any() else np.nan,
        float(np.clip(chosen.max(), -CLIP, CLIP)),
    ]
    centric = groups[:, 0] > 0
    groups[:, GROUP_FEATURES.index("wilson_own")] = np.where(centric, wilson, -wilson)

    best: dict[int, int] = {}
    for place in np.argsort(-np.round(chosen, 9), kind="stable").tolist():
        best.setdefault(settings[place].number, place)
    kept = list(best.values())
    unlike: dict[bytes, int] = {}
    for place in kept:
        unlike[masks[place].tobytes()] = unlike.get(masks[place].tobytes(), 0) + 1
    groups[kept, GROUP_FEATURES.index("groups_of_pattern")] = [
        unlike[masks[place].tobytes()] for place in kept
    ]
    numbers = np.concatenate(
        [np.tile(of_laue, (len(kept), 1)), pattern[kept], groups[kept]], axis=1
    )
    given = axes @ reflections.axes
    rows = [
        Candidate(settings[place], rank, given, *conditions(masks[place], merged, special))
        for place in kept
    ]
    return rows, numbers


def _of_point_groups(
    settings: tuple[GroupSetting, ...],
    merged: MergedList,
    likelihoods: Floats,
    matrices: Indices,
) -> Floats:
    """Return GROUP_FEATURES of each setting; `wilson_own` and `groups_of_pattern` are left open."""
    found = np.full((len(settings), len(GROUP_FEATURES)), np.nan)
    known: dict[bytes, tuple[float, float, float]] = {}
    listed = merged.listed & ~merged.axial
    hkl = merged.hkl[listed]
    z, rest = merged.z[listed], likelihoods[listed, 1] - likelihoods[listed, 0]
    for place, setting in enumerate(settings):
        key = b"".join(sorted(matrix.tobytes() for matrix in setting.matrices))
        if setting.centric:
            known[key] = (np.nan, np.nan, 0.0)
        elif key not in known:
            centric = np.zeros(len(hkl), dtype=bool)
            for matrix in setting.matrices:
                centric |= (hkl @ matrix == -hkl).all(axis=1)
            # Absent ones say nothing of a distribution.
            there = centric & (z > 0.01)
            known[key] = (
                (float(np.abs(z[there] - 1).mean()), float(rest[there].mean()), float(there.sum()))
                if there.sum() > 5
                else (np.nan, np.nan, float(there.sum()))
            )
        found[place] = [
            setting.centric,
            setting.chiral,
            setting.polar,
            setting.symmorphic,
            len(setting.matrices) / (2 * len(matrices)),
            np.nan,
            *known[key],
            np.nan,
        ]
    return found
