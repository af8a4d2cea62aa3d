from dataclasses import replace

import numpy as np
import pytest
from small_dataset import patterns_settings, write_small_dataset

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.errors import UserError
from spacegrouper.evaluation.perturbations import (
    UNPERTURBED,
    Point,
    Recipe,
    changes_nothing,
    perturb,
    points_of,
    read_recipe,
    simulate_point,
    turned,
    with_photons,
)
from spacegrouper.settings import Disorder, Robustness, Simulate
from spacegrouper.techniques.patterns.simulation import simulate_crystals

SIMULATE = Simulate(pixels=48, pixel_size=2e-4, cells=(3, 4, 3))
RECIPE = Recipe(SIMULATE, 7, {})


def crystals():
    lattice = np.diag([4.0, 4.5, 5.0])
    lattice[2, 0] = 0.7
    coordinates = np.random.default_rng(0).random((4, 3))
    return [
        Crystal(name, lattice * scale, ("Na", "Cl", "Cl", "Fe"), coordinates)
        for name, scale in (("a", 1.0), ("b", 1.1), ("c", 0.9))
    ]


def simulate_plainly(settings, seed=7):
    (patterns,) = simulate_crystals(crystals(), settings, seed, threads=1)
    return patterns.values


def simulate(point, recipe=RECIPE, threads=2):
    return simulate_point(crystals(), recipe, point, threads, lambda _: None)


@pytest.mark.parametrize(
    "name", ["none", "vacancies", "displacement", "misorientation", "beam_stop"]
)
def test_at_zero_the_patterns_are_those_of_the_block_bit_for_bit(name):
    assert changes_nothing(Point(name, 0.0), SIMULATE)
    found = simulate(Point(name, 0.0))
    assert found.any()
    np.testing.assert_array_equal(found, simulate_plainly(SIMULATE))


@pytest.mark.parametrize(
    "point",
    [
        Point("vacancies", 0.3),
        Point("displacement", 0.2),
        Point("photons", 1000.0),
        Point("misorientation", 5.0),
        Point("beam_stop", 6.0),
    ],
)
def test_a_perturbation_changes_the_patterns_the_same_way_each_time(point):
    assert not changes_nothing(point, SIMULATE)
    found = simulate(point)
    assert (found != simulate(UNPERTURBED)).any(axis=(1, 2, 3)).all()
    np.testing.assert_array_equal(found, simulate(point, threads=1))
    alone = simulate_point(crystals()[1:2], RECIPE, point, 1, lambda _: None)
    np.testing.assert_array_equal(found[1:2], alone)


def test_defects_and_beam_stop_are_the_engines_and_leave_the_rest_as_it_was():
    noisy = SIMULATE.model_copy(update={"disorder": Disorder(displacement=0.1), "aperture": 20.0})
    crystal, settings = perturb(
        crystals()[0], replace(RECIPE, simulate=noisy), Point("vacancies", 0.2)
    )
    assert crystal.lattice.tolist() == crystals()[0].lattice.tolist()
    assert settings.disorder == Disorder(vacancies=0.2, displacement=0.1)
    assert settings.model_copy(update={"disorder": noisy.disorder}) == noisy
    found = simulate(Point("beam_stop", 6.0))
    expected = simulate_plainly(SIMULATE.model_copy(update={"beam_stop": 6.0}))
    np.testing.assert_array_equal(found, expected)
    rows, columns = np.indices((48, 48)) - 23.5
    assert not found[..., np.hypot(rows, columns) <= 6].any()


def test_behind_a_beam_stop_as_large_as_the_detector_patterns_are_black():
    assert not simulate(Point("beam_stop", 40.0)).any()


@pytest.mark.parametrize("photons", [100.0, 1e5])
def test_so_many_photons_are_counted_in_a_pattern(photons):
    stopped = SIMULATE.model_copy(update={"beam_stop": 3.0})
    crystal = crystals()[0]
    settings = with_photons(crystal, stopped, photons, seed=7)
    exact = settings.model_copy(update={"poisson_noise": False, "bit_depth": 32})
    (expected,) = simulate_crystals([crystal], exact, 7, threads=1)
    sums = expected.values.sum(axis=(2, 3), dtype=float)
    assert sums.mean() == pytest.approx(photons, rel=1e-5)
    assert sums.std() > 0  # views differ; it is their mean that counts
    counting = settings.model_copy(update={"bit_depth": 32})
    (counted,) = simulate_crystals([crystal], counting, 7, threads=1)
    assert np.array_equal(counted.values, np.round(counted.values))
    # Three patterns: five standard deviations of the mean.
    assert counted.values.sum() / 3 == pytest.approx(photons, abs=5 * np.sqrt(photons / 3))


