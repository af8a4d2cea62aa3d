import numpy as np
import pytest

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.techniques.reflections.settings import Reflections
from spacegrouper.techniques.reflections.simulation import simulate_reflections
from spacegrouper.techniques.reflections.zones import zones

ROCK_SALT = Crystal(
    "NaCl",
    5.64 * np.eye(3),
    ("Na",) * 4 + ("Cl",) * 4,
    np.array(
        [
            *([0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]),
            *([0.5, 0.5, 0.5], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]),
        ]
    ),
)


def test_a_crystal_has_its_levels_its_strongest_reflection_and_its_cell() -> None:
    (found,) = simulate_reflections([ROCK_SALT], Reflections(largest_index=4), threads=1)
    assert found.values.shape == (1, 5, 9, 9)
    assert found.values.dtype == np.uint16
    assert found.values.max() == 65535
    # Of an F lattice, only indices that are all odd or all even.
    for l, h, k in np.argwhere(found.values[0]):
        assert len({l % 2, (h - 4) % 2, (k - 4) % 2}) == 1
    assert np.argwhere(found.values[0] == 65535)[0].tolist() in ([0, 4, 2], [2, 4, 4], [0, 2, 4])
    np.testing.assert_allclose(found.further["cell"], [[5.64, 5.64, 5.64, 90, 90, 90]])
    assert found.reasons == ("",)


def test_no_result_depends_on_threads_or_neighbours() -> None:
    crystals = [ROCK_SALT] * 3 + [Crystal("?", np.eye(3), ("Xx",), np.zeros((1, 3)))] + [ROCK_SALT]
    (several,) = simulate_reflections(crystals, Reflections(), threads=3)
    (alone,) = simulate_reflections([ROCK_SALT], Reflections(), threads=1)
    for row in (0, 1, 2, 4):
        np.testing.assert_array_equal(several.values[row], alone.values[0])
    assert "Xx" in several.reasons[3]
    assert not several.values[3].any()


@pytest.mark.parametrize("largest", [1, 3])
def test_zones_follow_from_half_of_reciprocal_space(largest: int) -> None:
    width = 2 * largest + 1
    rng = np.random.default_rng(0)
    everything = rng.integers(0, 65536, (width,) * 3, dtype=np.uint16)  # h, k, l
    everything = np.maximum(everything, everything[::-1, ::-1, ::-1])  # Friedel's law
    half = np.moveaxis(everything, 2, 0)[largest:]
    hk0, h0l, kl = zones(half[None])[0]
    np.testing.assert_array_equal(hk0, everything[:, :, largest])
    np.testing.assert_array_equal(h0l, everything[:, largest, :])
    np.testing.assert_array_equal(kl, everything[largest, :, :])
