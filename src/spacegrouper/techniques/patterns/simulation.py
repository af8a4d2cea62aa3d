"""Simulating the crystals of a block, over the threads of one process."""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.engine import Patterns
from spacegrouper.crystals.copies import is_copy
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.errors import UserError
from spacegrouper.randomness import generator_for
from spacegrouper.settings import Disorder, Simulate
from spacegrouper.techniques.form_factors import reason_against_elements
from spacegrouper.techniques.patterns.bounds import check_memory, reason_against_pattern
from spacegrouper.techniques.patterns.condor import Children, condor_intensities
from spacegrouper.techniques.patterns.grey_scale import GreyScale
from spacegrouper.techniques.patterns.kinematic import (
    Experiment,
    grey_patterns,
    intensities,
    make_experiment,
)
from spacegrouper.techniques.patterns.settings import Variation

# What equal settings and crystals give; raise it with every change of the patterns, so that old and
# new ones are not mixed. 2: the brightest pixel is 255; in one pattern of seven it was 254 before.
PATTERN_VERSION = 2

BLACK = "no pixel of its patterns is bright"  # why such a crystal is rejected
# Crystals in memory at a time: enough to keep the threads busy, few enough for blocks of any size.
_BATCH = 64
_BATCH_BYTES = 10**9 // 2  # of their patterns, which are there twice
_NO_VARIATION = Variation()
_MOST_PHOTONS = 1e15  # in a pixel; beyond, NumPy's Poisson numbers are no longer exact


def simulate_crystals(
    crystals: Sequence[Crystal],
    settings: Simulate,
    seed: int,
    threads: int,
    variation: Variation = _NO_VARIATION,
) -> Iterator[Patterns]:
    """Simulate crystals as they are given, some at a time; no result depends on the threads.

    Copies of crystals are varied. A crystal that is too large to be simulated (bounds.py), or whose
    patterns are black, is rejected. Raises UserError if Condor is asked for but does not work, for
    settings that no crystal fits, and for more photons than can be counted.
    """
    reasons = [
        reason_against_elements(crystal.species, settings.form_factors) for crystal in crystals
    ]
    possible = [crystal for crystal, reason in zip(crystals, reasons, strict=True) if not reason]
    elements = {symbol for crystal in possible for symbol in crystal.species}
    check_memory(settings, len(elements))
    experiment = make_experiment(settings, sorted(elements))
    reasons = [
        reason or reason_against_pattern(crystal, settings, experiment)
        for crystal, reason in zip(crystals, reasons, strict=True)
    ]
    dtype = experiment.grey_scale.dtype
    batch_size = max(1, min(_BATCH, _BATCH_BYTES // (math.prod(experiment.shape) * dtype.itemsize)))
    children = Children()

    def simulate(crystal: Crystal, reason: str) -> tuple[NDArray[Any], NDArray[np.float64], str]:
        if reason:
            return np.zeros(experiment.shape, dtype), np.zeros(experiment.shape[0]), reason
        try:
            if is_copy(crystal):
                values, maxima = _simulate_copy(
                    experiment, crystal, settings, variation, seed, children
                )
            else:
                values, maxima = _simulate(experiment, crystal, settings, seed, children)
        except UserError as error:
            raise UserError(f"crystal {crystal.id}: {error}") from None
        return values, maxima, "" if maxima.any() else BLACK

    with _threads(threads, children) as pool:
        for start in range(0, len(crystals), batch_size):
            batch = slice(start, start + batch_size)
            simulated = pool.map(simulate, crystals[batch], reasons[batch])
            values, maxima, found = zip(*simulated, strict=True)
            yield Patterns(np.stack(values), np.stack(maxima), found)


@contextmanager
def _threads(count: int, children: Children) -> Iterator[ThreadPoolExecutor]:
    """Start threads, which finish their crystals only if the body does not fail, as by Ctrl-C."""
    with ThreadPoolExecutor(count) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            children.end()
            raise


def _simulate(
    experiment: Experiment, crystal: Crystal, settings: Simulate, seed: int, children: Children
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return the patterns of a crystal (views, pixels, pixels), and the maximum of each."""
    if _is_periodic(settings) and settings.bit_depth != 32 and not settings.poisson_noise:
        return grey_patterns(experiment, crystal.lattice, crystal.species, crystal.frac_coords)
    photons = _photons(experiment, crystal, settings, seed, children)
    if settings.poisson_noise:
        if photons.max() > _MOST_PHOTONS:
            raise UserError(
                f"simulate.pulse_energy: {photons.max():.1e} photons in a pixel are too many to "
                "count; lower it, or leave out `poisson_noise`"
            )
        photons = generator_for(seed, crystal.id, "noise").poisson(photons).astype(np.float64)
    return _stored(photons, experiment.grey_scale)


def _simulate_copy(
    experiment: Experiment,
    crystal: Crystal,
    settings: Simulate,
    variation: Variation,
    seed: int,
    children: Children,
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return what `_simulate` does, of a copy and its own experiment."""
    # Only here: it is slow to import, and most runs have no copies.
    from spacegrouper.techniques.patterns.variation import counted, varied

    own = varied(experiment, crystal.id, variation, seed)
    if variation.counts is None:
        return _simulate(own, crystal, settings, seed, children)
    photons = _photons(own, crystal, settings, seed, children)
    return _stored(counted(photons, crystal.id, variation.counts, seed), own.grey_scale)


def _is_periodic(settings: Simulate) -> bool:
    return settings.engine == "kinematic" and settings.disorder == Disorder()


def _photons(
    experiment: Experiment, crystal: Crystal, settings: Simulate, seed: int, children: Children
) -> NDArray[np.float64]:
    """Return the patterns of a crystal (views, pixels, pixels), photons per pixel."""
    cell = (crystal.lattice, crystal.species, crystal.frac_coords)
    match settings.engine:
        case "condor":
            return condor_intensities(settings, *cell, children)
        case "kinematic" if _is_periodic(settings):
            return intensities(experiment, *cell)
        case "kinematic":
            return _disordered_intensities(experiment, crystal, settings, seed)
        case other:
            raise UserError(f"simulate.engine: {other!r} simulates no single crystals")


def _stored(
    photons: NDArray[np.float64], scale: GreyScale
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return patterns in the depth of the dataset, and the maximum of each."""
    if scale.bit_depth != 32:
        return scale.levels(photons)
    return photons.astype(np.float32), photons.max(axis=(1, 2))


def _disordered_intensities(
    experiment: Experiment, crystal: Crystal, settings: Simulate, seed: int
) -> NDArray[np.float64]:
    """Return the patterns of a crystal with defects, photons per pixel."""
    # It takes as long to import as all else here, and most runs have no use for it.
    from spacegrouper.techniques.patterns.disorder import disordered_atoms, sum_over_atoms

    positions, sites, weights = disordered_atoms(crystal, settings, seed)
    elements = sorted(set(crystal.species))
    rows = np.array([elements.index(symbol) for symbol in crystal.species])
    of_elements = [experiment.species.index(symbol) for symbol in elements]
    factors = experiment.form_factors[of_elements][:, experiment.shells]
    patterns: NDArray[np.float64] = np.stack(
        [
            experiment.photons
            * sum(
                sum_over_atoms(positions @ rotation.T, rows[sites], weights, factors, experiment.s)
                for rotation in rotations
            )
            for rotations in experiment.rotations
        ]
    )
    return patterns.reshape(experiment.shape)
