"""Smallest cells, and that the search for them is left out only where it finds nothing."""

import itertools

import numpy as np
import pytest
import spglib
from hypothesis import given, settings
from hypothesis import strategies as st

from spacegrouper.crystals import primitive_cell as module
from spacegrouper.crystals.primitive_cell import primitive_cell

SKEW = np.array([[4.0, 0.0, 0.0], [1.0, 4.5, 0.0], [-0.5, 1.2, 5.0]])


def test_in_place_of_a_supercell_its_primitive_cell_is_found():
    lattice = np.diag([4.0, 4.2, 9.0])
    coords = np.array([[0, 0, 0], [0, 0, 0.5], [0.3, 0.4, 0.1], [0.3, 0.4, 0.6]])
    numbers = np.array([22, 22, 8, 8])
    cell = primitive_cell(lattice, numbers, coords)
    assert abs(np.linalg.det(cell[0])) == pytest.approx(4.0 * 4.2 * 4.5)
    assert sorted(cell[1]) == [8, 22]
    # An atom away from its place ends the translation.
    coords[3, 0] += 0.05
    assert len(primitive_cell(lattice, numbers, coords)[1]) == 4


def doubled(random, axis, error):
    """Two cells of three atoms, one beside the other, and one atom off its place, Angstrom."""
    lattice = SKEW * np.where(np.arange(3) == axis, 2, 1)[:, None]
    first = random.random((3, 3)) / np.where(np.arange(3) == axis, 2, 1)
    coords = np.concatenate([first, first + np.where(np.arange(3) == axis, 0.5, 0)])
    step = random.normal(size=3)
    coords[4] += error * step / np.linalg.norm(step) @ np.linalg.inv(lattice)
    order = random.permutation(6)
    return lattice, np.array([22, 8, 8] * 2)[order], coords[order]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 2), st.floats(0, 0.5))
def test_no_search_is_left_out_that_finds_a_smaller_cell(seed, axis, error):
    lattice, numbers, coords = doubled(np.random.default_rng(seed), axis, error)
    found = spglib.standardize_cell(
        (lattice, coords, numbers), to_primitive=True, no_idealize=True, symprec=0.1
    )
    if found is not None and len(found[2]) < len(numbers):
        assert module._may_repeat(lattice, numbers, coords, 22)


def test_where_no_translation_fits_there_is_no_search(monkeypatch):
    searches = []
    monkeypatch.setattr(spglib, "standardize_cell", lambda *_, **__: searches.append(1))
    coords = np.random.default_rng(0).random((6, 3))
    primitive_cell(9 * np.eye(3), np.array([22, 8, 8] * 2), coords)
    assert not searches
    coords[3:] = coords[:3] + np.array([0.5, 0, 0])
    primitive_cell(9 * np.eye(3), np.array([22, 8, 8] * 2), coords)
    assert searches


def test_in_a_thin_cell_the_search_is_made(monkeypatch):
    """There the nearest image of an atom is not the one with the smallest coordinates."""
    searches = []
    monkeypatch.setattr(spglib, "standardize_cell", lambda *_, **__: searches.append(1))
    thin = np.array([[1, 0, 0], [30, 1, 0], [0, 0, 1]]) @ np.diag([4.0, 4.0, 4.0])
    coords = np.array(list(itertools.product([0.1, 0.45], [0.2], [0.1, 0.37])))
    primitive_cell(thin, np.array([8, 8, 8, 8]), coords)
    assert searches
