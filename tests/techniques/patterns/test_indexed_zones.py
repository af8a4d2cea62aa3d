"""Zones by index: what they show of real patterns, whatever the views and the lattice."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import Levels
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.standard_cell import standardise
from spacegrouper.errors import UserError
from spacegrouper.settings import Simulate, Standardise, View
from spacegrouper.techniques.patterns.indexed_zones import (
    IndexedZones,
    lattice_numbers,
    shared_nodes,
)
from spacegrouper.techniques.patterns.kinematic import grey_patterns, make_experiment

SIZE, MIDDLE = 17, 8
FINE = {
    "pixels": 400, "pixel_size": 2.5e-5, "cells": (6, 6, 6), "envelope": "gaussian",
    "bit_depth": 16, "grey_scale": "logarithmic", "decades": 4,
}  # fmt: skip
AXES = [(2, 1), (2, 0), (0, 1)]


def zone_axes(**changed: object) -> Simulate:
    return Simulate.model_validate({"views": "zone_axes", **FINE, **changed})


def patterns_of(crystal: Crystal, settings: Simulate) -> Levels:
    experiment = make_experiment(settings, crystal.species)
    return grey_patterns(experiment, crystal.lattice, crystal.species, crystal.frac_coords)[0]


def standard(lattice: NDArray[np.float64], species: str, *places: tuple[float, ...]) -> Crystal:
    given = Crystal("it", lattice, tuple(species.split()), np.array(places))
    found = standardise(given, Standardise())
    assert isinstance(found, Crystal)
    return found


def rutile() -> Crystal:
    x = 0.305
    return standard(
        np.diag([4.594, 4.594, 2.959]), "Ti Ti O O O O",
        (0, 0, 0), (0.5, 0.5, 0.5), (x, x, 0), (-x, -x, 0), (0.5 + x, 0.5 - x, 0.5),
        (0.5 - x, 0.5 + x, 0.5),
    )  # fmt: skip


def monoclinic() -> Crystal:
    beta = np.radians(105)
    lattice = np.array([[5.2, 0, 0], [0, 6.3, 0], [8.1 * np.cos(beta), 0, 8.1 * np.sin(beta)]])
    place = np.array([0.17, 0.29, 0.38])
    other = np.array([0.61, 0.13, 0.22])
    # P2_1/c, unique axis b.
    places = [
        image
        for x, y, z in (place, other)
        for image in ((x, y, z), (-x, -y, -z), (-x, y + 0.5, 0.5 - z), (x, 0.5 - y, z + 0.5))
    ]
    return standard(lattice, "Ti Ti Ti Ti O O O O", *places)


def test_spots_of_rutile_are_where_its_indices_are() -> None:
    settings = zone_axes()
    zones, numbers = IndexedZones(settings, SIZE).indexed(patterns_of(rutile(), settings))
    np.testing.assert_allclose(np.exp(numbers[:3]), [4.594, 4.594, 2.959], rtol=0.01)
    np.testing.assert_allclose(numbers[3:6], 0, atol=0.01)
    assert numbers[9:].tolist() == [0, 1, 0]  # x / z, y / x, z / y
    # P4_2/mnm: 0kl only with k + l even, h0l alike, and h00 of hk0 only with h even.
    for rows_l, zone in enumerate(zones[:2]):
        for l, k in itertools.product(range(-2, 3), range(-3, 4)):
            bright = zone[MIDDLE + l, MIDDLE + k] > 0.25 * 65535
            assert bright == ((k + l) % 2 == 0), (rows_l, k, l)
    assert zones[2][MIDDLE + 1, MIDDLE] < zones[2][MIDDLE + 2, MIDDLE]
    assert zones[2][MIDDLE + 1, MIDDLE + 1] > 0.4 * 65535


def test_the_slant_of_a_monoclinic_lattice_is_found() -> None:
    settings, crystal = zone_axes(), monoclinic()
    zones, numbers = IndexedZones(settings, SIZE).indexed(patterns_of(crystal, settings))
    a, b, c = crystal.lattice
    np.testing.assert_allclose(np.exp(numbers[:3]), [abs(a[0]), abs(b[1]), abs(c[2])], rtol=0.01)
    # In the plane h0l, rows of constant l are off by -a_z / c along h.
    slant = -a[2] / c[2]
    assert numbers[4] == pytest.approx(slant - round(slant), abs=0.02)
    assert abs(numbers[4]) > 0.05
    # A twofold axis along b: its plane has the symmetry 2 and nothing more.
    np.testing.assert_array_equal(zones[1], zones[1][::-1, ::-1])
    assert np.abs(zones[1] - zones[1][::-1].astype(float)).max() > 0.3 * 65535


def test_turned_and_mirrored_views_show_the_same_zones() -> None:
    views = (View(axis="y", angle=90), View(axis="x", angle=-90), View(axis="z", angle=180))
    # Seen from behind, the sphere is curved the other way.
    crystal = monoclinic()
    one, other = zone_axes(ewald_sphere="flat"), zone_axes(views=views, ewald_sphere="flat")
    expected, numbers = IndexedZones(one, SIZE).indexed(patterns_of(crystal, one))
    zones, again = IndexedZones(other, SIZE).indexed(patterns_of(crystal, other))
    np.testing.assert_allclose(again, numbers, atol=2e-3)
    np.testing.assert_allclose(zones[1:], expected[1:], atol=0.05 * 65535)


def test_the_order_of_the_views_does_not_matter() -> None:
    crystal, one = monoclinic(), zone_axes()
    other = zone_axes(views=one.views[::-1])
    expected, numbers = IndexedZones(one, SIZE).indexed(patterns_of(crystal, one))
    zones, again = IndexedZones(other, SIZE).indexed(patterns_of(crystal, other))
    np.testing.assert_array_equal(zones, expected)
    np.testing.assert_array_equal(again, numbers)


def test_a_glide_plane_of_one_zone_leaves_its_spots_at_even_indices() -> None:
    # l is even in 0kl; in h0l it is not.
    lattices = [np.diag([2 / 8.0, 1 / 6.0]), np.diag([1 / 8.0, 1 / 5.0]), np.diag([1 / 5, 1 / 6])]
    shared = shared_nodes(lattices, AXES)
    np.testing.assert_allclose(shared[0], np.diag([1 / 8.0, 1 / 6.0]))
    np.testing.assert_allclose(shared[1], lattices[1])
    np.testing.assert_allclose(np.exp(lattice_numbers(shared, AXES)[:3]), [5, 6, 8], rtol=1e-6)


@pytest.mark.parametrize(("offset", "parts"), [(0.5, 2), (-0.49, 2), (1 / 3, 3), (-0.34, 3)])
def test_rows_off_by_half_or_a_third_of_a_step_get_all_nodes(offset: float, parts: int) -> None:
    centred = np.array([[1 / 4.0, offset / 6.0], [0, 1 / 6.0]])
    (upright, *_) = shared_nodes([centred, np.zeros((2, 2)), np.zeros((2, 2))], AXES)
    assert upright[1, 1] == pytest.approx(1 / 6.0 / parts)
    assert abs(upright[0, 1]) < 0.05 * upright[1, 1]


def test_lattices_that_do_not_agree_stay_as_they_are() -> None:
    lattices = [np.diag([1 / 8.0, 1 / 6.0]), np.diag([1 / 5.5, 1 / 5.0]), np.diag([1 / 5, 1 / 6])]
    for before, after in zip(lattices, shared_nodes(lattices, AXES), strict=True):
        np.testing.assert_array_equal(before, after)


def test_hexagonal_ratios_are_marked() -> None:
    lattices = [np.diag([1 / 7.0, 1 / (4 * np.sqrt(3))]), np.diag([1 / 7.0, 1 / 4.0]),
                np.diag([1 / 4.0, 1 / (4 * np.sqrt(3))])]  # fmt: skip
    numbers = lattice_numbers(shared_nodes(lattices, AXES), AXES)
    assert numbers[9:].tolist() == [0, -1, 0]


def test_black_patterns_have_black_zones() -> None:
    settings = zone_axes()
    zones, numbers = IndexedZones(settings, SIZE).indexed(np.zeros((3, 400, 400), np.uint16))
    assert not zones.any()
    assert numbers.tolist() == [0] * 9 + [1] * 3


@given(st.integers(0, 2**32), st.sampled_from(["points", "noise", "rows", "lattice", "one row"]))
def test_whatever_the_images_are_the_numbers_are_finite(seed: int, kind: str) -> None:
    random = np.random.default_rng(seed)
    settings = zone_axes(pixels=64, pixel_size=1.6e-4)
    patterns = np.zeros((3, 64, 64), np.uint16)
    for pattern in patterns:
        first, second = random.integers(2, 20, 2)
        count = int(random.integers(1, 200))
        match kind:
            case "points":
                pattern[tuple(random.integers(0, 64, (2, count)))] = random.integers(1, 65536)
            case "noise":
                pattern[:] = random.integers(0, 65536, (64, 64))
            case "rows":
                pattern[::first] = random.integers(2000, 65536, 64)
            case "lattice":
                pattern[::first, ::second] = 65535
            case _:
                pattern[32, random.integers(0, 64, count)] = 60000
    _, numbers = IndexedZones(settings, SIZE).indexed(patterns)
    assert np.all(np.abs(numbers) < 20)


@pytest.mark.parametrize(
    ("settings", "key"),
    [(Simulate(envelope="gaussian"), "simulate.views"), (zone_axes(envelope="block"), "envelope")],
)
def test_views_off_the_axes_and_fringes_are_refused(settings: Simulate, key: str) -> None:
    with pytest.raises(UserError, match=key):
        IndexedZones(settings, SIZE)
