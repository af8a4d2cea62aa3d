"""Spots and their indices, against rock salt worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spacegrouper.settings import Simulate, View
from spacegrouper.techniques.patterns.geometry import rotation_matrices
from spacegrouper.techniques.patterns.indexing import (
    miller_indices,
    strongest_reflections,
    strongest_spots,
)
from spacegrouper.techniques.patterns.kinematic import grey_patterns, make_experiment

# Rock salt, its edge such that (200) lies 10 pixels from the centre: 2 / a = 10 p / (D lambda),
# at a distance so long that the Ewald sphere is flat to a hundredth of a pixel.
EDGE = 5.64
ROCK_SALT = EDGE * np.eye(3)
SPECIES = ["Na"] * 4 + ["Cl"] * 4
SODIUM = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
COORDINATES = np.concatenate([SODIUM, SODIUM + np.array([0.5, 0, 0])])
WAVELENGTH = 1e-13


def beam_along_c(**other: object) -> Simulate:
    return Simulate(
        wavelength=WAVELENGTH,
        detector_distance=1.0,
        pixel_size=WAVELENGTH * 2 / (EDGE * 1e-10) / 10,
        pixels=65,
        views=(View(axis="z", angle=0),),
        **other,
    )


def rock_salt_pattern(settings: Simulate) -> NDArray[np.uint8]:
    experiment = make_experiment(settings, SPECIES)
    return grey_patterns(experiment, ROCK_SALT, SPECIES, COORDINATES)[0][0]


def test_the_strongest_spots_of_rock_salt_are_the_beam_200_and_220() -> None:
    settings = beam_along_c()
    found = strongest_reflections(rock_salt_pattern(settings), 9, settings, np.eye(3), ROCK_SALT)
    places = dict(
        zip(
            map(tuple, found.indices.tolist()),
            zip(found.rows.tolist(), found.columns.tolist(), strict=True),
            strict=True,
        )
    )
    # h along x, which are columns; k along y, which are rows; mixed parities are extinct.
    assert places == {(h, k, 0): (32 + 5 * k, 32 + 5 * h) for h in (-2, 0, 2) for k in (-2, 0, 2)}
    assert found.indices[0].tolist() == [0, 0, 0]
    assert {tuple(abs(index)) for index in found.indices[1:5]} == {(2, 0, 0), (0, 2, 0)}


def test_each_reflection_is_named_once_and_no_side_maximum() -> None:
    # Twice as fine a detector: the side maxima of four cells are spots of their own.
    settings = beam_along_c(cells=(4, 4, 4)).model_copy(update={"pixels": 129})
    settings = settings.model_copy(update={"pixel_size": settings.pixel_size / 2})
    pattern = rock_salt_pattern(settings)
    rows, _ = strongest_spots(pattern)
    found = strongest_reflections(pattern, pattern.size, settings, np.eye(3), ROCK_SALT)
    assert len(found.rows) < len(rows)
    assert len(np.unique(found.indices, axis=0)) == len(found.indices)
    # Within the main maximum, 1/4, of the place that the indices say: 1/4 of 10 pixels.
    place = 64 + 10 * found.indices[:, [1, 0]]
    assert np.all(abs(np.stack([found.rows, found.columns], axis=1) - place) <= 2.5)


def test_the_turn_of_a_view_turns_the_indices() -> None:
    # A quarter turn about z brings a along y: what was (2 0 0), along the columns, is (0 -2 0).
    settings = beam_along_c()
    rotation = rotation_matrices(View(axis="z", angle=90))[0]
    indices, off = miller_indices(
        np.array([32, 42]), np.array([42, 32]), settings, rotation, ROCK_SALT
    )
    assert indices.tolist() == [[0, -2, 0], [2, 0, 0]]
    np.testing.assert_allclose(off, 0, atol=1e-3)


def test_the_distance_from_whole_numbers_is_that_of_the_pixel() -> None:
    # 5 pixels are one index; l = D/L - 1 of the curved sphere is the rest.
    indices, off = miller_indices(
        np.array([32]), np.array([32 + 7]), beam_along_c(), np.eye(3), ROCK_SALT
    )
    assert indices.tolist() == [[1, 0, 0]]
    np.testing.assert_allclose(off, [[0.4, 0, 0]], atol=1e-3)


def test_spots_keep_three_pixels_apart_and_come_by_brightness() -> None:
    pattern = np.zeros((12, 12), dtype=np.uint8)
    pattern[3, 3] = 200
    pattern[3, 4] = pattern[4, 3] = 150  # of the same spot
    pattern[3, 5] = 180  # two pixels off: still of the same spot
    pattern[8, 8] = pattern[8, 9] = 90  # a plateau is one spot
    pattern[0, 11] = 255  # in the corner
    rows, columns = strongest_spots(pattern)
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 11), (3, 3), (8, 8)]


@pytest.mark.parametrize("level", [0, 7])
def test_an_even_pattern_has_no_more_spots_than_fit(level: int) -> None:
    rows, _ = strongest_spots(np.full((9, 9), level, dtype=np.uint8))
    assert len(rows) == (9 if level else 0)


@given(st.integers(0, 2**32 - 1))
def test_every_spot_is_the_brightest_about(seed: int) -> None:
    pattern = np.random.default_rng(seed).integers(0, 6, (14, 11)).astype(np.uint8)
    rows, columns = strongest_spots(pattern)
    levels = pattern[rows, columns]
    assert np.all(np.diff(levels.astype(int)) <= 0)
    for row, column, level in zip(rows, columns, levels, strict=True):
        about = pattern[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3]
        assert level == about.max() > 0
