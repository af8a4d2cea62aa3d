"""What a list has where candidates of a Laue class say that nothing is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spacegrouper.techniques.reflections.equivalents import Floats, Indices
from spacegrouper.techniques.reflections.ranking.merged_list import MergedList

LARGEST = 50.0  # of I / sigma
CLIP = 200.0  # of sums of logarithms


@dataclass(frozen=True)
class Tolerances:
    """How much an absent reflection may still have.

    Args:
        values: mean E^2 of absent reflections, five.
        main: number of the one that the setting of a group is chosen by.
        wide: number of the one that unexplained absences are looked for by.
    """

    values: tuple[float, ...]
    main: int
    wide: int


WHOLE_LISTS = Tolerances((1e-4, 0.003, 0.01, 0.03, 0.1), main=1, wide=3)
# Along a zone axis many beams are excited at once, and scatter again into forbidden places.
ZONES = Tolerances((0.003, 0.01, 0.03, 0.1, 0.3), main=3, wide=4)

PATTERN_FEATURES = (
    *("absent", "absent_axial", "absent_zonal", "present_axial", "present_zonal"),
    *(f"absence_{number}" for number in range(len(WHOLE_LISTS.values))),
    *(f"absence_centric_{number}" for number in (1, 3)),
    *("absence_mean", "absence_axial", "absence_zonal", "absence_below_best"),
    *("absence_3_below_best", "i_absent_axial", "i_absent_zonal", "i_present_axial"),
    *("i_present_zonal", "z_absent", "z_present", "strong_absent", "strong_present"),
    *("largest_absent", "expected_absent", "listed_absent", "listed_present", "missing"),
    *("missed_axial", "missed_zonal"),
)


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


def conditions(
    mask: NDArray[np.bool_], merged: MergedList, special: Indices
) -> tuple[Condition, Condition, Condition, Condition]:
    """Return axial and zonal reflections that are forbidden, then those that are allowed."""
    found = []
    for forbidden in (mask, ~mask):
        for where in (merged.axial, merged.zonal):
            chosen = special[forbidden & where[special]]
            there = chosen[merged.listed[chosen]]
            ratio = np.clip(merged.z[there] / merged.sigma_z[there], -LARGEST, LARGEST)
            mean = float(ratio.mean()) if len(there) else np.nan
            found.append(Condition(len(there), mean, int(merged.expected[chosen].sum())))
    return found[0], found[1], found[2], found[3]


def pattern_features(
    masks: NDArray[np.bool_],
    merged: MergedList,
    special: Indices,
    likelihoods: Floats,
    tolerances: Tolerances,
) -> tuple[Floats, Floats]:
    """Return PATTERN_FEATURES of each setting, and how well what it forbids is absent."""
    listed = merged.listed[special]
    axial, zonal = merged.axial[special], merged.zonal[special]
    expected = merged.expected[special]
    z, sigma = merged.z[special], merged.sigma_z[special]
    ratio = np.clip(z / sigma, -LARGEST, LARGEST)
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
    sums = [total(absence[:, t], masks) for t in range(len(tolerances.values))]
    in_main, in_wide = sums[tolerances.main], sums[tolerances.wide]
    main, wide = absence[:, tolerances.main], absence[:, tolerances.wide]
    centric = [
        np.clip(total(absence_centric[:, t], masks), -CLIP, CLIP)
        for t in (tolerances.main, tolerances.wide)
    ]
    # Positions that are expected and not listed: absent ones may have been removed.
    unlisted = (masks & (expected & ~listed)).sum(axis=1)
    largest = np.where(masks & listed, np.nan_to_num(ratio, nan=-LARGEST), -LARGEST)
    columns = [
        total(ones, masks),
        total(ones, masks & axial),
        total(ones, masks & zonal),
        total(ones, ~masks & axial),
        total(ones, ~masks & zonal),
        *np.clip(sums, -CLIP, CLIP),
        *centric,
        mean(main, masks),
        np.clip(total(main, masks & axial), -CLIP, CLIP),
        np.clip(total(main, masks & zonal), -CLIP, CLIP),
        np.maximum(in_main - in_main.max(), -CLIP),
        np.maximum(in_wide - in_wide.max(), -CLIP),
        mean(ratio, masks & axial),
        mean(ratio, masks & zonal),
        mean(ratio, ~masks & axial),
        mean(ratio, ~masks & zonal),
        mean(z, masks),
        mean(z, ~masks),
        mean((ratio > 3).astype(float), masks),
        mean((ratio > 3).astype(float), ~masks),
        np.where((masks & listed).any(axis=1), largest.max(axis=1, initial=-LARGEST), np.nan),
        (masks & expected).sum(axis=1),
        share(masks),
        share(~masks),
        unlisted,
        # What speaks for absences that the group does not have.
        _most_missed(masks, np.where(listed, wide, 0), axial),
        _most_missed(masks, np.where(listed, wide, 0), zonal),
    ]
    table = np.stack([np.asarray(column, dtype=float) for column in columns], axis=1)
    return table, in_main


def _most_missed(masks: NDArray[np.bool_], values: Floats, where: NDArray[np.bool_]) -> Floats:
    """Return the largest sum of other settings over reflections that each setting allows."""
    chosen = np.where(where, values, 0.0)
    together = (masks * chosen) @ masks.T.astype(float)  # of reflections that both forbid
    alone = (masks @ chosen)[None, :] - together
    found: Floats = np.clip(alone.max(axis=1, initial=0.0), 0, CLIP)
    return found
