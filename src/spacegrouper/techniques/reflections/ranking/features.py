"""What is looked at of each candidate: a Laue class of a list, and a space group in it.

All numbers are the same in whatever axes the list was written. None says which group a candidate
is, so that what is learned of one group holds for others.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
from spacegrouper.techniques.reflections.ranking.reduction import (
    Floats,
    Indices,
    ReducedList,
    indices_of,
    keys_of,
    reduced_list,
)
from spacegrouper.techniques.reflections.ranking.wilson import log_likelihoods
from spacegrouper.techniques.reflections.reflection_list import ReflectionList

MOST_LAUE_CLASSES = 5
_TOLERANCES = np.array([1e-4, 0.003, 0.01, 0.03, 0.1])  # of E^2 of an absent reflection
_CHOSEN_BY = 1  # of the tolerances, for the setting of a group
_MOST_EXPECTED = 8000  # reflections that are looked for, at low angles
_LARGEST = 50.0  # of I / sigma
_CLIP = 200.0  # of sums of logarithms

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
PATTERN_FEATURES = (
    *("absent", "absent_axial", "absent_zonal", "present_axial", "present_zonal"),
    *(f"absence_{number}" for number in range(len(_TOLERANCES))),
    *(f"absence_centric_{number}" for number in (1, 3)),
    *("absence_mean", "absence_axial", "absence_zonal", "absence_below_best"),
    *("absence_3_below_best", "i_absent_axial", "i_absent_zonal", "i_present_axial"),
    *("i_present_zonal", "z_absent", "z_present", "strong_absent", "strong_present"),
    *("largest_absent", "expected_absent", "listed_absent", "listed_present", "missing"),
    *("missed_axial", "missed_zonal"),
)
GROUP_FEATURES = (
    *("centric", "chiral", "polar", "symmorphic", "point_group_share", "wilson_own"),
    *("zone_e_squared", "zone_wilson", "zone_reflections", "groups_of_pattern"),
)
FEATURES = (*LIST_FEATURES, *LAUE_FEATURES, *PATTERN_FEATURES, *GROUP_FEATURES)


@dataclass(frozen=True, eq=False)
class Condition:
    """What a list has where a candidate says that nothing is: along axes, or in zones.

    Args:
        number: of reflections that were measured, equivalents once.
        i_over_sigma: their mean, NaN without any.
        expected: how many positions there are, to the list's resolution.
    """

    number: int
    i_over_sigma: float
    expected: int


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
        e_squared: mean of |E^2 - 1|: 0.736 without a centre, 0.968 with one.
        l_mean: mean of |L|: 0.5 without a centre, 0.637 with one, less of twins.
    """

    reflections: ReducedList
    rotations: Rotations
    laue: list[LaueCandidate]
    rows: list[Candidate]
    features: Floats
    e_squared: float
    l_mean: float


def candidates_of(measured: ReflectionList) -> Candidates:
    """Return all space groups that a list may have, with what speaks for and against each.

    Raises:
        UserError: the list says too little.
    """
    reflections = reduced_list(measured)
    rotations = rotations_of(reflections)
    laue = laue_candidates(reflections, rotations, MOST_LAUE_CLASSES)
    l_mean, l_squared = _l_test(reflections, rotations)
    lowest = _lowest_expected(reflections)
    ratio = reflections.intensity / reflections.sigma
    e_squared = float(np.abs(reflections.z - 1).mean())
    electrons = {"electron": 1.0, "unknown": np.nan}.get(measured.radiation, 0.0)
    of_list = [
        np.log(len(ratio)),
        (ratio > 3).mean(),
        min(np.median(ratio), _LARGEST),
        reflections.repeated,
        reflections.expected,
        electrons,
        e_squared,
        l_mean,
        l_squared,
        len(rotations.matrices),
        np.log(np.linalg.det(reflections.lattice)),
        np.isin(keys_of(lowest), reflections.keys).mean(),
    ]
    rows: list[Candidate] = []
    features: list[Floats] = []
    for rank, candidate in enumerate(laue):
        of_laue = _of_laue(rotations, candidate, rank, laue[0].score)
        found, numbers = _of_groups(reflections, rotations, candidate, rank, lowest, of_laue)
        rows += found
        features.append(numbers)
    stacked = np.concatenate(features)
    table = np.concatenate([np.tile(np.array(of_list), (len(stacked), 1)), stacked], axis=1)
    return Candidates(reflections, rotations, laue, rows, table, e_squared, l_mean)


