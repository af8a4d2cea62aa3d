"""Zones for training are those of the crystal, with the errors that are asked for."""

from dataclasses import replace

import gemmi
import numpy as np
import pytest
from random_crystals import random_crystal

from spacegrouper.techniques.micrographs.simulated_zones import Imaging, Zones, simulated_zones
from spacegrouper.techniques.reflections.ranking.reduction import possible_centrings

EXACT = replace(
    Imaging(),
    zones=(0, 0, 1, 0),
    main=1,
    scatter=(0, 0),
    leak=(1e-12, 1e-12),
    counts=(1e9, 1e9),
    halo=(1e-3, 1e-3),
    ground=(1e-3, 1e-3),
    stops=0,
    inexact=0,
)


def zones(number: int, imaging: Imaging, seed: int = 0) -> Zones:
    found = simulated_zones(random_crystal(number, 3), imaging, np.random.default_rng(seed))
    assert found is not None
    return found


def strength(found: Zones) -> np.ndarray:  # type: ignore[type-arg]
    """Return intensities over the mean."""
    return found.measured.intensity / found.measured.intensity.mean()  # type: ignore[no-any-return]


def absent(number: int, hkl: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    operations = gemmi.get_spacegroup_reference_setting(number).operations()
    return np.asarray(operations.systematic_absences(hkl), dtype=bool)


@pytest.mark.parametrize("number", [14, 62, 136])
def test_what_the_group_forbids_is_absent_and_comes_with_multiple_scattering(number: int) -> None:
    found = zones(number, EXACT)
    forbidden = absent(number, found.measured.hkl)
    assert forbidden.sum() > 5
    assert np.abs(strength(found)[forbidden]).max() < 1e-6
    leaking = zones(number, replace(EXACT, leak=(0.1, 0.1), zone_leak=(1, 1)))
    mean = strength(leaking)[absent(number, leaking.measured.hkl)].mean()
    assert 0.02 < mean < 0.3


def test_reflections_are_across_their_zone_axes() -> None:
    found = zones(14, Imaging(zones=(0, 0, 0, 1), main=0.5))
    assert len(set(found.axes)) == 4
    across = found.measured.hkl @ np.array(found.axes).T == 0
    assert across.any(axis=1).all()
    assert across.any(axis=0).all()


@pytest.mark.parametrize("scatter", [0.0, 0.5])
def test_friedel_mates_differ_by_the_scatter_alone(scatter: float) -> None:
    imaging = replace(EXACT, zones=(1, 0, 0, 0), scatter=(scatter, scatter))
    found = zones(14, imaging).measured
    place = {tuple(hkl): number for number, hkl in enumerate(found.hkl.tolist())}
    mates = [place[tuple((-hkl).tolist())] for hkl in found.hkl]
    strong = (found.intensity > 1e4) & (found.intensity[mates] > 1e4)
    ratio = np.log(found.intensity[strong] / found.intensity[mates][strong])
    assert strong.sum() > 20
    assert ratio.std() / np.sqrt(2) == pytest.approx(scatter, abs=0.1)


def test_a_centred_cell_shows_its_centring() -> None:
    found = zones(139, replace(EXACT, leak=(0.2, 0.2)))
    # Multiple scattering reaches points of the lattice alone.
    assert possible_centrings(found.measured, found.spots) == ["I", "P"]


def test_a_beam_stop_hides_what_is_near_the_beam() -> None:
    found = zones(62, replace(EXACT, stops=1, stop=(0.3, 0.3)))
    crystal = random_crystal(62, 3)
    s = np.linalg.norm(found.measured.hkl @ np.linalg.inv(crystal.lattice).T, axis=1)
    assert s.min() > 0.3


def test_what_is_drawn_depends_on_the_generator_alone() -> None:
    one, other = zones(62, Imaging(), 5), zones(62, Imaging(), 5)
    np.testing.assert_array_equal(one.measured.intensity, other.measured.intensity)
