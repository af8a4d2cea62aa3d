"""As many settings as the International Tables say, and operations that look the same in each."""

import gemmi
import numpy as np
import pytest

from spacegrouper.crystals.lattice_bases import bases_with_lengths
from spacegrouper.crystals.normaliser import equivalent_settings


def operations(symbol):
    every = list(gemmi.SpaceGroup(symbol).operations())
    rotations = np.array([operation.rot for operation in every]) // gemmi.Op.DEN
    return rotations, np.array([operation.tran for operation in every]) / gemmi.Op.DEN


def settings(symbol, lattice):
    rotations, translations = operations(symbol)
    bases = bases_with_lengths(lattice, np.linalg.norm(lattice, axis=1), 1e-5)
    same = np.abs(bases @ lattice @ lattice.T @ bases.transpose(0, 2, 1) - lattice @ lattice.T)
    bases = bases[same.max(axis=(1, 2)) < 1e-6]
    return equivalent_settings(
        rotations.tobytes(), np.round(translations, 6).tobytes(), bases.tobytes()
    )


# The indices of translations and further rotations of the Euclidean normaliser, I.T. A, table
# 3.5.2.3 to 3.5.2.5, times the lattice points of the cell.
@pytest.mark.parametrize(
    ("symbol", "lattice", "bases", "shifts"),
    [
        ("P 1", np.array([[4, 0, 0], [1, 5, 0], [0.3, 0.7, 6.0]]), 2, 1),
        ("P -1", np.array([[4, 0, 0], [1, 5, 0], [0.3, 0.7, 6.0]]), 1, 8),
        ("P m m m", np.diag([4, 5, 6.0]), 1, 8),
        ("P m m m", np.diag([4.0, 4.0, 4.0]), 6, 8),
        ("P n m a", np.diag([4, 5, 6.0]), 1, 8),
        ("P m -3 m", np.diag([4.0, 4.0, 4.0]), 1, 2),
        ("F m -3 m", np.diag([4.0, 4.0, 4.0]), 1, 8),
        ("F -4 3 m", np.diag([4.0, 4.0, 4.0]), 2, 16),
        ("P 41 21 2", np.diag([4, 4, 6.0]), 1, 4),
    ],
)
def test_there_are_as_many_settings_as_the_normaliser_has(symbol, lattice, bases, shifts):
    found, moves = settings(symbol, lattice)
    assert len({basis.tobytes() for basis in found}) == bases
    assert len(found) == bases * shifts
    assert ((moves >= 0) & (moves < 1)).all()


@pytest.mark.parametrize("symbol", ["P 21 21 21", "I 41/a", "P 3 2 1", "F d -3 m:2", "P n a 21"])
def test_operations_look_the_same_in_every_setting(symbol):
    edge = 4.0 * np.eye(3)
    if symbol == "P 3 2 1":
        edge = np.array([[4, 0, 0], [-2, 2 * np.sqrt(3), 0], [0, 0, 6]])
    rotations, translations = operations(symbol)
    known = {
        (turn.tobytes(), tuple(np.round(24 * move).astype(int) % 24))
        for turn, move in zip(rotations, translations, strict=True)
    }
    for basis, shift in zip(*settings(symbol, edge), strict=True):
        change = np.round(np.linalg.inv(basis.T)).astype(int)
        turns = change @ rotations @ basis.T
        moves = translations @ change.T + shift - shift @ turns.transpose(0, 2, 1)
        found = {
            (turn.tobytes(), tuple(np.round(24 * move).astype(int) % 24))
            for turn, move in zip(turns, moves, strict=True)
        }
        assert found == known
