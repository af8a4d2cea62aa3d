"""Patterns that are of one crystal pass, and those that contradict each other do not."""

import numpy as np
import pytest
from numpy.typing import NDArray
from random_crystals import random_crystal
from scipy.spatial.transform import Rotation

from spacegrouper.contract.descriptor import Levels
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.standard_cell import standardise
from spacegrouper.settings import Simulate, Standardise
from spacegrouper.techniques.patterns.indexed_zones import IndexedZones
from spacegrouper.techniques.patterns.kinematic import grey_patterns, make_experiment

SETTINGS = Simulate.model_validate(
    {
        "views": "zone_axes", "pixels": 400, "pixel_size": 2.5e-5, "cells": (6, 6, 6),
        "envelope": "gaussian", "bit_depth": 16, "grey_scale": "logarithmic", "decades": 4,
    }
)  # fmt: skip
ZONES = IndexedZones(SETTINGS, 17)
GROUPS = [1, 2, 4, 15, 19, 41, 82, 146, 173, 198]


def patterns_of(number: int, degrees: float = 0.0) -> Levels:
    crystal = standardise(random_crystal(number), Standardise())
    assert isinstance(crystal, Crystal)
    axis = np.random.default_rng(number).standard_normal(3)
    turn = Rotation.from_rotvec(np.radians(degrees) * axis / np.linalg.norm(axis)).as_matrix()
    experiment = make_experiment(SETTINGS, crystal.species)
    lattice: NDArray[np.float64] = crystal.lattice @ turn.T
    return grey_patterns(experiment, lattice, crystal.species, crystal.frac_coords)[0]


@pytest.mark.parametrize("number", GROUPS)
def test_patterns_of_one_crystal_agree(number: int) -> None:
    for degrees in (0, 1):
        assert not ZONES.unclear(patterns_of(number, degrees))
    # Of a crystal that is turned far, few spots may be left.
    reason = ZONES.unclear(patterns_of(number, 3))
    assert not reason or reason.startswith("no lattice of spots")


def net(along: int, across: int) -> Levels:
    """Return an image of spots so many pixels apart, in columns and in rows."""
    image = np.zeros((400, 400), np.uint16)
    image[200 % across :: across, 200 % along :: along] = 40000
    return image


@pytest.mark.parametrize(("along", "across"), [(16, 18), (20, 25), (15, 30), (36, 18), (26, 15)])
def test_one_rectangular_net_along_all_three_axes_is_refused(along: int, across: int) -> None:
    reason = ZONES.unclear(np.stack([net(along, across)] * 3))
    assert "/Å apart in the pattern along" in reason


def test_one_square_net_along_all_three_axes_is_a_cubic_crystal() -> None:
    assert not ZONES.unclear(np.stack([net(18, 18)] * 3))


@pytest.mark.parametrize("number", [4, 19, 82])
def test_views_of_another_axis_are_refused(number: int) -> None:
    x, y, z = patterns_of(number)
    assert "give patterns of one crystal, each along its own axis" in ZONES.unclear(
        np.stack([x, z, y])
    )
    assert ZONES.unclear(np.stack([x, x, x]))
