"""Known crystals, found again in measurements of crystals whose cells differ."""

import numpy as np
import pytest
from measured_powders import POWDER, fine_curve, known_crystals, strained
from random_crystals import random_crystal

from spacegrouper.techniques.powder.known.catalogue import Catalogue, list_crystals
from spacegrouper.techniques.powder.known.matching import line_places, match
from spacegrouper.techniques.powder.known.peaks import find_peaks
from spacegrouper.techniques.powder.known.strong_lines import cell_of_metric


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    found, left_out = list_crystals(known_crystals(), POWDER)
    assert left_out == 0
    return found


@pytest.mark.parametrize("row", range(20))
def test_a_crystal_with_other_axes_is_found_and_its_cell_refined(
    catalogue: Catalogue, row: int
) -> None:
    crystal = known_crystals()[row]
    cubic = catalogue.lines.families[row] == 5
    measured = strained(crystal, 1.03, 1.03 if cubic else 1.022)
    peaks = find_peaks(fine_curve(measured, zero_shift=0.03), POWDER)
    found = match(peaks, catalogue.lines, POWDER)
    assert catalogue.ids[found.rows[0]] == crystal.id
    assert found.likeness[0] > 0.85
    cell = cell_of_metric(found.metrics[0], catalogue.lines.families[row])
    lengths = np.linalg.norm(measured.lattice, axis=1)
    np.testing.assert_allclose(cell[:3], lengths, rtol=2e-3)


def test_what_was_not_measured_does_not_count(catalogue: Catalogue) -> None:
    crystal = random_crystal(19, 1)
    curve = fine_curve(crystal)
    whole = match(find_peaks(curve, POWDER), catalogue.lines, POWDER)
    part = curve.copy()
    part[:750] = np.nan  # below 20 degrees
    part[2250:] = np.nan  # above 50
    found = match(find_peaks(part / np.nanmax(part), POWDER), catalogue.lines, POWDER)
    assert catalogue.ids[found.rows[0]] == crystal.id
    assert found.likeness[0] > whole.likeness[0] - 0.03
    # What was measured and shows nothing counts.
    empty = match(find_peaks(np.nan_to_num(part), POWDER), catalogue.lines, POWDER)
    assert empty.likeness[empty.rows == found.rows[0]] < found.likeness[0] - 0.1


def test_lines_in_a_gap_do_not_count(catalogue: Catalogue) -> None:
    crystal = random_crystal(19, 1)
    curve = fine_curve(crystal)
    whole = match(find_peaks(curve, POWDER), catalogue.lines, POWDER)
    # From 20 to 40 degrees, where its strongest lines are.
    curve[750:1750] = np.nan
    found = match(find_peaks(curve, POWDER), catalogue.lines, POWDER)
    assert catalogue.ids[found.rows[0]] == crystal.id
    assert found.likeness[0] > whole.likeness[0] - 0.03
    bridged = match(find_peaks(np.nan_to_num(curve), POWDER), catalogue.lines, POWDER)
    assert bridged.likeness[bridged.rows == found.rows[0]] < found.likeness[0] - 0.1


def test_the_zero_of_the_angles_is_found(catalogue: Catalogue) -> None:
    # Of a cubic crystal, in which nothing else but one length can make up for it.
    curve = fine_curve(random_crystal(225, 0), zero_shift=0.04)
    found = match(find_peaks(curve, POWDER), catalogue.lines, POWDER)
    assert found.zeros[0] == pytest.approx(0.04, abs=0.015)
    places, heights = line_places(catalogue.lines, found, 0, POWDER).T
    strongest = places[heights.argmax()]
    angles = np.linspace(*POWDER.two_theta, curve.size)
    assert strongest == pytest.approx(angles[curve.argmax()], abs=0.03)


def test_a_crystal_that_is_left_out_is_not_found(catalogue: Catalogue) -> None:
    peaks = find_peaks(fine_curve(random_crystal(62, 0)), POWDER)
    with_it = match(peaks, catalogue.lines, POWDER)
    (row,) = np.flatnonzero(catalogue.ids == "random-62-0")
    without = match(peaks, catalogue.lines, POWDER, without=row)
    assert with_it.rows[0] == row
    assert row not in without.rows
    assert len(without.rows) == 19


def test_threads_change_nothing(catalogue: Catalogue) -> None:
    peaks = find_peaks(fine_curve(random_crystal(14, 1)), POWDER)
    one = match(peaks, catalogue.lines, POWDER, threads=1)
    three = match(peaks, catalogue.lines, POWDER, threads=3)
    np.testing.assert_array_equal(one.rows, three.rows)
    np.testing.assert_array_equal(one.likeness, three.likeness)
    np.testing.assert_array_equal(one.metrics, three.metrics)


def test_likeness_is_a_cosine(catalogue: Catalogue) -> None:
    for seed in range(3):
        peaks = find_peaks(fine_curve(random_crystal(100, seed)), POWDER)
        found = match(peaks, catalogue.lines, POWDER)
        assert np.all((found.likeness >= 0) & (found.likeness <= 1 + 1e-9))
        assert np.all(np.diff(found.likeness) <= 0)
        assert np.isfinite(found.metrics).all()


def test_a_curve_without_peaks_is_like_nothing(catalogue: Catalogue) -> None:
    peaks = find_peaks(np.zeros(4251), POWDER)
    found = match(peaks, catalogue.lines, POWDER)
    assert not found.likeness.any()


def test_more_threads_than_crystals_are_no_matter(catalogue: Catalogue) -> None:
    found = match(find_peaks(fine_curve(random_crystal(2, 0)), POWDER), catalogue.lines, POWDER, 50)
    assert catalogue.ids[found.rows[0]] == "random-2-0"
