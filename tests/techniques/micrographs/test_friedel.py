"""Friedel's law finds the beam, and refuses patterns that do not have it."""

import numpy as np
import pytest
from drawn_micrographs import CENTRE, VECTORS, drawn

from spacegrouper.errors import UserError
from spacegrouper.techniques.micrographs.chain import MeasuredMicrograph, measured_micrograph
from spacegrouper.techniques.micrographs.friedel import beam_node, friedel_averages
from spacegrouper.techniques.micrographs.micrograph import Micrograph
from spacegrouper.techniques.micrographs.zone_reflections import Intensities

LINE = np.arange(-8, 9)
NODES = np.stack(np.meshgrid(LINE, LINE, indexing="ij"), axis=-1).reshape(-1, 2)


def about(node: tuple[int, int]) -> Intensities:
    """Return intensities that are equal for nodes opposite of each other about one."""

    def intensity(h: int, k: int) -> float:
        h, k = max((h, k), (-h, -k))
        return float(np.random.default_rng([h + 50, k + 50]).exponential())

    values = np.array([intensity(*one) for one in (NODES - node).tolist()])
    return Intensities(NODES, values, 0.01 * values)


def measured(counts: np.ndarray) -> MeasuredMicrograph:  # type: ignore[type-arg]
    return measured_micrograph(Micrograph("drawn", counts, 0.008, 200.0))


@pytest.mark.parametrize("node", [(0, 0), (1, 0), (-2, 3)])
def test_the_beam_is_where_opposite_spots_are_alike(node: tuple[int, int]) -> None:
    assert beam_node(about(node)).tolist() == list(node)


def test_spots_without_mates_are_refused() -> None:
    values = np.random.default_rng(1).exponential(size=len(NODES))
    with pytest.raises(UserError, match="opposite spots are unlike"):
        beam_node(Intensities(NODES, values, 0.01 * values))


@pytest.mark.parametrize("centre", [CENTRE, (20.0, 128.0), (80.0, 60.0), (160.0, 60.0)])
def test_the_beam_may_be_near_the_edge(centre: tuple[float, float]) -> None:
    found = measured(drawn(centre=np.array(centre)))
    np.testing.assert_allclose(found.lattice.origin, centre, atol=0.5)


def test_an_image_without_the_beam_is_refused() -> None:
    # The beam is in column 135.
    with pytest.raises(UserError, match="drawn: opposite spots are unlike"):
        measured(drawn()[:, :128])


def test_a_second_crystal_is_said() -> None:
    assert not measured(drawn()).micrograph.notes
    turn = np.array([[np.cos(0.5), np.sin(0.5)], [-np.sin(0.5), np.cos(0.5)]])
    both = drawn() + 0.15 * drawn(vectors=VECTORS @ turn)
    (note,) = measured(both).micrograph.notes
    assert note.endswith("as where a second crystal is in the beam")


def test_mates_are_averaged_and_single_nodes_stay() -> None:
    nodes = np.array([[1, 0], [-1, 0], [0, -2]])
    values, sigma = np.array([4.0, 6.0, 3.0]), np.array([3.0, 4.0, 1.0])
    once = friedel_averages(Intensities(nodes, values, sigma))
    assert once.nodes.tolist() == [[0, 2], [1, 0]]
    assert once.values.tolist() == [3, 5]
    assert once.sigma.tolist() == [1, 2.5]
