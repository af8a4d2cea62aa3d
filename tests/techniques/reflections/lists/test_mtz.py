"""MTZ files, merged and unmerged, as gemmi writes them."""

import gemmi
import numpy as np
import pytest
from reflection_files import CELL, mtz_file, reflections, write

from spacegrouper.errors import UserError
from spacegrouper.techniques.reflections.list_reading import read_reflection_list

HKL, INTENSITY, SIGMA = reflections()
TABLE = np.column_stack([HKL, INTENSITY, SIGMA])
IMEAN = [("IMEAN", "J"), ("SIGIMEAN", "Q")]


def test_intensities_are_preferred_to_f_and_calculated_ones_are_not_read(tmp_path):
    columns = [("FC", "F"), ("F", "F"), ("SIGF", "Q"), *IMEAN]
    data = np.column_stack([HKL, 9 * SIGMA, SIGMA, SIGMA, INTENSITY, SIGMA])
    found = read_reflection_list([mtz_file(tmp_path / "a.mtz", columns, data, 0.71073)])
    np.testing.assert_array_equal(found.hkl, HKL)
    np.testing.assert_array_equal(found.intensity, INTENSITY.astype(np.float32))
    np.testing.assert_allclose(found.cell, CELL, rtol=1e-6)
    assert found.quantity == "intensity"
    assert (found.wavelength, found.radiation) == (pytest.approx(0.71073), "xray")
    assert (found.stated_symbol, found.stated_number) == ("P 21 21 21", 19)
    assert "read from column IMEAN" in found.notes


def test_friedel_mates_are_two_reflections(tmp_path):
    columns = [*IMEAN, ("I(+)", "K"), ("SIGI(+)", "M"), ("I(-)", "K"), ("SIGI(-)", "M")]
    data = np.column_stack([TABLE, INTENSITY, SIGMA, 2 * INTENSITY, SIGMA])
    data[3, 7] = np.nan
    found = read_reflection_list([mtz_file(tmp_path / "a.mtz", columns, data)])
    np.testing.assert_array_equal(found.hkl, np.concatenate([HKL, -np.delete(HKL, 3, axis=0)]))
    mates = np.delete(2 * INTENSITY, 3)
    np.testing.assert_allclose(found.intensity, np.concatenate([INTENSITY, mates]), rtol=1e-6)


def test_f_is_squared(tmp_path):
    path = mtz_file(tmp_path / "a.mtz", [("F", "F"), ("SIGF", "Q")], np.abs(TABLE))
    found = read_reflection_list([path])
    np.testing.assert_allclose(found.intensity, INTENSITY**2, rtol=1e-6)
    assert found.quantity == "F"


def unmerged(path, partial=0):
    """Write indices in the asymmetric unit, and in M/ISYM from where they were brought there."""
    group = gemmi.SpaceGroup("P 21 21 21")
    unit = gemmi.ReciprocalAsu(group)
    indices, symmetry = zip(
        *(unit.to_asu(hkl, group.operations()) for hkl in HKL.tolist()), strict=True
    )
    assert any((np.array(indices) != HKL).ravel())
    columns = [("M/ISYM", "Y"), ("BATCH", "B"), ("I", "J"), ("SIGI", "Q")]
    data = np.column_stack([indices, symmetry, np.ones(20), INTENSITY, SIGMA])
    data[0, 3] += 256 * partial
    mtz = gemmi.read_mtz_file(str(mtz_file(path, columns, data)))
    batch = gemmi.Mtz.Batch()
    batch.number, batch.dataset_id, batch.cell = 1, 1, gemmi.UnitCell(*CELL)
    mtz.batches.append(batch)
    mtz.write_to_file(str(path))
    return path


def test_unmerged_reflections_have_the_indices_that_were_measured(tmp_path):
    found = read_reflection_list([unmerged(tmp_path / "a.mtz")])
    np.testing.assert_array_equal(found.hkl, HKL)
    np.testing.assert_array_equal(found.intensity, INTENSITY.astype(np.float32))


OTHER = gemmi.UnitCell(50, 60, 70, 90, 90, 90)


MEAN = gemmi.UnitCell(28, 33, 41, 90, 90, 90)


def with_cell_of_file(path, crystals=1, cell=OTHER):
    """Write a file with another cell for the whole of it, and maybe a second crystal."""
    mtz = gemmi.read_mtz_file(str(mtz_file(path, IMEAN, TABLE)))
    mtz.cell = cell
    if crystals > 1:
        mtz.add_dataset("another").cell = OTHER
    mtz.write_to_file(str(path))
    return path


def with_cell_of_batch(path):
    mtz = gemmi.read_mtz_file(str(unmerged(path)))
    mtz.batches[0].cell = OTHER
    mtz.write_to_file(str(path))
    return path


@pytest.mark.parametrize("cell", [OTHER, MEAN])
def test_of_several_crystals_the_cell_is_that_of_the_dataset(tmp_path, cell):
    found = read_reflection_list([with_cell_of_file(tmp_path / "a.mtz", 2, cell)])
    np.testing.assert_allclose(found.cell, CELL, rtol=1e-6)
    assert any(note.startswith("the cell is that of the dataset measured") for note in found.notes)


def changed(path, change):
    mtz_file(path, IMEAN, TABLE)
    return write(path, change(path.read_bytes()))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            with_cell_of_file,
            "has the cell 50, 60, 70, 90, 90, 90 for the whole file, and 5.79, 5.94, 12.27, 90, ",
        ),
        (with_cell_of_batch, "has the cell 50, 60, 70, 90, 90, 90 for its batches, and 5.79, "),
        (lambda path: unmerged(path, partial=1), "parts of reflections that are not summed"),
        (lambda path: mtz_file(path, [("FC", "F"), ("PHIC", "P")], TABLE), "values without sigma"),
        (lambda path: mtz_file(path, [("PHI", "P")], TABLE[:, :4]), "no intensities and no F"),
        (lambda path: write(path, b"MTZ \x00 cut"), "the MTZ file is cut short: its header has no"),
        (
            lambda path: changed(path, lambda data: data[:-200]),
            "the MTZ file is cut short: its header has no end; copy it anew",
        ),
        (
            lambda path: changed(path, lambda data: data.replace(b"      20   ", b"      82   ")),
            "the MTZ file is damaged or cut short",
        ),
        (
            lambda path: changed(path, lambda data: data.replace(b"      20   ", b"      12   ")),
            "the MTZ file states 12 reflections, but holds 20",
        ),
        (
            lambda path: mtz_file(path, IMEAN, TABLE + np.eye(5)[0] / 2),
            "column H of the MTZ file has indices that are not whole numbers",
        ),
    ],
)
def test_what_is_not_taken_is_refused_by_name(tmp_path, make, words):
    with pytest.raises(UserError, match=words):
        read_reflection_list([make(tmp_path / "a.mtz")])