def _l_test(reflections: ReducedList, rotations: Rotations) -> tuple[float, float]:
    """Return the means of |L| and L^2, L = (I1 - I2) / (I1 + I2) of near reflections.

    Two indices apart along an axis of the reduced cell, or any that the lattice's rotations make of
    one, and not equivalent in the lattice (J. E. Padilla and T. O. Yeates, Acta Cryst. D59, 1124,
    2003).
    """
    steps = indices_of(np.unique(keys_of(2 * rotations.matrices.reshape(-1, 3))))
    lattice_keys = _representatives(reflections.hkl, rotations.matrices)
    strong = reflections.intensity > 3 * reflections.sigma
    sizes = []
    for step in np.concatenate([steps, -steps]):
        mates = keys_of(reflections.hkl + step)
        place = np.minimum(np.searchsorted(reflections.keys, mates), len(mates) - 1)
        pair = (reflections.keys[place] == mates) & strong & strong[place]
        pair &= lattice_keys[place] != lattice_keys
        one, other = reflections.z[pair], reflections.z[place[pair]]
        sizes.append(np.abs(one - other) / (one + other))
    size = np.concatenate(sizes)
    return (float(size.mean()), float((size**2).mean())) if len(size) > 20 else (np.nan, np.nan)


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


def _representatives(hkl: Indices, matrices: Indices) -> Indices:
    """Return the same key for all reflections (n, 3) that rotations and inversion make of one."""
    found = keys_of(hkl)
    for matrix in matrices:
        found = np.minimum(found, keys_of(hkl @ matrix))
    return found


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


@dataclass(frozen=True, eq=False)
class _Merged:
    """The reflections of a list and those that it might have, equivalents of a Laue class once."""

    hkl: Indices  # in conventional axes
    z: Floats  # NaN where it is not listed
    sigma_z: Floats
    listed: NDArray[np.bool_]
    expected: NDArray[np.bool_]
    axial: NDArray[np.bool_]  # on an axis of rotation
    zonal: NDArray[np.bool_]  # in a mirror of the Laue class, on no axis


def _merged(reflections: ReducedList, matrices: Indices, axes: Indices, lowest: Indices) -> _Merged:
    own = _representatives(reflections.hkl, matrices)
    keys, group = np.unique(own, return_inverse=True)
    count = np.bincount(group)
    possible = np.unique(_representatives(lowest, matrices))
    together = np.union1d(keys, possible)
    z, sigma = np.full(len(together), np.nan), np.full(len(together), np.nan)
    place = np.searchsorted(together, keys)
    z[place] = np.bincount(group, reflections.z) / count
    sigma[place] = np.sqrt(np.bincount(group, reflections.sigma_z**2)) / count
    hkl = indices_of(together)
    axial, mirrored = np.zeros((2, len(hkl)), dtype=bool)
    for matrix in matrices:
        if (matrix == np.eye(3)).all():
            continue
        turned = hkl @ matrix
        axial |= (turned == hkl).all(axis=1)
        mirrored |= (turned == -hkl).all(axis=1)
    return _Merged(
        hkl=hkl @ axes.T,
        z=z,
        sigma_z=sigma,
        listed=~np.isnan(z),
        expected=np.isin(together, possible),
        axial=axial,
        zonal=mirrored & ~axial,
    )


def _of_groups(
    reflections: ReducedList,
    rotations: Rotations,
    candidate: LaueCandidate,
    rank: int,
    lowest: Indices,
    of_laue: list[float],
) -> tuple[list[Candidate], Floats]:
    """Return the space groups of a Laue class, and their numbers, those of the class included."""
    matrices, axes = rotations.matrices[candidate.members], candidate.axes
    settings = settings_in_axes(matrices, axes)
    merged = _merged(reflections, matrices, axes, lowest)
    special = np.flatnonzero(merged.axial | merged.zonal)
    likelihoods = np.full((len(merged.z), 2 + len(_TOLERANCES)), np.nan)
    listed = merged.listed
    likelihoods[listed] = log_likelihoods(merged.z[listed], merged.sigma_z[listed], _TOLERANCES)

    indices = np.ascontiguousarray(merged.hkl[special], dtype=np.int32)
    masks = np.array(
        [setting.operations.systematic_absences(indices) for setting in settings], dtype=bool
    ).reshape(len(settings), len(special))
    pattern, chosen = _of_patterns(masks, merged, special, likelihoods)
    groups = _of_point_groups(settings, merged, likelihoods, matrices, axes)

    general = listed & ~(merged.axial | merged.zonal)
    difference = likelihoods[general, 1] - likelihoods[general, 0]
    wilson = float(difference.mean()) if general.any() else np.nan
    of_laue = [
        *of_laue,
        wilson,
        float(np.clip(difference.sum(), -_CLIP, _CLIP)),
        float(np.abs(merged.z[general] - 1).mean()) if general.any() else np.nan,
        float(listed[merged.expected & ~(merged.axial | merged.zonal)].mean())
        if (merged.expected & ~(merged.axial | merged.zonal)).any()
        else np.nan,
        float(np.clip(chosen.max(), -_CLIP, _CLIP)),
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
        Candidate(settings[place], rank, given, *_conditions(masks[place], merged, special))
        for place in kept
    ]
    return rows, numbers


