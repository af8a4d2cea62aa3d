"""Zones of crystals as micrographs would give them: what the ranker of micrographs is trained on.

Kinematic intensities of electrons along a few zone axes get the errors of real patterns: those of
multiple scattering, the ground under the spots, a beam stop, and the limit of what stands out.
"""

from dataclasses import dataclass
from typing import Any

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.crystal import Crystal, space_group_of
from spacegrouper.crystals.group_operations import centring_operations
from spacegrouper.crystals.reference_setting import in_reference_setting
from spacegrouper.techniques.micrographs.grid_points import grid_points
from spacegrouper.techniques.micrographs.micrograph import Floats, Indices, Mask
from spacegrouper.techniques.micrographs.zone import reflections_across, zone_axes
from spacegrouper.techniques.micrographs.zone_reflections import merged_zones
from spacegrouper.techniques.reflections.cells import cell_of
from spacegrouper.techniques.reflections.ranking.simulated_list import (
    Draw,
    calculated_grid,
)
from spacegrouper.techniques.reflections.reflection_list import ReflectionList

_FEWEST = 8  # reflections, and spots, of a zone
_SPOT = 6.0  # of the noise: what is found as a spot
_OUTERMOST = 0.97  # quantile of the spots' distances up to which a zone is integrated
_FALLING = 0.5  # 1/Angstrom, width of the envelope of multiple scattering
_INSTABILITY, _FLOOR = 0.05, 0.01  # parts of sigma: of the intensity, and of the mean of a zone

Pair = tuple[float, float]


@dataclass(frozen=True)
class Imaging:
    """How zones are simulated; of each pair of numbers a crystal or a zone has a value between.

    Args:
        zones: shares of crystals with one, two, three and four zones.
        main: share of zones along an axis of the cell; others have indices up to 2.
        resolution: smallest lattice spacing, Angstrom.
        b: displacement parameter, Angstrom^2.
        scatter: of each spot by multiple scattering, standard deviation of the logarithm.
        leak: mean intensity of multiple scattering at every place, of the mean of the zone, on a
            logarithmic scale.
        zone_leak: factor by which that differs from zone to zone, on a logarithmic scale.
        counts: of the strongest spot, on a logarithmic scale.
        halo: counts under a spot next to the beam, on a logarithmic scale.
        halo_width: 1/Angstrom over which it falls to 1/e.
        ground: counts under every spot, on a logarithmic scale.
        stops: share of zones with a beam stop.
        stop: its radius, 1/Angstrom, on a logarithmic scale; its arm is a third as wide.
        inexact: share of cells that are off, by up to `jitter`, relative.
        jitter: how far, at most.
    """

    zones: tuple[float, float, float, float] = (0.25, 0.15, 0.45, 0.15)
    main: float = 0.8
    resolution: Pair = (0.55, 1.1)
    b: Pair = (0.2, 4.0)
    scatter: Pair = (0.05, 0.6)
    leak: Pair = (0.002, 0.3)
    zone_leak: Pair = (0.5, 2.0)
    counts: Pair = (1e4, 1e6)
    halo: Pair = (300.0, 1e4)
    halo_width: Pair = (0.15, 0.6)
    ground: Pair = (100.0, 1000.0)
    stops: float = 0.5
    stop: Pair = (0.03, 0.2)
    inexact: float = 0.5
    jitter: float = 0.005


@dataclass(frozen=True, eq=False)
class Zones:
    """Reflections of some zones of a crystal.

    Args:
        measured: the list, in the axes of the International Tables.
        spots: (n, 3), the reflections that stand out of the noise.
        axes: of the zones, u, v, w.
    """

    measured: ReflectionList
    spots: Indices
    axes: tuple[tuple[int, int, int], ...]


