"""Measured lists made of crystals: what a ranker is trained and tested on.

The physics is that of section `measurement` (../measurement.py). There, the levels of a grid are
measured; a list has intensities with their standard uncertainties instead, also below zero, and
equivalents that are measured one by one. Besides, lists are simulated as people have them: in any
primitive or conventional axes, merged, without absent reflections, incomplete.
"""

from dataclasses import dataclass

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.crystal import Crystal, space_group_of
from spacegrouper.crystals.group_operations import centring_operations, matrices_of, proper_matrices
from spacegrouper.crystals.reference_setting import in_reference_setting
from spacegrouper.settings.simulate import Radiation
from spacegrouper.techniques.reflections.cells import cell_of
from spacegrouper.techniques.reflections.equivalents import (
    Floats,
    Indices,
    averaged,
    find,
    indices_of,
    keys_of,
    representatives,
)
from spacegrouper.techniques.reflections.reflection_list import ReflectionList, are_merged
from spacegrouper.techniques.reflections.settings import Reflections
from spacegrouper.techniques.reflections.structure_factors import intensities, scatterers

Mask = NDArray[np.bool_]

_LARGEST_INDEX = 14
_FEWEST = 40  # reflections of a list
_SAME_LATTICE = 2.0  # degrees, of rotations that may be twin laws
_SHEARS = 4  # that make other axes of a lattice


@dataclass(frozen=True)
class Measuring:
    """How lists are simulated; of each pair of numbers a list has a value between them.

    Args:
        electrons: share of lists that are of electrons; the others are of X-rays.
        twins: share of lists that are of twins by (pseudo-)merohedry.
        twin_fraction: of a twin's smaller part.
        resolution: smallest lattice spacing, Angstrom.
        b: displacement parameter, Angstrom^2.
        absorption: standard deviation of the logarithm, over all directions.
        extinction: x, relative to the strongest reflection.
        counts: of the strongest reflection, on a logarithmic scale.
        background: counts under each reflection, on a logarithmic scale.
        instability: part of sigma, of the intensity.
        misjudged: how many times sigma is larger than the list says, on a logarithmic scale.
        scatter: of equivalents, standard deviation of the logarithm: with X-rays (beams of several
            thicknesses, frames badly scaled), with electrons (multiple scattering).
        shared_scatter: share of its variance that Friedel mates have in common.
        leak: mean intensity of multiple scattering at every place, of the mean intensity, on a
            logarithmic scale: with X-rays, with electrons.
        wedge: opening of what electrons do not reach, degrees.
        missing: share of reflections that is missing, in a third of the lists.
        merged: share of lists that are merged by the Laue class.
        stripped: share of lists without what the space group forbids.
        conventional: share of lists in conventional axes with all reflections of them.
        jitter: relative error of the edges, and of the angles in radians: with X-rays, with
            electrons.
    """

    electrons: float = 0.2
    twins: float = 0.1
    twin_fraction: tuple[float, float] = (0.05, 0.5)
    resolution: tuple[float, float] = (0.65, 1.1)
    b: tuple[float, float] = (0.2, 4.0)
    absorption: tuple[float, float] = (0.0, 0.3)
    extinction: tuple[float, float] = (0.0, 5.0)
    counts: tuple[float, float] = (1e3, 1e6)
    background: tuple[float, float] = (1.0, 100.0)
    instability: tuple[float, float] = (0.01, 0.06)
    misjudged: tuple[float, float] = (0.7, 3.0)
    scatter: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 0.2), (0.1, 0.7))
    shared_scatter: tuple[float, float] = (0.0, 1.0)
    leak: tuple[tuple[float, float], tuple[float, float]] = ((1e-6, 3e-3), (1e-3, 1e-1))
    wedge: tuple[float, float] = (0.0, 90.0)
    missing: tuple[float, float] = (0.02, 0.4)
    merged: float = 0.3
    stripped: float = 0.2
    conventional: float = 0.3
    jitter: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 2e-3), (0.0, 1e-2))


@dataclass(frozen=True)
class Draw:
    """Random numbers between limits."""

    generator: np.random.Generator

    def even(self, limits: tuple[float, float]) -> float:
        """Return a number between two, each as likely as the others."""
        return float(self.generator.uniform(*limits))

    def logarithmic(self, limits: tuple[float, float]) -> float:
        """Return a number between two, each as likely as the others on a logarithmic scale."""
        return float(np.exp(self.generator.uniform(*np.log(limits))))

    def happens(self, share: float) -> bool:
        """Tell whether what happens in such a share of cases does."""
        return bool(self.generator.random() < share)


