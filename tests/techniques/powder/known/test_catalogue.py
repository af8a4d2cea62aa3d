"""The catalogue of known crystals, and its arrays."""

from dataclasses import replace

import numpy as np
import pytest
from measured_powders import POWDER, known_crystals

from spacegrouper.techniques.powder.known.catalogue import catalogue_of_arrays, list_crystals
from spacegrouper.techniques.powder.known.strong_lines import LINES, strongest_lines


def test_its_arrays_make_it_again() -> None:
    crystals = known_crystals()
    found, _ = list_crystals(crystals, POWDER)
    again = catalogue_of_arrays(found.arrays())
    assert again.ids.tolist() == [crystal.id for crystal in crystals]
    for name in ("ids", "formulas", "groups"):
        np.testing.assert_array_equal(getattr(again, name), getattr(found, name))
    for name in ("families", "metrics", "indices", "roots"):
        np.testing.assert_array_equal(getattr(again.lines, name), getattr(found.lines, name))
    assert again.lines.indices.shape == (20, LINES, 3)


def test_each_row_is_its_crystal() -> None:
    crystals = known_crystals()[:6]
    found, _ = list_crystals(crystals, POWDER)
    for row, crystal in enumerate(crystals):
        lines = strongest_lines(crystal, POWDER)
        np.testing.assert_array_equal(found.lines.indices[row], lines.indices)
        np.testing.assert_array_equal(found.lines.roots[row], lines.roots)
        assert found.groups[row] == crystal.metadata["spacegroup"]


def test_crystals_without_lines_are_counted() -> None:
    good, bad = known_crystals()[0], replace(known_crystals()[1], metadata={})
    found, left_out = list_crystals([bad, good, bad, good], POWDER)
    assert found.ids.tolist() == [good.id]
    assert left_out == 3


@pytest.mark.parametrize("name", ["ids", "formulas", "groups", "metrics", "indices", "roots"])
def test_arrays_of_different_lengths_are_none(name: str) -> None:
    found, _ = list_crystals(known_crystals(), POWDER)
    arrays = found.arrays()
    with pytest.raises((ValueError, LookupError)):
        catalogue_of_arrays(arrays | {name: arrays[name][..., :5]})
