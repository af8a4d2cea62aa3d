"""Against pymatgen's choice of axes, in all space groups, on lattices of all kinds."""

import os
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import gemmi
import numpy as np
import pytest
import spglib
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from spacegrouper.crystals.conventional_axes import conventional_axes
from spacegrouper.crystals.json_lines import read_crystals

MARKERS = ("H", "Li", "Be")
STEP = 1 / 64  # of an axis, from the origin; axes mix with small whole factors


class MarkedAxes(SpacegroupAnalyzer):
    """pymatgen's analysis of a crystal with one atom on each axis of spglib's lattice."""

    def __init__(self, lattice, space_group, symbol):
        self._space_group_data = SimpleNamespace(
            std_lattice=lattice, number=space_group, international=symbol
        )

    def get_refined_structure(self, keep_site_properties=False):
        return Structure(self._space_group_data.std_lattice, MARKERS, STEP * np.eye(3))

    def get_space_group_operations(self):
        return SimpleNamespace(int_symbol=self._space_group_data.international)


def axes_of_pymatgen(lattice, space_group, symbol):
    marked = MarkedAxes(lattice, space_group, symbol).get_conventional_standard_structure()
    steps = {site.specie.symbol: site.frac_coords / STEP for site in marked}
    columns = np.round([steps[marker] for marker in MARKERS])
    # A marker behind the origin has been moved to the other end of the cell.
    columns -= np.round(columns * STEP) / STEP
    rows = np.round(np.linalg.inv(columns)).astype(int)
    return rows if np.linalg.det(rows) > 0 else -rows


def symbols():
    """The symbol of each space group in spglib's standard setting, by its number."""
    found = {}
    for hall_number in range(1, 531):
        kind = spglib.get_spacegroup_type(hall_number)
        found.setdefault(kind.number, kind.international_short)
    return found


SYMBOLS = symbols()


def lattice_of_group(space_group, lengths, angles):
    """A lattice that the space group allows, with as many of the parameters as are free."""
    a, b, c = lengths
    if space_group <= 2:
        return Lattice.from_parameters(a, b, c, *angles).matrix
    if space_group <= 15:
        return Lattice.from_parameters(a, b, c, 90, angles[1], 90).matrix
    if space_group <= 74:
        return np.diag([a, b, c])
    if space_group <= 142:
        return np.diag([a, a, c])
    if space_group <= 194:
        return Lattice.hexagonal(a, c).matrix
    return np.diag([a, a, a])


# Equal, nearly equal and different ones.
LENGTHS = st.one_of(st.sampled_from([4, 4.000001, 4.00002, 5, 8]), st.floats(3, 30))
ANGLES = st.one_of(
    st.sampled_from([60, 75, 90, 90 - 1e-11, 90 + 1e-9, 100, 120]), st.floats(65, 115)
)


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 230), st.tuples(*[LENGTHS] * 3), st.tuples(*[ANGLES] * 3))
@example(14, (4, 5, 4), (90, 100, 90))
@example(14, (8, 4, 4), (90, 90, 90))
@example(12, (8, 5, 4), (90, 90, 90))
@example(40, (4, 8, 5), (90, 90, 90))
@example(99, (8, 8, 4), (90, 90, 90))
def test_axes_are_those_of_pymatgen(space_group, lengths, angles):
    # With other angles three vectors have no volume.
    assume(sum(angles) < 350)
    assume(sum(angles) - 2 * max(angles) > 10)
    lattice = lattice_of_group(space_group, lengths, angles)
    symbol = SYMBOLS[space_group]
    np.testing.assert_array_equal(
        conventional_axes(lattice, space_group, symbol[0]),
        axes_of_pymatgen(lattice, space_group, symbol),
    )


@pytest.mark.parametrize("space_group", range(1, 231))
def test_axes_are_those_of_pymatgen_in_every_space_group(space_group):
    random = np.random.default_rng(space_group)
    for _ in range(5):
        lengths, angles = random.uniform(3, 20, 3), random.uniform(75, 105, 3)
        lattice = lattice_of_group(space_group, lengths, angles)
        symbol = SYMBOLS[space_group]
        axes = conventional_axes(lattice, space_group, symbol[0])
        np.testing.assert_array_equal(axes, axes_of_pymatgen(lattice, space_group, symbol))
        assert round(np.linalg.det(axes)) == 1


def test_axes_of_real_crystals_are_those_of_pymatgen():
    shared = Path(__file__).parents[2] / "../shared/structures"
    path = Path(os.environ.get("SPACEGROUPER_STRUCTURES", shared)) / "mp-2024.10-sample.jsonl.gz"
    if not path.exists():
        pytest.skip(f"needs real structures: {path} is not there")
    for crystal in islice(read_crystals(path), 0, 2400, 6):
        numbers = [gemmi.Element(name).atomic_number for name in crystal.species]
        found = spglib.get_symmetry_dataset(
            (crystal.lattice, crystal.frac_coords, numbers), symprec=0.1
        )
        np.testing.assert_array_equal(
            conventional_axes(found.std_lattice, found.number, found.international[0]),
            axes_of_pymatgen(found.std_lattice, found.number, found.international),
        )
