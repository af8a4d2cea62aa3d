"""The sum over all atoms against its definition and the lattice sum; the statistics of disorder."""

from concurrent.futures import ThreadPoolExecutor

import gemmi
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.settings import Disorder, Simulate, View
from spacegrouper.techniques.form_factors import form_factors
from spacegrouper.techniques.patterns.disorder import disordered_atoms, sum_over_atoms
from spacegrouper.techniques.patterns.geometry import make_detector, rotation_matrices
from spacegrouper.techniques.patterns.kinematic import intensities, make_experiment


def direct_sum(
    positions: NDArray[np.float64],
    element: NDArray[np.int64],
    factors: NDArray[np.float64],
    s: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The definition, pixel by pixel: |F|, (pixels,)."""
    return np.array(
        [
            abs(np.sum(factors[element, pixel] * np.exp(-2j * np.pi * positions @ s[:, pixel])))
            for pixel in range(s.shape[1])
        ]
    )


def triclinic() -> Crystal:
    cell = gemmi.UnitCell(4.1, 5.3, 6.2, 83, 97, 74)
    coordinates = np.array([[0.1, 0.2, 0.3], [0.6, 0.1, 0.9], [0.4, 0.7, 0.55], [0.9, 0.8, 0.0]])
    return Crystal(
        "triclinic", np.array(cell.orth.mat.tolist()).T, ("S", "O", "Zn", "O"), coordinates
    )


def zinc_blende(name: str = "zinc blende") -> Crystal:
    centring = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    return Crystal(
        name,
        np.eye(3) * 5.41,
        ("Zn",) * 4 + ("S",) * 4,
        np.concatenate([centring, centring + 0.25]),
    )


def atoms_of(
    crystal: Crystal, cells: tuple[int, int, int], disorder: Disorder, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Positions and sites of a block's atoms, all of which count in full."""
    simulate = Simulate(cells=cells, disorder=disorder)
    positions, sites, weights = disordered_atoms(crystal, simulate, seed)
    np.testing.assert_array_equal(weights, np.ones(len(positions)))
    return positions, sites


def summed(
    positions: NDArray[np.float64],
    element: NDArray[np.int64],
    factors: NDArray[np.float64],
    s: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The sum over atoms that all count in full."""
    return sum_over_atoms(positions, element, np.ones(len(positions)), factors, s)


@st.composite
def sums(draw: st.DrawFn) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Up to 20 atoms of 3 elements, small and large, near and far; curved and flat spheres."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    atoms = draw(st.integers(1, 20))
    extent = np.array([10 ** draw(st.floats(-1, 2)) for _ in range(3)])
    positions = random.uniform(-1, 1, (atoms, 3)) * extent + random.uniform(-100, 100, 3)
    settings = Simulate(
        wavelength=10 ** draw(st.floats(-11.5, -10)),
        pixel_size=0.1 * draw(st.floats(1e-4, 0.05)),
        # odd, so that a pixel lies on s = 0 and |F| reaches the sum of all form factors
        pixels=draw(st.sampled_from([1, 3, 9, 15])),
        ewald_sphere=draw(st.sampled_from(["curved", "flat"])),
    )
    s = make_detector(settings).s
    factors = form_factors(["H", "O", "U"], np.sum(s**2, axis=0), "xray")
    return positions, random.integers(0, 3, atoms), factors, s


@given(sums())
def test_the_sum_over_atoms_is_its_definition(
    arguments: tuple[NDArray, NDArray, NDArray, NDArray],
) -> None:
    expected = direct_sum(*arguments)
    np.testing.assert_allclose(
        np.sqrt(summed(*arguments)), expected, rtol=0, atol=1e-10 * expected.max()
    )


@pytest.mark.parametrize("ewald_sphere", ["curved", "flat"])
def test_the_sum_over_8000_atoms_is_its_definition(ewald_sphere: str) -> None:
    settings = Simulate(ewald_sphere=ewald_sphere)
    disorder = Disorder(vacancies=0.05, displacement=0.1)
    positions, sites = atoms_of(zinc_blende(), settings.cells, disorder, seed=1)
    positions = positions @ rotation_matrices(View(axis="x", angle=45))[0].T
    element = (sites >= 4).astype(np.int64)
    s = make_detector(settings).s
    factors = form_factors(["Zn", "S"], np.sum(s**2, axis=0), "xray")
    amplitude = np.sqrt(summed(positions, element, factors, s))
    some = np.concatenate(
        [np.argsort(amplitude)[-50:], np.random.default_rng(0).integers(0, s.shape[1], 150)]
    )
    expected = direct_sum(positions, element, factors[:, some], s[:, some])
    np.testing.assert_allclose(amplitude[some], expected, rtol=0, atol=1e-10 * expected.max())


@pytest.mark.parametrize("crystal", [triclinic(), zinc_blende()], ids=lambda crystal: crystal.id)
@pytest.mark.parametrize("ewald_sphere", ["curved", "flat"])
@pytest.mark.parametrize(
    ("envelope", "cells", "accuracy"), [("block", (3, 5, 4), 1e-8), ("gaussian", (4, 5, 6), 1e-5)]
)
def test_without_disorder_the_pattern_is_the_factorised_one(
    crystal: Crystal,
    ewald_sphere: str,
    envelope: str,
    cells: tuple[int, int, int],
    accuracy: float,
) -> None:
    settings = Simulate(
        cells=cells,
        envelope=envelope,
        pixels=64,
        pixel_size=1.6e-4,
        views=(View(axis="x", angle=45), View(axis="y", angle=20)),
        ewald_sphere=ewald_sphere,
    )
    experiment = make_experiment(settings, crystal.species)
    expected = intensities(experiment, crystal.lattice, crystal.species, crystal.frac_coords)
    positions, sites, weights = disordered_atoms(crystal, settings, seed=0)
    detector = make_detector(settings)
    elements = sorted(set(crystal.species))
    element = np.array([elements.index(symbol) for symbol in crystal.species])[sites]
    factors = form_factors(elements, np.sum(detector.s**2, axis=0), "xray")
    for view, pattern in zip(settings.views, expected, strict=True):
        turned = positions @ rotation_matrices(view)[0].T
        ours = sum_over_atoms(turned, element, weights, factors, detector.s) * detector.obliquity
        ours *= pattern.max() / ours.max()  # photons per electron squared is not ours to know
        tolerance = accuracy * pattern.max()
        np.testing.assert_allclose(ours, pattern.ravel(), rtol=0, atol=tolerance)


def test_atoms_without_disorder_are_all_cells_of_the_crystal() -> None:
    positions, sites = atoms_of(triclinic(), (2, 1, 3), Disorder(), seed=0)
    expected = {
        (site, *np.round((place + np.array([i, 0, k])) @ triclinic().lattice, 9))
        for site, place in enumerate(triclinic().frac_coords)
        for i in range(2)
        for k in range(3)
    }
    found = {(site, *np.round(at, 9)) for site, at in zip(sites, positions, strict=True)}
    assert len(positions) == 24
    assert found == expected


def test_each_atom_of_the_cell_is_missing_as_often_as_is_asked() -> None:
    cells, share = (20, 20, 20), 0.1
    _, sites = atoms_of(zinc_blende(), cells, Disorder(vacancies=share), seed=3)
    missing = 8000 - np.bincount(sites, minlength=8)
    # Binomial: 8000 x 0.1 with a standard deviation of 27 at each of the eight sites.
    assert np.abs(missing - 800).max() < 4 * 27
    assert abs(missing.mean() - 800) < 4 * 27 / np.sqrt(8)
    assert 10 < missing.std() < 50


def test_displacements_are_normal_and_independent() -> None:
    cells, width = (15, 15, 15), 0.13
    ordered, _ = atoms_of(zinc_blende(), cells, Disorder(), seed=3)
    displaced, _ = atoms_of(zinc_blende(), cells, Disorder(displacement=width), seed=3)
    shifts = (displaced - ordered) / width
    count = len(shifts)
    assert np.abs(shifts.mean(axis=0)).max() < 4 / np.sqrt(count)
    np.testing.assert_allclose(np.cov(shifts.T), np.eye(3), atol=4 * np.sqrt(2 / count))
    assert abs(np.mean(shifts**4) - 3) < 4 * np.sqrt(96 / (3 * count))
    neighbours = np.mean(shifts[1:] * shifts[:-1], axis=0)
    assert np.abs(neighbours).max() < 4 / np.sqrt(count)


def test_disorder_follows_from_seed_and_id_alone() -> None:
    disorder = Disorder(vacancies=0.2, displacement=0.1)
    first, sites = atoms_of(zinc_blende(), (4, 4, 4), disorder, seed=5)
    atoms_of(triclinic(), (4, 4, 4), disorder, seed=5)
    again, sites_again = atoms_of(zinc_blende(), (4, 4, 4), disorder, seed=5)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(sites, sites_again)
    for crystal, seed in [(zinc_blende(), 6), (zinc_blende("another"), 5)]:
        _, others = atoms_of(crystal, (4, 4, 4), disorder, seed)
        assert len(others) != len(sites) or (others != sites).any()


def test_neither_kind_of_disorder_changes_the_other() -> None:
    def atoms(vacancies: float, displacement: float) -> NDArray[np.float64]:
        disorder = Disorder(vacancies=vacancies, displacement=displacement)
        return atoms_of(zinc_blende(), (4, 4, 4), disorder, seed=7)[0]

    def kept(vacancies: float) -> NDArray[np.bool_]:
        return np.isin(atoms(0, 0).view("f8,f8,f8"), atoms(vacancies, 0).view("f8,f8,f8")).ravel()

    assert 0 < np.count_nonzero(kept(0.3)) < np.count_nonzero(kept(0.1)) < 512
    assert not (kept(0.3) & ~kept(0.1)).any()
    np.testing.assert_array_equal(atoms(0.3, 0.2), atoms(0, 0.2)[kept(0.3)])


@pytest.mark.parametrize("hkl", [(2, 2, 0), (3, 1, 1), (8, 0, 0)])
@pytest.mark.parametrize(("vacancies", "displacement"), [(0, 0.1), (0.15, 0), (0.1, 0.08)])
def test_bragg_peaks_fall_and_diffuse_scattering_rises_as_theory_says(
    hkl: tuple[int, int, int], vacancies: float, displacement: float
) -> None:
    # Independent atoms: each contributes its mean amplitude (1 - v) exp(-2 pi^2 s^2 u^2) f to the
    # peak, hence exp(-(2 pi s u)^2) in intensity, and its variance to the diffuse background.
    crystal, cells, seeds = zinc_blende(), (4, 4, 4), 200
    s = np.array(hkl)[:, None] / 5.41
    factors = form_factors(["Zn", "S"], np.sum(s**2, axis=0), "xray")
    disorder = Disorder(vacancies=vacancies, displacement=displacement)
    mean = (1 - vacancies) * np.exp(-2 * np.pi**2 * np.sum(s**2) * displacement**2)
    ordered, sites = atoms_of(crystal, cells, Disorder(), seed=0)
    peak = direct_sum(ordered, sites // 4, factors, s)[0] ** 2
    variance = (1 - vacancies - mean**2) * np.sum(factors[sites // 4, 0] ** 2)
    observed = []
    for seed in range(seeds):
        positions, sites = atoms_of(crystal, cells, disorder, seed)
        observed.append(summed(positions, sites // 4, factors, s)[0])
    # Four standard errors of the mean: between 0.1 % and a few % of the peak.
    error = np.std(observed) / np.sqrt(seeds)
    assert abs(np.mean(observed) - (mean**2 * peak + variance)) < 4 * error
    assert error < 0.05 * mean**2 * peak


def test_a_crystal_that_lost_all_its_atoms_is_dark() -> None:
    s = make_detector(Simulate(pixels=8)).s
    pattern = summed(np.empty((0, 3)), np.empty(0, dtype=np.int64), np.ones((2, 64)), s)
    np.testing.assert_array_equal(pattern, np.zeros(64))


def test_the_arguments_stay_as_they_are() -> None:
    s = make_detector(Simulate(pixels=8)).s
    random = np.random.default_rng(0)
    for order in ("C", "F"):
        positions = np.array(random.random((5, 3)), order=order)
        before = positions.copy()
        summed(positions, np.zeros(5, dtype=np.int64), np.ones((1, 64)), s)
        np.testing.assert_array_equal(positions, before)


def test_threads_side_by_side_change_no_bit() -> None:
    s = make_detector(Simulate(pixels=64, pixel_size=1.6e-4)).s
    factors = form_factors(["Zn", "S"], np.sum(s**2, axis=0), "xray")

    def pattern(seed: int) -> NDArray[np.float64]:
        disorder = Disorder(vacancies=0.1, displacement=0.1)
        positions, sites = atoms_of(zinc_blende(), (2 + seed, 4, 3), disorder, seed)
        return summed(positions, sites // 4, factors, s)

    alone = [pattern(seed) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(pattern, range(8)))
    np.testing.assert_array_equal(together, alone)
