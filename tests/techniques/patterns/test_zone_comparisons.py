"""What the comparisons of zones are, against structure factors of known symmetry."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from spacegrouper.techniques.patterns.zone_comparisons import CHANNELS, compared

L = 4
EXCHANGED = (4, 6, 8)  # channels of a zone beside itself with its axes exchanged
MIRRORED = (3, 5, 7)
DIAGONAL, THREEFOLD, SIXFOLD = (9, 10, 11), (12, 13, 14), 15


def zones_of(places: NDArray[np.float64]) -> NDArray[np.float32]:
    """|F| of atoms in a rectangular cell: zones (1, 3, 2 L + 1, 2 L + 1), as `compared` takes."""
    index = np.arange(-L, L + 1)
    row, node = np.meshgrid(index, index, indexing="ij")
    none = np.zeros_like(row)
    found = [
        np.abs(np.exp(2j * np.pi * (np.stack(hkl, axis=-1) @ places.T)).sum(axis=-1))
        for hkl in ((none, node, row), (node, none, row), (row, node, none))
    ]
    return np.array(found, np.float32)[None]


def orbit(places: NDArray[np.float64], *operations: object) -> NDArray[np.float64]:
    """The places and their images under all products of operations, which are of a finite group."""
    found = [tuple(np.round(place % 1, 9) % 1) for place in places]
    for place in found:
        for operation in operations:
            image = tuple(np.round(np.asarray(operation) @ place % 1, 9) % 1)
            if image not in found:
                found.append(image)
    return np.array(found)


PLACES = np.array([[0.11, 0.23, 0.37], [0.42, 0.05, 0.29], [0.33, 0.71, 0.16]])
MIRROR_Z = np.diag([1, 1, -1])
MIRRORS = [np.diag(signs) for signs in itertools.product((1, -1), repeat=3)]
FOURFOLD_Z = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]
THREEFOLD_111 = [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
DIAGONAL_MIRROR = [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
CASES = {
    "triclinic": ([], set()),
    # A twofold axis along z: hk0 has no symmetry of its own, h0l and 0kl have mirrors.
    "monoclinic": ([MIRROR_Z], {3, 5}),
    "mmm": (MIRRORS, {3, 5, 7}),
    # 4/m: hk0 is turned by 90 degrees, which exchanges its axes and mirrors one.
    "4/m": ([FOURFOLD_Z, MIRROR_Z], {3, 5, 9}),
    "4/mmm": ([FOURFOLD_Z, *MIRRORS], {3, 5, 7, 8, 9}),
    "m-3": ([THREEFOLD_111, *MIRRORS], {3, 5, 7, 12, 13, 14}),
    "m-3m": ([THREEFOLD_111, DIAGONAL_MIRROR, *MIRRORS], set(range(3, 15))),
}


@pytest.mark.parametrize("name", CASES)
def test_what_the_laue_class_makes_equal_has_no_difference(name: str) -> None:
    operations, equal = CASES[name]
    found = compared(zones_of(orbit(PLACES, *operations)))
    assert found.shape == (1, L + 1, 2 * L + 1, CHANNELS)
    none = {channel for channel in range(3, 15) if np.abs(found[..., channel]).max() < 1e-4}
    assert none == equal


def test_the_zones_come_first_from_row_0_on() -> None:
    zones = zones_of(PLACES)
    np.testing.assert_array_equal(compared(zones)[..., :3], np.moveaxis(zones[:, :, L:], 1, -1))


def test_a_sixfold_axis_turns_its_zone_onto_itself() -> None:
    # |F| of a hexagonal lattice at nodes m, n of the rectangular one, and of one that is distorted.
    def zone(stretched: float) -> NDArray[np.float32]:
        m, n = np.indices((2 * L + 1, 2 * L + 1)) - L
        s_squared = m**2 + n**2 / 3 * stretched
        levels = np.where((m + n) % 2 == 0, np.exp(-s_squared / 20), 0)
        return np.broadcast_to(levels, (1, 3, *levels.shape)).astype(np.float32)

    assert np.abs(compared(zone(1.0))[..., SIXFOLD]).max() < 1e-6
    assert np.abs(compared(zone(1.2))[..., SIXFOLD]).max() > 0.01
