"""Files of XDS."""

import gemmi
import numpy as np
import pytest
from reflection_files import CELL, reflections, write, xds_text

from spacegrouper.errors import UserError
from spacegrouper.techniques.reflections.list_reading import read_reflection_list

HKL, INTENSITY, SIGMA = reflections()


def listed(sigma=SIGMA):
    return xds_text(HKL, INTENSITY, sigma)


def test_reflections_cell_and_wavelength_are_read(tmp_path):
    path = write(tmp_path / "XDS_ASCII.HKL", listed())
    found = read_reflection_list([path])
    oracle = gemmi.read_xds_ascii(str(path))
    np.testing.assert_array_equal(found.hkl, HKL)
    np.testing.assert_array_equal(found.intensity, oracle.iobs_array)
    assert found.cell.tolist() == list(CELL)
    assert (found.wavelength, found.radiation) == (0.02508, "electron")
    assert found.stated_number == 19


def test_rejected_reflections_are_left_out(tmp_path):
    """XDS gives those that it takes for outliers a negative sigma."""
    sigma = SIGMA * np.where(np.arange(20) < 4, -1, 1)
    found = read_reflection_list([write(tmp_path / "XDS_ASCII.HKL", listed(sigma))])
    np.testing.assert_array_equal(found.hkl, HKL[4:])
    assert "reflections left out, as their sigma is 0 or below: 4" in found.notes


def test_a_damaged_file_is_refused(tmp_path):
    path = write(tmp_path / "a.hkl", "!FORMAT=XDS_ASCII\nrubbish\n")
    with pytest.raises(UserError, match="the file of XDS is damaged"):
        read_reflection_list([path])


def test_a_record_may_be_there_twice_if_it_says_the_same(tmp_path):
    record = "!UNIT_CELL_CONSTANTS=     5.790     5.940    12.270  90.000  90.000  90.000\n"
    assert record in listed()
    path = write(tmp_path / "a.HKL", listed().replace(record, 2 * record))
    assert read_reflection_list([path]).cell.tolist() == list(CELL)
    other = record.replace("5.790", "6.000")
    path = write(tmp_path / "a.HKL", listed().replace(record, record + other))
    with pytest.raises(UserError, match="!UNIT_CELL_CONSTANTS is there twice, as"):
        read_reflection_list([path])