def test_each_crystal_gets_its_own_dose():
    energies = [
        perturb(crystal, RECIPE, Point("photons", 1000.0))[1].pulse_energy for crystal in crystals()
    ]
    assert len(set(energies)) == 3


@pytest.mark.parametrize("angle", [0.5, 30.0])
def test_a_turned_crystal_has_the_same_cell_in_another_orientation(angle):
    axes = []
    for crystal in crystals():
        found = turned(crystal, angle, 7).lattice
        metric = crystal.lattice @ crystal.lattice.T
        np.testing.assert_allclose(found @ found.T, metric, atol=1e-12)
        rotation = np.linalg.solve(crystal.lattice, found).T
        assert np.linalg.det(rotation) == pytest.approx(1)
        assert np.degrees(np.arccos((np.trace(rotation) - 1) / 2)) == pytest.approx(angle)
        axis = np.array([rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0]])
        axes.append(axis / (2 * np.sin(np.radians(angle))))
    assert np.linalg.norm(axes[0] - axes[1]) > 0.01
    # The axis is that of any other angle, but not of another seed.
    first = crystals()[0]
    twice = turned(turned(first, angle, 7), angle, 7)
    np.testing.assert_allclose(twice.lattice, turned(first, 2 * angle, 7).lattice, atol=1e-12)
    assert not np.allclose(turned(first, angle, 8).lattice, turned(first, angle, 7).lattice)


def test_points_begin_unperturbed_and_ascend():
    section = Robustness(
        vacancies=(0.2, 0.0, 0.2), displacement=(), photons=(1e3,), misorientation=(), beam_stop=()
    )
    assert points_of(section) == [
        UNPERTURBED,
        Point("vacancies", 0.0),
        Point("vacancies", 0.2),
        Point("photons", 1e3),
    ]
    assert not changes_nothing(Point("photons", 1e3), SIMULATE)


def test_a_dataset_made_with_a_beam_stop_is_unperturbed_where_it_is_as_large():
    stopped = SIMULATE.model_copy(update={"beam_stop": 4.0})
    assert changes_nothing(Point("beam_stop", 4.0), stopped)
    assert not changes_nothing(Point("beam_stop", 0.0), stopped)


def test_the_recipe_is_read_from_the_dataset(tmp_path):
    raw = np.zeros((1, 3, 48, 48), dtype=np.uint8)
    simulate = SIMULATE.model_copy(update={"disorder": Disorder(vacancies=0.1), "aperture": 9.0})
    settings = patterns_settings(48) | {"simulate": simulate.model_dump(mode="json"), "seed": 3}
    dataset = write_small_dataset(tmp_path / "a.zarr", raw, [2], settings)
    assert read_recipe(dataset, 7) == Recipe(simulate, 3, settings)
    # Where nothing was random, no seed is recorded.
    without = write_small_dataset(tmp_path / "b.zarr", raw, [2])
    assert read_recipe(without, 7).seed == 7


@pytest.mark.parametrize("engine", ["condor", "morphology", None])
def test_another_engine_is_refused(tmp_path, engine):
    settings = patterns_settings(8)
    settings["simulate"]["engine"] = engine
    raw = np.zeros((1, 3, 8, 8), dtype=np.uint8)
    dataset = write_small_dataset(tmp_path / "a.zarr", raw, [2], settings)
    with pytest.raises(UserError, match=rf"made with {engine or 'another'}.*engine: kinematic"):
        read_recipe(dataset, 7)


def test_an_element_without_form_factor_is_named():
    strange = replace(crystals()[0], species=("Na", "Cl", "Cl", "Xx"))
    with pytest.raises(UserError, match=r"crystal a: unknown element: 'Xx'"):
        simulate_point([strange], RECIPE, UNPERTURBED, 1, lambda _: None)
