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
