"""A measured list in the reduced cell of its lattice, each reflection once.

Nothing that is found further on depends on the axes in which the list was written: the lattice is
that of the reflections which are there, and its reduced cell is unique but for the lattice's own
rotations.
"""

import itertools
from dataclasses import dataclass
from typing import Any

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.errors import UserError
from spacegrouper.techniques.reflections.cells import cell_of, metrics_of
from spacegrouper.techniques.reflections.equivalents import (
    Floats,
    Indices,
    averaged,
    indices_of,
    keys_of,
)
from spacegrouper.techniques.reflections.reflection_list import ReflectionList

_FEWEST = 30  # reflections that a lattice is judged by
_MOST_PRESENT = 0.05  # of reflections that a centring forbids, above 3 sigma
_STRONGEST = 0.02  # median intensity of these, of the others' mean
_ABOVE_NOISE = 0.6  # mean I / sigma of these, each taken for 5 at most
_SAME_LENGTH = 1e-5  # relative, of edges that a reduction takes for equal
_FEW_STRONG, _LITTLE = 0.25, 0.02  # of the others, where a given centring forbids reflections
# A space group of each centring.
_CENTRED_GROUPS = {
    "A": "A 1 2 1", "B": "B 2 1 1", "C": "C 1 2 1", "I": "I 2 2 2", "F": "F 2 2 2", "R": "R 3:H",
}  # fmt: skip
_IN_A_SHELL = 60
_MOST_SHELLS = 30


@dataclass(frozen=True, eq=False)
class ReducedList:
    """Reflections of the primitive reduced cell, repetitions and Friedel mates averaged.

    Args:
        hkl: (n, 3), of each pair of Friedel mates the one with the higher key, in order of keys.
        keys: (n,), see `keys_of`, ascending.
        intensity: (n,), as measured.
        sigma: (n,), of the averages.
        z: (n,), intensity over the mean of its shell of resolution, E^2.
        sigma_z: (n,).
        s_squared: (n,), 1/Angstrom^2.
        lattice: (3, 3), Angstrom, rows; right-handed.
        axes: (3, 3), rows, in units of the given axes.
        repeated: correlation of repeated measurements and Friedel mates, NaN where there are none.
        repeated_expected: the same, as the standard uncertainties of single ones have it.
        repetitions: how many reflections that is of.
        expected: the correlation of averages, as their standard uncertainties have it.
        mates: correlation of Friedel mates, each averaged before; NaN where there are none.
        pairs: how many pairs that is of.
        left_out: how many given reflections a centring of the given cell forbids.
        left_out_i_over_sigma: their mean, NaN without any.
    """

    hkl: Indices
    keys: Indices
    intensity: Floats
    sigma: Floats
    z: Floats
    sigma_z: Floats
    s_squared: Floats
    lattice: Floats
    axes: Floats
    repeated: float
    repeated_expected: float
    repetitions: int
    expected: float
    mates: float
    pairs: int
    left_out: int
    left_out_i_over_sigma: float