def _conditions(
    mask: NDArray[np.bool_], merged: _Merged, special: Indices
) -> tuple[Condition, Condition, Condition, Condition]:
    """Return axial and zonal reflections that are forbidden, then those that are allowed."""
    found = []
    for forbidden in (mask, ~mask):
        for where in (merged.axial, merged.zonal):
            chosen = special[forbidden & where[special]]
            there = chosen[merged.listed[chosen]]
            ratio = np.clip(merged.z[there] / merged.sigma_z[there], -_LARGEST, _LARGEST)
            mean = float(ratio.mean()) if len(there) else np.nan
            found.append(Condition(len(there), mean, int(merged.expected[chosen].sum())))
    return found[0], found[1], found[2], found[3]


def _of_patterns(
    masks: NDArray[np.bool_], merged: _Merged, special: Indices, likelihoods: Floats
) -> tuple[Floats, Floats]:
    """Return PATTERN_FEATURES of each setting, and how well what it forbids is absent."""
    listed = merged.listed[special]
    axial, zonal = merged.axial[special], merged.zonal[special]
    expected = merged.expected[special]
    z, sigma = merged.z[special], merged.sigma_z[special]
    ratio = np.clip(z / sigma, -_LARGEST, _LARGEST)
    own = likelihoods[special]
    absence = own[:, 2:] - own[:, :1]
    absence_centric = own[:, 2:] - own[:, 1:2]

    def total(values: Floats, chosen: NDArray[np.bool_]) -> Floats:
        found: Floats = chosen @ np.where(listed, np.nan_to_num(values), 0.0)
        return found

    def mean(values: Floats, chosen: NDArray[np.bool_]) -> Floats:
        count = (chosen & listed).sum(axis=1)
        found: Floats = np.where(count > 0, total(values, chosen) / np.maximum(count, 1), np.nan)
        return found

    def share(chosen: NDArray[np.bool_]) -> Floats:
        count = (chosen & expected).sum(axis=1)
        there = (chosen & expected & listed).sum(axis=1)
        found: Floats = np.where(count > 0, there / np.maximum(count, 1), np.nan)
        return found

    ones = np.ones(len(special))
    sums = [total(absence[:, t], masks) for t in range(len(_TOLERANCES))]
    centric = [np.clip(total(absence_centric[:, t], masks), -_CLIP, _CLIP) for t in (1, 3)]
    main, wide = absence[:, _CHOSEN_BY], absence[:, 3]
    # Positions that are expected and not listed: absent ones may have been removed.
    unlisted = (masks & (expected & ~listed)).sum(axis=1)
    largest = np.where(masks & listed, np.nan_to_num(ratio, nan=-_LARGEST), -_LARGEST)
    columns = [
        total(ones, masks),
        total(ones, masks & axial),
        total(ones, masks & zonal),
        total(ones, ~masks & axial),
        total(ones, ~masks & zonal),
        *np.clip(sums, -_CLIP, _CLIP),
        *centric,
        mean(main, masks),
        np.clip(total(main, masks & axial), -_CLIP, _CLIP),
        np.clip(total(main, masks & zonal), -_CLIP, _CLIP),
        np.maximum(sums[_CHOSEN_BY] - sums[_CHOSEN_BY].max(), -_CLIP),
        np.maximum(sums[3] - sums[3].max(), -_CLIP),
        mean(ratio, masks & axial),
        mean(ratio, masks & zonal),
        mean(ratio, ~masks & axial),
        mean(ratio, ~masks & zonal),
        mean(z, masks),
        mean(z, ~masks),
        mean((ratio > 3).astype(float), masks),
        mean((ratio > 3).astype(float), ~masks),
        np.where((masks & listed).any(axis=1), largest.max(axis=1, initial=-_LARGEST), np.nan),
        (masks & expected).sum(axis=1),
        share(masks),
        share(~masks),
        unlisted,
        # What speaks for absences that the group does not have.
        _most_missed(masks, np.where(listed, wide, 0), axial),
        _most_missed(masks, np.where(listed, wide, 0), zonal),
    ]
    table = np.stack([np.asarray(column, dtype=float) for column in columns], axis=1)
    return table, sums[_CHOSEN_BY]


def _most_missed(masks: NDArray[np.bool_], values: Floats, where: NDArray[np.bool_]) -> Floats:
    """Return the largest sum of other settings over reflections that each setting allows."""
    chosen = np.where(where, values, 0.0)
    together = (masks * chosen) @ masks.T.astype(float)  # of reflections that both forbid
    alone = (masks @ chosen)[None, :] - together
    found: Floats = np.clip(alone.max(axis=1, initial=0.0), 0, _CLIP)
    return found


def _of_point_groups(
    settings: tuple[GroupSetting, ...],
    merged: _Merged,
    likelihoods: Floats,
    matrices: Indices,
    axes: Indices,
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
