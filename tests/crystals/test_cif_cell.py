from fractions import Fraction

import gemmi
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_crystals import random_crystal

from spacegrouper.crystals.cif_cell import filled_cell
from spacegrouper.crystals.cif_sites import MULTIPLICITY_TAGS, Site
from spacegrouper.crystals.cif_text import cif_blocks
from spacegrouper.crystals.space_group_settings import settings_by_number
from spacegrouper.errors import UserError

(NOTHING_ELSE,) = cif_blocks(b"data_x\n_cell_length_a 5\n")


def site(place, **multiplicities):
    stated = dict.fromkeys(MULTIPLICITY_TAGS, 0.0) | multiplicities
    return Site("Si1", "Si", np.array(place, dtype=float), 1.0, stated, "")


def exact_orbit(place, operations):
    """Return the images of a place as fractions of the cell, without any rounding."""
    images = set()
    for operation in operations:
        rows = zip(operation.rot, operation.tran, strict=True)
        images.add(
            tuple(
                (sum(factor * x for factor, x in zip(row, place, strict=True)) + shift)
                / gemmi.Op.DEN
                % 1
                for row, shift in rows
            )
        )
    return images


@given(
    st.integers(1, 230),
    st.tuples(*[st.sampled_from([Fraction(n, 24) for n in range(24)])] * 3),
    st.floats(-4e-4, 4e-4),
)
def test_the_atoms_are_the_different_images_of_a_site(number, place, rounding):
    # Wide enough that a 24th of an edge is no error of rounding.
    lattice = random_crystal(number, scale=4).lattice
    setting = settings_by_number(number)[0][-1]
    expected = exact_orbit(place, setting.operations)
    rounded = [float(x) + rounding for x in place]
    crystal = filled_cell(NOTHING_ELSE, lattice, [site(rounded)], setting, "x")
    assert len(crystal.species) == len(expected)
    found = crystal.frac_coords
    for image in expected:
        apart = found - np.array(image, dtype=float)
        assert np.abs(apart - np.round(apart)).max(axis=1).min() < 1e-3


def test_a_multiplicity_of_another_group_is_refused():
    setting = settings_by_number(225)[0][0]
    (tag, *_) = MULTIPLICITY_TAGS
    lattice = 5.64 * np.eye(3)
    for stated in (4, 48):  # atoms in the cell, or the order of the site's symmetry
        found = filled_cell(NOTHING_ELSE, lattice, [site([0, 0, 0], **{tag: stated})], setting, "x")
        assert len(found.species) == 4
    with pytest.raises(UserError, match=rf"site Si1 is 4 atoms .* and 8 by {tag}"):
        filled_cell(NOTHING_ELSE, lattice, [site([0, 0, 0], **{tag: 8})], setting, "x")
