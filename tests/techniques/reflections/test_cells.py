import numpy as np

from spacegrouper.techniques.reflections.cells import cell_of


def test_the_angles_of_a_cell_are_between_the_other_edges() -> None:
    lattice = np.array([[4, 0, 0], [-2, 3, 0], [1, 0, 5.0]])
    a, b, c = lattice
    expected = [
        np.degrees(np.arccos(one @ other / np.linalg.norm(one) / np.linalg.norm(other)))
        for one, other in ((b, c), (a, c), (a, b))
    ]
    np.testing.assert_allclose(cell_of(lattice)[3:], expected)