def simulated_list(
    crystal: Crystal, measuring: Measuring, generator: np.random.Generator
) -> ReflectionList | None:
    """Measure a crystal; None where too few reflections are left.

    Args:
        crystal: whose metadata names its space group.
        measuring: what is drawn.
        generator: all that is random.

    Raises:
        UnusableCrystalError: the cell has not the symmetry of that space group.
    """
    draw = Draw(generator)
    crystal = in_reference_setting(crystal)
    electrons = draw.happens(measuring.electrons)
    group = gemmi.find_spacegroup_by_number(space_group_of(crystal))
    operations = group.operations()
    proper = proper_matrices(operations)
    hkl, values = _calculated(crystal, measuring, electrons, draw)
    if draw.happens(measuring.twins):
        laws = _twin_laws(crystal.lattice, group, proper)
        if len(laws):
            law = laws[generator.integers(len(laws))]
            values = _twinned(hkl, values, law, draw.even(measuring.twin_fraction))
    if not values.any():
        return None
    pair = np.arange(len(hkl))
    if draw.happens(0.6):  # both Friedel mates are measured
        hkl, values, pair = np.concatenate([hkl, -hkl]), np.tile(values, 2), np.tile(pair, 2)
    vectors = hkl @ np.linalg.inv(crystal.lattice).T
    indices = np.ascontiguousarray(hkl, dtype=np.int32)
    no_point = centring_operations(operations).systematic_absences(indices)
    values, sigma = _measured(vectors, values, pair, no_point, measuring, electrons, draw)
    seen = _reached(vectors, measuring, electrons, draw)
    if draw.happens(measuring.stripped):
        seen &= ~operations.systematic_absences(indices)
    axes = np.eye(3)
    if not draw.happens(measuring.conventional):
        axes = np.array(group.centred_to_primitive().rot).T / gemmi.Op.DEN
        seen &= ~no_point
    hkl, values, sigma = hkl[seen], values[seen], sigma[seen]
    if draw.happens(measuring.merged):
        hkl, values, sigma = _merged(hkl, values, sigma, proper)
    if len(hkl) < _FEWEST:
        return None
    axes = unimodular(generator) @ axes
    jitter = draw.even(measuring.jitter[int(electrons)])
    strain = np.eye(3) + jitter * generator.standard_normal((3, 3))
    return _written(
        np.round(hkl @ axes.T).astype(np.int32),
        values,
        sigma,
        axes @ crystal.lattice @ strain,
        electrons,
        generator,
    )


def unimodular(generator: np.random.Generator) -> Floats:
    """Return a random matrix (3, 3) of whole numbers with the determinant 1."""
    axes = np.eye(3)[generator.permutation(3)]
    for _ in range(_SHEARS):
        one, other = generator.choice(3, 2, replace=False)
        axes[one] += generator.integers(-1, 2) * axes[other]
    return axes if np.linalg.det(axes) > 0 else -axes


def calculated_grid(
    crystal: Crystal, shortest: float, form_factors: Radiation, b: float
) -> tuple[Floats, int]:
    """Return intensities of indices up to a largest one, as `intensities` has them, and that one.

    Args:
        crystal: in the axes of the indices.
        shortest: lattice spacing, Angstrom, that the longest edge should reach.
        form_factors: what is scattered.
        b: displacement parameter, Angstrom^2.
    """
    edges = np.linalg.norm(crystal.lattice, axis=1)
    largest = int(np.clip(np.ceil(edges.max() / shortest), 3, _LARGEST_INDEX))
    settings = Reflections(
        largest_index=largest,
        resolution=shortest,
        form_factors=form_factors,
        debye_waller_b=b,
    )
    known = scatterers(crystal.species, settings)
    grid = intensities(known, crystal.lattice, crystal.species, crystal.frac_coords, settings)
    return grid, largest


def _calculated(
    crystal: Crystal, measuring: Measuring, electrons: bool, draw: Draw
) -> tuple[Indices, Floats]:
    """Return reflections to a limit of resolution, one of each pair of Friedel mates."""
    shortest = draw.even(measuring.resolution)
    grid, largest = calculated_grid(
        crystal, shortest, "electron" if electrons else "xray", draw.even(measuring.b)
    )
    line = np.arange(-largest, largest + 1)
    l, h, k = np.meshgrid(np.arange(largest + 1), line, line, indexing="ij")
    hkl = np.stack([h, k, l], axis=-1).reshape(-1, 3).astype(np.int64)
    s = np.linalg.norm(hkl @ np.linalg.inv(crystal.lattice).T, axis=1)
    half = (hkl[:, 2] > 0) | (hkl[:, 0] > 0) | ((hkl[:, 0] == 0) & (hkl[:, 1] > 0))
    kept = half & (s <= 1 / shortest)
    return hkl[kept], grid.reshape(-1)[kept]


