"""Whether intensities are spread as those of a twin: narrower than those of one crystal.

Of near reflections, L = (I1 - I2) / (I1 + I2) has the mean size 0.5 without a centre of inversion,
0.637 with one, and 0.375 where two crystals overlap in equal parts (J. E. Padilla and T. O. Yeates,
Acta Cryst. D59, 1124, 2003). Only strong reflections have an L that means something, and these are
more alike than all are: so what a list is compared with are intensities drawn by Wilson's
statistics, with its own standard uncertainties, of which the strong ones are taken as well.
"""

from dataclasses import dataclass

import numpy as np

from spacegrouper.techniques.reflections.equivalents import (
    Floats,
    Indices,
    find,
    indices_of,
    keys_of,
    representatives,
)
from spacegrouper.techniques.reflections.ranking.laue_candidates import Rotations
from spacegrouper.techniques.reflections.ranking.reduction import ReducedList

_STRONG = 3  # of sigma
_FEWEST = 20  # pairs that means are taken of
_ENOUGH = 200  # that a twin is suspected by
_IN_A_SHELL = 60  # reflections whose uncertainties are exchanged


@dataclass(frozen=True)
class Spread:
    """How far intensities are from their mean, and from each other.

    Args:
        e_squared: mean of |E^2 - 1|.
        l_mean: mean of |L|, NaN without pairs.
        l_squared: mean of L^2, NaN without pairs.
        pairs: of strong reflections, each counted from both sides.
    """

    e_squared: float
    l_mean: float
    l_squared: float
    pairs: int


@dataclass(frozen=True)
class TwinTest:
    """The spread of a list, and what it would be of crystals without a centre of inversion.

    Args:
        measured: of the list.
        single: of one crystal, with the uncertainties of the list.
        twin: of two that overlap in equal parts.
    """

    measured: Spread
    single: Spread
    twin: Spread

    @property
    def suspects_a_twin(self) -> bool:
        """Whether both spreads are nearer to those of a twin.

        Where one is far below them, as in crystals of few atoms, which reflect all alike, Wilson's
        statistics do not hold.
        """
        if self.measured.pairs < _ENOUGH:
            return False
        for name in ("e_squared", "l_mean"):
            measured, single, twin = (
                getattr(spread, name) for spread in (self.measured, self.single, self.twin)
            )
            half = (single - twin) / 2
            if not twin - half < measured < twin + half:
                return False
        return True


def twin_test(reflections: ReducedList, rotations: Rotations) -> TwinTest:
    """Compare the spread of a list's intensities with those of a single crystal and of a twin."""
    pairs = _pairs(reflections, rotations)
    generator = np.random.default_rng(0)
    one, other = generator.exponential(1, (2, len(reflections.z)))
    return TwinTest(
        _spread(reflections.z, reflections.sigma_z, pairs),
        _spread(*_measured(one, reflections, generator), pairs),
        _spread(*_measured((one + other) / 2, reflections, generator), pairs),
    )


def _pairs(reflections: ReducedList, rotations: Rotations) -> Indices:
    """Return the places of near reflections, (pairs, 2), each pair from both sides.

    They are two indices apart along an axis of the reduced cell, or any that the lattice's
    rotations make of one, and not equivalent in the lattice.
    """
    steps = indices_of(np.unique(keys_of(2 * rotations.matrices.reshape(-1, 3))))
    lattice_keys = representatives(reflections.hkl, rotations.matrices)
    found = []
    for step in np.concatenate([steps, -steps]):
        place, there = find(reflections.keys, keys_of(reflections.hkl + step))
        there &= lattice_keys[place] != lattice_keys
        found.append(np.stack([np.flatnonzero(there), place[there]], axis=1))
    return np.concatenate(found)


def _spread(z: Floats, sigma_z: Floats, pairs: Indices) -> Spread:
    e_squared = float(np.abs(z - 1).mean())
    strong = z > _STRONG * sigma_z
    one, other = z[pairs[strong[pairs].all(axis=1)]].T
    size = np.abs(one - other) / (one + other)
    if len(size) <= _FEWEST:
        return Spread(e_squared, np.nan, np.nan, len(size))
    return Spread(e_squared, float(size.mean()), float((size**2).mean()), len(size))


def _measured(
    z: Floats, reflections: ReducedList, generator: np.random.Generator
) -> tuple[Floats, Floats]:
    """Measure intensities (n,) as those of the list were; return them and their uncertainties.

    The uncertainty is that of the reflection of the same rank in its shell of resolution, as strong
    ones have larger ones.
    """
    shell = np.argsort(np.argsort(reflections.s_squared, kind="stable")) // _IN_A_SHELL
    sigma_z = np.empty_like(z)
    sigma_z[np.lexsort((z, shell))] = reflections.sigma_z[np.lexsort((reflections.z, shell))]
    return z + sigma_z * generator.standard_normal(len(z)), sigma_z
