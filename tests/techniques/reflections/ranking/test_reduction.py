"""Whatever the axes, a list comes into the same reduced cell."""

from dataclasses import replace

import gemmi
import numpy as np
import pytest
from measured_lists import CAREFUL
from random_crystals import random_crystal

from spacegrouper.errors import UserError
from spacegrouper.techniques.reflections.ranking.reduction import reduced_list
from spacegrouper.techniques.reflections.ranking.simulated_list import simulated_list

EXACT = replace(CAREFUL, jitter=((0, 0),) * 2, counts=(1e6, 1e6))


@pytest.mark.parametrize("number", [2, 5, 22, 42, 82, 146, 197, 216])
@pytest.mark.parametrize("conventional", [0, 1])
def test_centred_lattices_are_found_and_reduced_as_gemmi_does(number, conventional):
    crystal = random_crystal(number)
    measuring = replace(EXACT, conventional=conventional)
    measured = simulated_list(crystal, measuring, np.random.default_rng(1))
    reduced = reduced_list(measured)
    edges = np.linalg.norm(crystal.lattice, axis=1)
    unit = crystal.lattice / edges[:, None]
    angles = np.degrees(np.arccos([unit[1] @ unit[2], unit[0] @ unit[2], unit[0] @ unit[1]]))
    letter = gemmi.find_spacegroup_by_number(number).centring_type()
    vector = gemmi.GruberVector(gemmi.UnitCell(*edges, *angles), letter)
    vector.niggli_reduce()
    assert np.linalg.norm(reduced.lattice, axis=1) == pytest.approx(
        vector.cell_parameters()[:3], rel=1e-4
    )
    assert (reduced.left_out > 0) == (conventional and letter != "P")


def test_a_list_of_noise_is_refused():
    measured = simulated_list(random_crystal(2), EXACT, np.random.default_rng(1))
    weak = type(measured)(**{**vars(measured), "sigma": measured.sigma * 1e9})
    with pytest.raises(UserError, match="above 3 sigma"):
        reduced_list(weak)


def planar(measured):
    """Return the reflections of a list with l = 0."""
    kept = measured.hkl[:, 2] == 0
    values = {name: getattr(measured, name)[kept] for name in ("hkl", "intensity", "sigma")}
    return replace(measured, **values)


def full_list(seed=1):
    measuring = replace(EXACT, conventional=1)
    return simulated_list(random_crystal(19), measuring, np.random.default_rng(seed))


def test_a_list_of_one_zone_is_refused():
    with pytest.raises(UserError, match="all reflections are in one zone"):
        reduced_list(planar(full_list()))


def test_noise_outside_of_a_zone_is_no_reason_to_leave_all_of_it_out():
    """Leaving out ever more planes of noise would never end."""
    measured = full_list()
    off = measured.hkl[:, 2] != 0
    noise = np.random.default_rng(0).standard_normal(off.sum()) * measured.sigma[off]
    intensity = measured.intensity.copy()
    intensity[off] = noise
    reduced = reduced_list(replace(measured, intensity=intensity))
    assert np.linalg.matrix_rank(reduced.hkl) == 3
