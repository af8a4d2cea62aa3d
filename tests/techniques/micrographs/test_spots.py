import numpy as np
from drawn_micrographs import CENTRE, VECTORS, any_intensity, drawn

from spacegrouper.techniques.micrographs.ground import ground_of
from spacegrouper.techniques.micrographs.spots import integrated, spots_of


def test_spots_are_found_where_they_are_the_clearest_first() -> None:
    places = spots_of(ground_of(drawn(lambda h, k: 1.0), CENTRE))
    exact = (places - CENTRE) @ np.linalg.inv(VECTORS)
    nodes = np.rint(exact)
    assert np.linalg.norm((exact - nodes) @ VECTORS, axis=1).max() < 0.5
    # Equal ones fall off outwards; near the beam its own tail counts as noise.
    away = np.linalg.norm(nodes @ VECTORS, axis=1)
    assert np.corrcoef(away[away > 60], np.arange((away > 60).sum()))[0, 1] > 0.95
    # Each node is found once, and all are that are not too far out.
    found = set(map(tuple, nodes.astype(int).tolist()))
    assert len(found) == len(nodes)
    all_nodes = [(h, k) for h in range(-6, 7) for k in range(-6, 7)]
    assert {node for node in all_nodes if 0 < np.hypot(*(node @ VECTORS)) < 90} <= found


def test_intensities_are_those_of_the_spots() -> None:
    nodes = [(1, 0), (0, 1), (1, 1), (-1, 1), (2, 1), (-2, 0)]
    places = CENTRE + np.array(nodes) @ VECTORS
    sums, sigma, whole = integrated(ground_of(drawn(), CENTRE), places, 5.0)
    falling = np.exp(-((np.linalg.norm(places - CENTRE, axis=1) / 90) ** 2))
    heights = 3000 * np.array([any_intensity(*node) for node in nodes]) * falling
    assert whole.all()
    np.testing.assert_allclose(sums, heights * 2 * np.pi * 1.5**2, rtol=0.1)
    assert (sums > 10 * sigma).all()
