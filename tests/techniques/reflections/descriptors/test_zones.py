import numpy as np
import pytest

from spacegrouper.contract.descriptor import DESCRIPTORS, Presentation
from spacegrouper.errors import UserError
from spacegrouper.settings import settings_from_mapping
from spacegrouper.techniques.reflections.cells import cell_features

SETTINGS = {
    "simulate": {"engine": "structure_factors"},
    "model": {"name": "zone_resnet", "image_size": 17},
    "train": {"descriptor": "zones"},
}


def compose(levels: np.ndarray, cell: np.ndarray, size: int) -> list[np.ndarray]:
    presentation = Presentation("zones", size, "nearest", 0, {}, {"reflections": {}})
    composer = DESCRIPTORS["zones"].composer(presentation)
    names = [str(row) for row in range(len(levels))]
    return composer.compose(composer.prepare({"raw": levels, "cell": cell}), names)


def test_the_zones_are_the_channels_and_the_middle_is_000() -> None:
    levels = np.zeros((2, 3, 5, 5), dtype=np.uint16)
    levels[1, 0, 4, 1] = 65535  # h = 2, k = -1, l = 0
    levels[1, 1, 2, 3] = 13107  # h = 0, k = 1, l = 1
    cell = np.array([[1, 1, 1, 90, 90, 90.0]] * 2)
    image, numbers = compose(levels, cell, 5)
    assert (image.shape, numbers.shape) == ((2, 5, 5, 3), (2, 12))
    assert image.dtype == numbers.dtype == np.float32
    assert not image[0].any()
    lit = {tuple(place): round(float(image[1][tuple(place)]), 6) for place in np.argwhere(image[1])}
    assert lit == {(4, 1, 0): 1.0, (3, 3, 2): 0.2, (1, 1, 2): 0.2}


def test_an_empty_place_of_a_batch_is_0() -> None:
    levels = np.full((1, 3, 5, 5), 65535, dtype=np.uint16)
    cell = np.array([[1, 2, 3, 90, 90, 90.0]])
    composer = DESCRIPTORS["zones"].composer(
        Presentation("zones", 5, "nearest", 0, {}, {"reflections": {}})
    )
    prepared = composer.prepare({"raw": levels, "cell": cell})
    batch = np.zeros(3, dtype=prepared.dtype)
    batch[1] = prepared[0]
    alone = composer.compose(prepared, ["a"])
    for values, expected in zip(composer.compose(batch, ["", "a", ""]), alone, strict=True):
        assert values.any(axis=tuple(range(1, values.ndim))).tolist() == [False, True, False]
        np.testing.assert_array_equal(values[1], expected[0])


def test_fewer_indices_can_be_shown() -> None:
    levels = np.random.default_rng(0).integers(0, 65536, (1, 4, 7, 7), dtype=np.uint16)
    cell = np.array([[1, 2, 3, 90, 90, 90.0]])
    whole, part = compose(levels, cell, 7), compose(levels, cell, 3)
    np.testing.assert_array_equal(part[0], whole[0][:, 2:5, 2:5])


def test_the_cell_tells_equal_edges_and_right_angles() -> None:
    (cubic, tilted) = cell_features(np.array([[5, 5, 5, 90, 90, 90], [3, 4, 5, 90, 120, 90.0]]))
    assert cubic[3:].tolist() == [1, 1, 1, 0, 0, 0, 1, 1, 1]
    assert tilted[4] == pytest.approx(120 / 90)
    assert tilted[-3:].tolist() == [0, 0, 0]


@pytest.mark.parametrize("size", [16, 19])
def test_images_that_zones_cannot_fill_are_refused(size: int) -> None:
    content = SETTINGS | {"model": {"name": "zone_resnet", "image_size": size}}
    with pytest.raises(UserError, match=f"an odd number up to 17, not {size}"):
        settings_from_mapping(content, "own.yaml")
    settings_from_mapping(SETTINGS, "own.yaml")