def simulated_zones(
    crystal: Crystal, imaging: Imaging, generator: np.random.Generator
) -> Zones | None:
    """Measure some zones of a crystal; None where a zone shows too little.

    Args:
        crystal: whose metadata names its space group.
        imaging: what is drawn.
        generator: all that is random.

    Raises:
        UnusableCrystalError: the cell has not the symmetry of that space group.
    """
    crystal = in_reference_setting(crystal)
    draw = Draw(generator)
    shortest = draw.even(imaging.resolution)
    grid, largest = calculated_grid(crystal, shortest, "electron", draw.even(imaging.b))
    operations = gemmi.find_spacegroup_by_number(space_group_of(crystal)).operations()
    centring = centring_operations(operations)
    scatter, leak = draw.even(imaging.scatter), draw.logarithmic(imaging.leak)
    axes = _axes(imaging, draw)
    zones, spots = [], []
    for axis in axes:
        across = reflections_across(np.array(axis))
        nodes = _nodes(across, crystal.lattice, largest, shortest)
        hkl = nodes @ across
        calculated = _calculated(grid, hkl, largest)
        if len(hkl) < _FEWEST or not calculated.any():
            return None
        in_plane = nodes @ np.linalg.cholesky(_metric(across, crystal.lattice))
        indices = np.ascontiguousarray(hkl, dtype=np.int32)
        point = ~np.asarray(centring.systematic_absences(indices), dtype=bool)
        values = calculated / calculated.mean()
        values = values * np.exp(scatter * generator.standard_normal(len(values)))
        envelope = point * np.exp(-0.5 * (np.linalg.norm(in_plane, axis=1) / _FALLING) ** 2)
        mean = leak * draw.logarithmic(imaging.zone_leak)
        values += mean * envelope / envelope.mean() * generator.exponential(size=len(values))
        found = _exposed(values, in_plane, imaging, draw)
        if found is None:
            return None
        values, sigma, seen, strong = found
        zones.append((hkl[seen], values[seen], sigma[seen]))
        spots.append(hkl[strong])
    hkl, values, sigma = merged_zones(zones)
    off = draw.happens(imaging.inexact)
    strain = off * draw.even((0, imaging.jitter)) * generator.standard_normal((3, 3))
    measured = ReflectionList(
        hkl=hkl.astype(np.int32),
        intensity=values,
        sigma=sigma,
        cell=cell_of(crystal.lattice @ (np.eye(3) + strain)),
        wavelength=None,
        radiation="electron",
    )
    return Zones(measured, np.concatenate(spots), tuple(axes))


def _axes(imaging: Imaging, draw: Draw) -> list[tuple[int, int, int]]:
    """Return the zone axes of a crystal, each once."""
    generator = draw.generator
    number = 1 + int(generator.choice(len(imaging.zones), p=imaging.zones))
    main = [tuple(axis) for axis in np.eye(3, dtype=int)[generator.permutation(3)].tolist()]
    others = [axis for axis in zone_axes() if max(map(abs, axis)) <= 2 and axis not in main]
    found = []
    for _ in range(number):
        along = main and draw.happens(imaging.main)
        found.append(main.pop() if along else others.pop(generator.integers(len(others))))
    return found


def _metric(across: Indices, lattice: Floats) -> Floats:
    """Return the scalar products of two reflections, 1/Angstrom^2."""
    vectors = across @ np.linalg.inv(lattice).T
    found: Floats = vectors @ vectors.T
    return found


def _nodes(across: Indices, lattice: Floats, largest: int, shortest: float) -> Indices:
    """Return nodes (n, 2) of a zone within the resolution and the indices of a grid."""
    # Enough for zone axes with indices up to 2; what is too far out is left out below.
    nodes = grid_points(3 * largest)
    s_squared = ((nodes @ _metric(across, lattice)) * nodes).sum(axis=1)
    inside = (s_squared > 0) & (s_squared <= 1 / shortest**2)
    inside &= np.abs(nodes @ across).max(axis=1) <= largest
    found: Indices = nodes[inside]
    return found


def _calculated(grid: NDArray[Any], hkl: Indices, largest: int) -> Floats:
    """Return intensities of a grid with l from 0; Friedel mates have the same."""
    half = np.where(hkl[:, 2:] < 0, -hkl, hkl)
    return np.asarray(grid[half[:, 2], half[:, 0] + largest, half[:, 1] + largest], dtype=float)


def _exposed(
    values: Floats, in_plane: Floats, imaging: Imaging, draw: Draw
) -> tuple[Floats, Floats, Mask, Mask] | None:
    """Return counts, their sigma, what was measured, and what stands out; None where too little."""
    away = np.linalg.norm(in_plane, axis=1)
    counts = values * (draw.logarithmic(imaging.counts) / values.max())
    halo = draw.logarithmic(imaging.halo)
    ground = halo * np.exp(-away / draw.even(imaging.halo_width))
    ground += draw.logarithmic(imaging.ground)
    noise = np.sqrt(counts + ground)
    counts = counts + noise * draw.generator.standard_normal(len(counts))
    floor = _FLOOR * max(float(counts.mean()), 0.0)
    sigma = np.sqrt(np.maximum(counts, 0) + ground + (_INSTABILITY * counts) ** 2 + floor**2)
    seen = np.ones(len(counts), dtype=bool)
    if draw.happens(imaging.stops):
        radius, angle = draw.logarithmic(imaging.stop), draw.even((0, 2 * np.pi))
        along = in_plane @ [np.cos(angle), np.sin(angle)]
        across = np.abs(in_plane @ [-np.sin(angle), np.cos(angle)])
        seen = (away > radius) & ~((across < radius / 3) & (along > 0))
    strong = seen & (counts > _SPOT * noise)
    if strong.sum() < _FEWEST:
        return None
    seen &= away <= np.quantile(away[strong], _OUTERMOST)
    return counts, sigma, seen, strong
