"""The sum over a cell: single precision within its margin, and the margin not far above it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spacegrouper.techniques.patterns.cell_sum import (
    DOUBLE,
    SINGLE,
    Atoms,
    Extent,
    Pixels,
    intensities_at,
    single_precision_error,
)

ONE_CELL = Extent(np.ones(3, np.int64), gaussian=False)  # whose lattice factor is 1
Cell = tuple[NDArray[np.float64], Atoms]


def make_pixels(s: NDArray[np.float64], elements: int) -> Pixels:
    """Pixels at s, (3, n), that receive |F_cell|^2; form factors of 1, 2, 3."""
    factors = np.arange(1.0, elements + 1)[:, None].repeat(s.shape[1], axis=1)
    return Pixels(s, np.ones(s.shape[1]), np.arange(s.shape[1], dtype=np.int32), factors)


def amplitudes(pixels: Pixels, lattice: NDArray[np.float64], atoms: Atoms) -> NDArray[np.float64]:
    """|F_cell| at all pixels, as it is defined, in the longest numbers there are."""
    factors = np.repeat(pixels.form_factors[atoms.elements], np.diff(atoms.ends, prepend=0), axis=0)
    turns = (atoms.coordinates.T @ lattice @ pixels.s).astype(np.longdouble)
    waves = np.exp(2j * np.pi * turns.astype(np.clongdouble))
    return np.abs((factors * waves).sum(axis=0)).astype(np.float64)


def bounds_of(
    pixels: Pixels, lattice: NDArray[np.float64], atoms: Atoms, error: float
) -> NDArray[np.float64]:
    """Upper bounds of |F_cell| at all pixels, by single precision."""
    everywhere = np.arange(pixels.photons.size)
    rounded = atoms._replace(coordinates=atoms.coordinates.astype(np.float32))
    return np.sqrt(
        intensities_at(everywhere, pixels, rounded, lattice[None], ONE_CELL, SINGLE, error)
    )


def error_of(pixels: Pixels, lattice: NDArray[np.float64], atoms: Atoms) -> float:
    longest = float(np.linalg.norm(pixels.s, axis=0).max())
    return single_precision_error(longest, lattice, atoms.coordinates)


@st.composite
def cells(draw: st.DrawFn) -> Cell:
    """Cells of 1 to 300 Angstrom, whose atoms are anywhere, near each other, or in one place."""
    edge = 10 ** draw(st.floats(0, 2.5))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    lattice = edge * (np.eye(3) + random.uniform(-0.3, 0.3, (3, 3)))
    counts = draw(st.lists(st.integers(1, 40), min_size=1, max_size=3))
    spread = draw(st.sampled_from([0, 1e-8, 1e-3, 1]))
    place = random.uniform(-2, 2, (3, 1))
    coordinates = place + spread * random.uniform(-1, 1, (3, sum(counts)))
    return lattice, Atoms(np.arange(len(counts)), np.cumsum(counts), coordinates)


@given(cells(), st.floats(-2, 1), st.integers(0, 2**32))
def test_no_amplitude_exceeds_its_bound_by_single_precision(
    cell: Cell, reach: float, seed: int
) -> None:
    lattice, atoms = cell
    s = np.random.default_rng(seed).uniform(-1, 1, (3, 1500)) * 10**reach
    pixels = make_pixels(s, len(atoms.elements))
    bounds = bounds_of(pixels, lattice, atoms, error_of(pixels, lattice, atoms))
    assert np.all(bounds >= amplitudes(pixels, lattice, atoms))


@pytest.mark.parametrize(
    ("coordinates", "pixels"),
    [
        # Half of the atoms exactly at the origin, half where phases lose the most digits.
        (np.array([[0, 0.999], [0, 0.999], [0, 0.999]]), 200_000),
        # So many equal atoms that the sum itself loses digits.
        (np.full((3, 3000), 1e-3), 200),
    ],
)
def test_a_tenth_of_the_margin_would_lose_pixels(
    coordinates: NDArray[np.float64], pixels: int
) -> None:
    lattice = np.eye(3) * 40
    atoms = Atoms(np.zeros(1, np.int64), np.array([coordinates.shape[1]]), coordinates)
    # In a direction in which all three indices are large.
    described = make_pixels(np.linspace(1.1, 1.3, pixels) * np.ones((3, 1)), 1)
    exact = amplitudes(described, lattice, atoms)
    error = error_of(described, lattice, atoms)
    assert np.all(bounds_of(described, lattice, atoms, error) >= exact)
    assert np.any(bounds_of(described, lattice, atoms, error / 10) < exact)


@given(cells(), st.integers(0, 2**32))
def test_double_precision_has_the_digits_it_can_have(cell: Cell, seed: int) -> None:
    lattice, atoms = cell
    pixels = make_pixels(np.random.default_rng(seed).uniform(-1, 1, (3, 1500)), len(atoms.elements))
    everywhere = np.arange(pixels.photons.size)
    squares = intensities_at(everywhere, pixels, atoms, lattice[None], ONE_CELL, DOUBLE, 0.0)
    # Its margin is that of single precision, but for the roundoff.
    error = error_of(pixels, lattice, atoms) * 2.0**-29
    most = (np.diff(atoms.ends, prepend=0) * (1 + atoms.elements)).sum()
    exact = amplitudes(pixels, lattice, atoms)
    np.testing.assert_allclose(np.sqrt(squares), exact, rtol=0, atol=error * most)
