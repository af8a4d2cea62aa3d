"""What a reader of an answer should know, in words."""

from collections.abc import Callable, Mapping, Sequence
from math import exp, isnan

import gemmi
import numpy as np

from spacegrouper.errors import UserError
from spacegrouper.techniques.reflections.equivalents import Floats
from spacegrouper.techniques.reflections.ranking.features import (
    LIST_FEATURES,
    Candidate,
    Candidates,
)
from spacegrouper.techniques.reflections.ranking.reduction import ReducedList
from spacegrouper.techniques.reflections.reflection_list import STRAYS, ReflectionList

_MERGED = (
    "the list is merged: equivalent reflections are there once, so how well they agree cannot be "
    "tested, and the Laue class is in part that of whoever merged it"
)
_AVERAGED = (
    "the list is merged: each reflection is there once, so how well repeated measurements agree "
    "cannot be tested"
)
MERGED = (_MERGED, _AVERAGED)

_FEWEST_AXIAL = 5
_LISTED = 0.1  # of forbidden positions, where more than half of the others are listed
# Of the lattices of crystal systems, but for rhombohedral ones.
_ROTATIONS = {
    **{"triclinic": 1, "monoclinic": 2, "orthorhombic": 4, "tetragonal": 8},
    **{"trigonal": 12, "hexagonal": 12, "cubic": 24},
}
_NEARLY = 0.5  # correlation of a rotation that is refused
_OFF = 0.02  # relative deviation of the lattice from a rotation, 0.01 of an angle is 0.6 degrees
# Correlation of what is one reflection, with two standard errors added, where sigma has it above
# half. Of measured lists that of repeated measurements is 0.47 and more, that of Friedel mates 0.69
# and more, the lowest of electrons; of intensities drawn at random both are 0.
_UNRELATED, _HARDLY_RELATED, _BY_SIGMA = 0.2, 0.4, 0.5
# Numbers of a list by what they are, and how they are written. Not how many reflections there are:
# more of them are no less evidence.
_NAMED: dict[str, tuple[str, Callable[[float], str]]] = {
    "strong": ("share of reflections above 3 sigma", "{:.2f}".format),
    "median_i_over_sigma": ("median I/sigma", "{:.1f}".format),
    "e_squared": ("mean |E^2 - 1|", "{:.3f}".format),
    "l_mean": ("mean |L|", "{:.3f}".format),
    "volume": ("volume of the primitive cell", lambda value: f"{exp(value):,.0f} A^3"),
    "listed": ("share of possible reflections that are listed", "{:.2f}".format),
}


def warnings_of(measured: ReflectionList, found: Candidates, first: Candidate) -> tuple[str, ...]:
    """Return sentences about a list and its likeliest candidate."""
    rotations = found.rotations
    members = found.laue[first.laue].members
    identity = (rotations.matrices == np.eye(3)).all(axis=(1, 2))
    kept, refused = members & ~identity, ~members
    said = []
    if measured.merged or (rotations.coverage[kept] < STRAYS).any():
        # Without rotations there is one Laue class.
        said.append(_MERGED if len(rotations.matrices) > 1 else _AVERAGED)
    expected = first.axial.expected + first.zonal.expected
    listed = first.axial.number + first.zonal.number
    allowed = first.allowed_axial, first.allowed_zonal
    others = sum(each.number for each in allowed) / max(sum(each.expected for each in allowed), 1)
    if expected >= 10 and listed < _LISTED * expected and others > 0.5:
        said.append(
            "reflections that the likeliest group forbids are not in the list: they were probably "
            "removed as absent, so the group is in part that of whoever removed them"
        )
    nearly = np.flatnonzero(refused & (np.nan_to_num(rotations.correlation) > _NEARLY))
    test = found.twin_test
    if test.suspects_a_twin or len(nearly):
        why = []
        if test.suspects_a_twin:
            why.append(
                f"mean |L| is {test.measured.l_mean:.2f}, and with these sigma "
                f"{test.single.l_mean:.2f} without twinning"
            )
        if len(nearly):
            best = rotations.correlation[nearly].max()
            why.append(
                f"a rotation that the likeliest group has not still correlates with {best:.2f}"
            )
        said.append(f"a twin, or pseudo-symmetry, is suspected: {'; '.join(why)}")
    axial = first.axial.number + first.allowed_axial.number
    # A centring may leave no screw axis in question.
    in_question = any(row.axial.expected for row in found.rows if row.laue == first.laue)
    if kept.any() and in_question and axial < _FEWEST_AXIAL:
        number = "1 reflection is" if axial == 1 else f"{axial} reflections are"
        said.append(f"{number} on the axes of rotation: screw axes are hardly tested")
    if len(rotations.matrices) > _lattice_rotations(first.setting.number):
        said.append(
            "the lattice has more symmetry, within 3 degrees, than that of the likeliest group "
            "must have: its metric is pseudo-symmetric"
        )
    if kept.any() and rotations.deviation[kept].max() > _OFF:
        said.append(
            "the given cell is off the symmetry of the likeliest group by more than a measured "
            "cell should be"
        )
    return tuple(said)


def _lattice_rotations(number: int) -> int:
    """Return how many rotations a lattice has whose crystals have a space group."""
    group = gemmi.get_spacegroup_reference_setting(number)
    if group.hm.startswith("R"):
        return 6
    return _ROTATIONS[group.crystal_system_str()]


def check_agreement(reflections: ReducedList) -> tuple[str, ...]:
    """Return a sentence where what is nearly equal in any crystal hardly agrees.

    Raises:
        UserError: it does not at all, whatever the symmetry.
    """
    of_repeated = reflections.repeated, reflections.repeated_expected, reflections.repetitions
    of_mates = reflections.mates, reflections.expected, reflections.pairs
    for words, (correlation, expected, number) in (
        ("repeated measurements and Friedel mates", of_repeated),
        ("Friedel mates", of_mates),
    ):
        highest = correlation + 2 / max(number, 1) ** 0.5
        # Written so that NaN passes.
        if expected < _BY_SIGMA or not highest < _HARDLY_RELATED:
            continue
        said = (
            f"the {words} of {number} reflections correlate with {correlation:.2f}, but by their "
            f"sigma with {expected:.2f}"
        )
        if highest < _UNRELATED:
            raise UserError(
                f"{said}: these are not the intensities of a crystal, or not with these indices; "
                "check the columns, and the indexing"
            )
        return (
            f"{said}: several crystals or scales, wrong indices or sigma; any group is doubtful",
        )
    return ()


def unlike_training(
    of_list: Floats, ranges: Mapping[str, Sequence[float]] | None
) -> tuple[str, ...]:
    """Return a sentence about numbers of a list that hardly any had which a ranker was trained on.

    Args:
        of_list: LIST_FEATURES.
        ranges: what almost all lists of its training are between, by name; none of older rankers.
    """
    outside = []
    for name, value in zip(LIST_FEATURES, of_list.tolist(), strict=True):
        if ranges is None or name not in ranges or name not in _NAMED or isnan(value):
            continue
        words, written = _NAMED[name]
        low, high = ranges[name]
        if not low <= value <= high:
            limit = f"below {written(low)}" if value < low else f"above {written(high)}"
            outside.append(f"{words} {written(value)}, {limit}")
    if not outside:
        return ()
    return (
        "unlike the lists that the ranker was trained on, so its probabilities were not tested on "
        f"such: {'; '.join(outside)}",
    )
