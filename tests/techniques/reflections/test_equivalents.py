import numpy as np
import pytest

from spacegrouper.techniques.reflections.equivalents import averaged, find, indices_of, keys_of


def test_keys_are_those_of_friedel_mates():
    hkl = np.random.default_rng(0).integers(-600, 600, (500, 3))
    assert np.array_equal(keys_of(hkl), keys_of(-hkl))
    back = indices_of(keys_of(hkl))
    assert ((back == hkl).all(axis=1) | (back == -hkl).all(axis=1)).all()


def test_keys_are_found_among_ascending_ones():
    place, there = find(np.array([2, 5, 9]), np.array([5, 1, 9, 11, 3]))
    assert there.tolist() == [True, False, True, False, False]
    assert place[there].tolist() == [1, 2]


def test_averages_are_means_with_their_uncertainties():
    found = averaged(np.array([7, 3, 7]), np.array([1.0, 5.0, 2.0]), np.array([3.0, 1.0, 4.0]))
    assert found.keys.tolist() == [3, 7]
    assert found.group.tolist() == [1, 0, 1]
    assert found.times.tolist() == [1, 2]
    assert found.values == pytest.approx([5, 1.5])
    assert found.sigma == pytest.approx([1, 2.5])
