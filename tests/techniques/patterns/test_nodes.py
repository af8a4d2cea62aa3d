"""The lines between nodes against a plain statement of their rules, and against known pictures."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import label

from spacegrouper.techniques.patterns.settings import Shape
from spacegrouper.techniques.patterns.shaping import normalise, shape_pattern

SETTINGS = Shape(method="nodes")
# Black all over, so that every value of a test's pattern is normalised alike.
NO_WINDOW = Shape(method="nodes", central_window=(300, 300))


def shape_by_the_rules(raw: NDArray[np.uint8], settings: Shape) -> NDArray[np.float32]:
    """The rules of docs/shaping.md for `nodes`, one after another."""
    normalised = normalise(raw, settings)
    components, count = label(normalised >= settings.threshold, structure=np.ones((3, 3)))
    nodes = []
    for component in range(1, count + 1):
        rows, columns = np.nonzero(components == component)
        weights = raw[rows, columns].astype(int)
        row, column = (np.sum(weights * places) / weights.sum() for places in (rows, columns))
        nodes.append((row, column, np.sqrt(rows.size / np.pi)))
    distances = {
        (a, b): np.sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) for a, b in combinations(nodes, 2)
    }
    shaped = normalised.copy()
    for (a, b), distance in distances.items():
        if distance < settings.reach * min(distances.values()):
            shaped[distance_to_segment(raw.shape, a, b) <= (a[2] + b[2]) / 2] = 255
    keep = normalised > settings.restore_above
    shaped[keep] = normalised[keep]
    return shaped


def distance_to_segment(shape, a, b) -> NDArray[np.float64]:
    """How far each pixel is from the segment from a to b: by angles and the law of sines."""
    pixel = np.indices(shape) + 0j
    z = pixel[1] + 1j * pixel[0]
    start, end = a[1] + 1j * a[0], b[1] + 1j * b[0]
    turned = (z - start) * np.exp(-1j * np.angle(end - start))  # the segment is now 0 .. length
    beyond = np.maximum(turned.real - abs(end - start), 0) + np.maximum(-turned.real, 0)
    return np.hypot(beyond, turned.imag)


def pattern_of(*spots: tuple[int, int, int], size: int = 64) -> NDArray[np.uint8]:
    """Square spots of one brightness: row and column of the centre, half edge."""
    raw = np.zeros((size, size), dtype=np.uint8)
    for row, column, half in spots:
        raw[row - half : row + half + 1, column - half : column + half + 1] = 200
    return raw


def lines_of(raw: NDArray[np.uint8], settings: Shape = NO_WINDOW) -> NDArray[np.bool_]:
    return (shape_pattern(raw, settings) > 0) & (raw == 0)


@st.composite
def spot_patterns(draw: st.DrawFn) -> NDArray[np.uint8]:
    """Patterns from black to crowded: spots of any form, as noise on squares."""
    size = draw(st.integers(30, 160))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    raw = np.zeros((size, size), dtype=np.uint8)
    for _ in range(draw(st.integers(0, 12))):
        row, column = rng.integers(0, size, 2)
        part = raw[row : row + rng.integers(1, 9), column : column + rng.integers(1, 9)]
        part[...] = rng.integers(1, 256, part.shape)
    return raw


@given(spot_patterns(), st.floats(20, 200), st.floats(1, 4), st.sampled_from([5.0, 100.0]))
def test_random_patterns_follow_the_rules(
    raw: NDArray[np.uint8], threshold: float, reach: float, restore_above: float
) -> None:
    settings = Shape(
        method="nodes",
        threshold=threshold,
        reach=reach,
        restore_above=restore_above,
        central_window=(10, 20),
    )
    np.testing.assert_array_equal(shape_pattern(raw, settings), shape_by_the_rules(raw, settings))


@given(st.integers(0, 2**32), st.floats(0.01, 0.2))
def test_single_pixels_follow_the_rules(seed: int, density: float) -> None:
    raw = (np.random.default_rng(seed).random((16, 20)) < density).astype(np.uint8) * 255
    np.testing.assert_array_equal(shape_pattern(raw, NO_WINDOW), shape_by_the_rules(raw, NO_WINDOW))


def test_nodes_in_one_row_are_joined_by_a_line_without_gaps() -> None:
    lines = lines_of(pattern_of((20, 10, 0), (20, 30, 0)))
    assert np.argwhere(lines).tolist() == [[20, column] for column in range(11, 30)]


def test_only_pairs_nearer_than_reach_are_joined() -> None:
    # 10, and 17 = 1.7 x 10 exactly: "below", not "up to".
    raw = pattern_of((20, 10, 0), (20, 20, 0), (20, 37, 0))
    assert np.argwhere(lines_of(raw))[:, 1].max() == 19
    nearer = pattern_of((20, 10, 0), (20, 20, 0), (20, 36, 0))
    assert np.argwhere(lines_of(nearer))[:, 1].max() == 35


def test_lines_are_thicker_between_larger_nodes() -> None:
    widths = [
        lines_of(pattern_of((30, 10, a), (30, 50, b)))[:, 30].sum()
        for a, b in ((0, 0), (0, 2), (2, 2), (3, 3))
    ]
    # As wide as the mean of the discs: diameters 1.13, 5.64 and 7.90 of 1, 25 and 49 pixels.
    assert widths == [1, 3, 5, 7]


def test_pixels_that_touch_by_a_corner_are_one_node() -> None:
    raw = pattern_of((20, 10, 0), (21, 11, 0))
    assert not lines_of(raw).any()
    raw[21, 11], raw[22, 12] = 0, 200
    assert np.argwhere(lines_of(raw)).tolist() == [[21, 11]]


def test_a_node_lies_where_its_intensity_does() -> None:
    raw = pattern_of((10, 10, 0), (10, 40, 0))
    raw[11:14, 40] = 60  # the centroid stays near the bright end: row 10.95
    lines = lines_of(raw)
    # With half the larger node's radius, the thin line's lowest pixel is in row 11 and not 12.
    assert np.argwhere(lines[:, 38])[:, 0].max() == 11


@pytest.mark.parametrize("name", ["black", "one spot", "all bright", "only the beam"])
def test_fewer_than_two_nodes_have_no_lines(name: str) -> None:
    raw = np.zeros((256, 256), dtype=np.uint8)
    if name == "one spot":
        raw[40:44, 50] = 9
    elif name == "all bright":
        raw[:] = 255
    elif name == "only the beam":
        raw[120:130, 120:130] = 255
    np.testing.assert_array_equal(shape_pattern(raw, SETTINGS), normalise(raw, SETTINGS))


def test_nodes_around_one_another_have_no_distance_and_no_lines() -> None:
    raw = pattern_of((30, 30, 8))
    raw[24:37, 24:37] = 0
    raw[30, 30] = 200
    assert not lines_of(raw).any()


def test_as_many_nodes_as_there_can_be_are_joined_to_their_neighbours() -> None:
    raw = np.zeros((256, 256), dtype=np.uint8)
    raw[::2, ::2] = 255
    shaped = shape_pattern(raw, NO_WINDOW)
    # Along rows and columns, and along diagonals through the remaining pixels.
    assert (shaped[:255, :255] > 0).all()
    assert not shaped[255].any()
    assert not shaped[:, 255].any()