def _twin_laws(lattice: Floats, group: gemmi.SpaceGroup, proper: Indices) -> Indices:
    """Return rotations (m, 3, 3) of the lattice that the structure has not."""
    cell = gemmi.UnitCell(*cell_of(lattice))
    found = gemmi.find_lattice_symmetry(cell, group.centring_type(), _SAME_LATTICE)
    matrices = matrices_of(found)
    own = {matrix.tobytes() for matrix in proper}
    laws = [matrix for matrix in matrices if matrix.tobytes() not in own]
    return np.array(laws, dtype=np.int64).reshape(-1, 3, 3)


def _twinned(hkl: Indices, values: Floats, law: Indices, fraction: float) -> Floats:
    """Add the mates by a twin law; a reflection whose mate is beyond the limit stays as it is."""
    keys = keys_of(hkl)
    order = np.argsort(keys)
    place, there = find(keys[order], keys_of(hkl @ law))
    mates = values[order[place]]
    found: Floats = np.where(there, (1 - fraction) * values + fraction * mates, values)
    return found


def _measured(
    vectors: Floats,
    values: Floats,
    pair: Indices,
    no_point: Mask,
    measuring: Measuring,
    electrons: bool,
    draw: Draw,
) -> tuple[Floats, Floats]:
    """Return intensities and their uncertainties; nothing scatters to where no lattice point is."""
    generator = draw.generator
    s = np.linalg.norm(vectors, axis=1)
    direction = vectors / s[:, None]
    leak = draw.logarithmic(measuring.leak[int(electrons)])
    values = values / values.mean() + leak * ~no_point * generator.exponential(size=len(values))
    tensor = generator.standard_normal((3, 3))
    tensor = (tensor + tensor.T) / 2
    tensor -= np.trace(tensor) / 3 * np.eye(3)
    tensor *= draw.even(measuring.absorption) / np.sqrt(2 / 15 * (tensor**2).sum())
    values = values * np.exp(np.einsum("ni,ij,nj->n", direction, tensor, direction))
    scatter = draw.even(measuring.scatter[int(electrons)])
    values = values * np.exp(scatter * _scattered(pair, measuring, draw))
    if not electrons:
        relative = values / values.max() * s[values.argmax()] / s
        values = values / np.sqrt(1 + draw.even(measuring.extinction) * relative)
    count = values.max() / draw.logarithmic(measuring.counts)  # intensity of one count
    background = draw.logarithmic(measuring.background) * count**2
    part = draw.even(measuring.instability)

    def uncertainty(intensity: Floats) -> Floats:
        squared = np.maximum(intensity, 0) * count + background + (part * intensity) ** 2
        found: Floats = np.sqrt(squared)
        return found

    noisy = values + uncertainty(values) * generator.standard_normal(len(values))
    return noisy, uncertainty(noisy) / draw.logarithmic(measuring.misjudged)


def _scattered(pair: Indices, measuring: Measuring, draw: Draw) -> Floats:
    """Return a standard normal number for each reflection, in part that of its Friedel pair."""
    single = draw.generator.standard_normal(len(pair))
    common = draw.generator.standard_normal(len(pair))[pair]
    share = draw.even(measuring.shared_scatter)
    found: Floats = np.sqrt(1 - share) * single + np.sqrt(share) * common
    return found


def _reached(vectors: Floats, measuring: Measuring, electrons: bool, draw: Draw) -> Mask:
    """Tell which reflections are measured at all."""
    seen: Mask = np.ones(len(vectors), dtype=bool)
    if electrons:
        across = vectors @ np.linalg.qr(draw.generator.standard_normal((3, 3)))[0]
        opening = np.tan(np.radians(draw.even(measuring.wedge)) / 2)
        seen &= np.abs(across[:, 0]) >= opening * np.abs(across[:, 1])
    if draw.happens(1 / 3):
        seen &= draw.generator.random(len(vectors)) >= draw.even(measuring.missing)
    return seen


def _merged(
    hkl: Indices, values: Floats, sigma: Floats, proper: Indices
) -> tuple[Indices, Floats, Floats]:
    found = averaged(representatives(hkl, proper), values, sigma)
    return indices_of(found.keys), found.values, found.sigma


def _written(
    hkl: NDArray[np.int32],
    values: Floats,
    sigma: Floats,
    lattice: Floats,
    electrons: bool,
    generator: np.random.Generator,
) -> ReflectionList:
    order = generator.permutation(len(hkl))
    cell = cell_of(lattice)
    return ReflectionList(
        hkl=hkl[order],
        intensity=values[order],
        sigma=sigma[order],
        cell=cell,
        wavelength=None,
        radiation="electron" if electrons else "xray",
        merged=are_merged(hkl, cell),
    )