def reduced_list(measured: ReflectionList, centring: str | None = None) -> ReducedList:
    """Bring a list into the reduced cell of the lattice that its reflections have.

    Args:
        measured: the list.
        centring: of the given cell, such as `I`, where too few zones are in the list for its
            reflections to show it.

    Raises:
        UserError: too few reflections, hardly any above their uncertainties, or all in one plane
            where no centring is given.
    """
    ratio = measured.intensity / measured.sigma
    if len(ratio) < _FEWEST or (ratio > 3).sum() < _FEWEST // 2:
        raise UserError(
            f"{(ratio > 3).sum()} of {len(ratio)} reflections are above 3 sigma; a space group "
            f"needs at least {_FEWEST} reflections, half of them so"
        )
    if centring is None and not _in_space(measured.hkl):
        raise UserError(
            "all reflections are in one zone, which says nothing of the lattice across it; give "
            "those of other zones too"
        )
    given = np.linalg.cholesky(metrics_of(measured.cell[None])[0])
    primitive, kept = _primitive(measured) if centring is None else _centred(measured, centring)
    axes = _niggli(primitive @ given) @ primitive
    hkl = np.round(measured.hkl[kept] @ axes.T).astype(np.int64)
    lattice = axes @ given
    keys, group, count, intensity, sigma = averaged(
        keys_of(hkl), measured.intensity[kept], measured.sigma[kept]
    )
    unique = indices_of(keys)
    s_squared = ((unique @ np.linalg.inv(lattice).T) ** 2).sum(axis=1)
    means = _means(s_squared, intensity)
    amplitude = np.sqrt(np.maximum(measured.intensity[kept], 0) / means[group])
    size = np.sqrt(np.maximum(intensity / means, 0))
    # One of two mates has another index than their common key.
    signed = averaged(2 * keys[group] + (hkl != unique[group]).any(axis=1), amplitude, sigma[group])
    of_mate, times = np.unique(signed.keys // 2, return_inverse=True, return_counts=True)[1:]
    return ReducedList(
        hkl=unique,
        keys=keys,
        intensity=intensity,
        sigma=sigma,
        z=intensity / means,
        sigma_z=sigma / means,
        s_squared=s_squared,
        lattice=lattice,
        axes=axes,
        repeated=_agreement(amplitude, group, count),
        repeated_expected=_expected(amplitude, size[group], measured.sigma[kept] / means[group]),
        repetitions=int((count > 1).sum()),
        expected=_expected(size, size, sigma / means),
        mates=_agreement(signed.values, of_mate, times),
        pairs=int((times > 1).sum()),
        left_out=int((~kept).sum()),
        left_out_i_over_sigma=float(ratio[~kept].mean()) if (~kept).any() else np.nan,
    )


def _expected(amplitude: Floats, size: Floats, sigma_z: Floats) -> float:
    """Return how much of the variance of amplitudes |E| is not of their uncertainties.

    Args:
        amplitude: (n,).
        size: (n,), their best estimates.
        sigma_z: (n,), of their squares.
    """
    # From the uncertainty of E^2; near zero that of |E| is its root.
    spread = np.minimum(sigma_z / (2 * size + 1e-9), np.sqrt(sigma_z))
    variance = amplitude.var()
    return float(np.clip(1 - (spread**2).mean() / variance, 0, 1)) if variance else 0.0


def _primitive(measured: ReflectionList) -> tuple[Floats, NDArray[np.bool_]]:
    """Return primitive axes (3, 3), rows in units of the given, and the reflections they index.

    A vector v / p, of p = 2 or 3, belongs to the lattice if only reflections are present whose
    v.h is a multiple of p; one step of index 2 or 3 is made after the other, as long as what is
    left is more than a plane.
    """
    axes, kept = np.eye(3), np.ones(len(measured.hkl), dtype=bool)
    found = True
    while found:
        found = False
        for p in (2, 3):
            for v in _directions(p):
                hkl = np.round(measured.hkl @ axes.T).astype(np.int64)
                inside = kept & (hkl @ v % p == 0)
                if not _absent(measured, kept & ~inside, inside) or not _in_space(hkl[inside]):
                    continue
                step = np.eye(3)
                place = int(np.flatnonzero(v)[0])
                step[place] = v / p
                axes, kept, found = step @ axes, inside, True
                break
    return axes, kept


def possible_centrings(measured: ReflectionList, spots: Indices) -> list[str]:
    """Return the centrings that the given cell may have by zones of images, P the last.

    Where a centring forbids reflections either no spot was found, or what was integrated there is
    nothing beside the others. Of those that fit, the ones that forbid most of the list; and always
    a primitive cell, as glide planes across all zones look the same.

    Args:
        measured: all places of the zones.
        spots: (n, 3), reflections that span those whose spots were found.
    """
    strong = measured.intensity > 3 * measured.sigma
    forbidden = {}
    for letter in _CENTRED_GROUPS:
        mask = ~_allowed(measured.hkl, letter)
        if not mask.any() or mask.all():
            continue
        little = measured.intensity[mask].mean() < _LITTLE * measured.intensity[~mask].mean()
        nothing = little and strong[mask].mean() < _FEW_STRONG * strong[~mask].mean()
        if nothing or _allowed(spots, letter).all():
            forbidden[letter] = int(mask.sum())
    most = max(forbidden.values(), default=0)
    return [*(letter for letter, number in forbidden.items() if number == most), "P"]


def _allowed(hkl: NDArray[Any], centring: str) -> NDArray[np.bool_]:
    """Return which reflections (n, 3) a centring of the given cell allows."""
    if centring == "P":
        return np.ones(len(hkl), dtype=bool)
    operations = gemmi.GroupOps([gemmi.Op()])
    operations.cen_ops = gemmi.SpaceGroup(_CENTRED_GROUPS[centring]).operations().cen_ops
    indices = np.ascontiguousarray(hkl, dtype=np.int32)
    return ~np.asarray(operations.systematic_absences(indices), dtype=bool)


def _centred(measured: ReflectionList, centring: str) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the primitive axes of a centring of the given cell, as `_primitive` does."""
    if centring == "P":
        return np.eye(3), _allowed(measured.hkl, "P")
    turn = gemmi.SpaceGroup(_CENTRED_GROUPS[centring]).centred_to_primitive().rot
    axes: Floats = np.array(turn).T / gemmi.Op.DEN
    return axes, _allowed(measured.hkl, centring)


def _in_space(hkl: NDArray[Any]) -> bool:
    """Tell whether reflections (n, 3) are neither in a plane nor on a line."""
    return bool(np.linalg.matrix_rank(hkl.T.astype(float) @ hkl) == 3)


def _directions(p: int) -> list[Indices]:
    """Return one vector for each lattice of index p: the first number that is not 0 is 1."""
    vectors = (np.array(v) for v in itertools.product(range(p), repeat=3) if any(v))
    return [v for v in vectors if v[np.flatnonzero(v)[0]] == 1]


def _absent(
    measured: ReflectionList, outside: NDArray[np.bool_], inside: NDArray[np.bool_]
) -> bool:
    if inside.sum() < _FEWEST // 2:
        return False
    if not outside.any():
        return True
    strong = measured.intensity > 3 * measured.sigma
    weakest = _STRONGEST * max(measured.intensity[inside].mean(), 0)
    few = strong[outside].mean() < _MOST_PRESENT * max(strong[inside].mean(), 0.2)
    ratio = np.clip(measured.intensity[outside] / measured.sigma[outside], -5, 5)
    weak = np.median(measured.intensity[outside]) <= weakest
    return bool(few and weak and ratio.mean() < _ABOVE_NOISE)


def _niggli(lattice: Floats) -> Floats:
    """Return the axes of the Niggli cell (3, 3), rows, right-handed, in units of the given."""
    cell = gemmi.UnitCell(*cell_of(lattice))
    reduction = gemmi.GruberVector(cell, "P", track_change_of_basis=True)
    reduction.niggli_reduce(epsilon=_SAME_LENGTH * abs(np.linalg.det(lattice)) ** (2 / 3))
    axes: Floats = np.array(reduction.change_of_basis.rot).T / gemmi.Op.DEN
    return axes if np.linalg.det(axes @ lattice) > 0 else -axes


def _means(s_squared: Floats, intensity: Floats) -> Floats:
    """Return the mean intensity of each reflection's shell of resolution, (n,), above 0."""
    ordered = np.sort(s_squared)
    shells = int(np.clip(len(ordered) // _IN_A_SHELL, 1, _MOST_SHELLS))
    # A little below: rounding errors must not part equivalent reflections.
    edges = ordered[np.arange(1, shells) * len(ordered) // shells] * (1 - 1e-9)
    shell = np.searchsorted(edges, s_squared, side="right")
    count = np.maximum(np.bincount(shell, minlength=shells), 1)
    means = np.bincount(shell, intensity, minlength=shells) / count
    lowest = 1e-3 * max(float(intensity.mean()), 1e-300)
    found: Floats = np.maximum(means, lowest)[shell]
    return found


def _agreement(amplitude: Floats, group: Indices, count: Indices) -> float:
    """Return the intraclass correlation of what was measured more than once."""
    repeated = count[group] > 1
    if repeated.sum() < _FEWEST:
        return np.nan
    means = np.bincount(group, amplitude) / count
    inside = ((amplitude - means[group])[repeated] ** 2).sum() / (count[count > 1] - 1).sum()
    total = amplitude[repeated].var()
    return float(np.clip(1 - inside / total, 0, 1)) if total > 0 else np.nan
