import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from images_by_hand import resized

from spacegrouper.contract.descriptor import Presentation
from spacegrouper.techniques.images import (
    forest_pixels,
    image_of_each,
    in_view_colours,
    one_image,
    resize_patterns,
)

VIEWS = np.full((1, 3, 2, 2), [[[[1]], [[2]], [[3]]]], dtype=np.uint8)


def test_nearest_takes_the_pixel_under_the_centre() -> None:
    row = np.arange(8, dtype=np.uint8)
    image = 10 * row[:, None] + row

    # Centres of 3 pixels over 8: 1.33, 4.0 and 6.67, in pixels 1, 4 and 6.
    assert resize_patterns(image, 3, "nearest").tolist() == [
        [11, 14, 16],
        [41, 44, 46],
        [61, 64, 66],
    ]


def test_maximum_keeps_every_spot_of_the_pixels_that_fall_together() -> None:
    image = np.zeros((8, 8), dtype=np.uint8)
    image[0, 7], image[3, 4], image[2, 4] = 9, 5, 4

    assert resize_patterns(image, 2, "maximum").tolist() == [[0, 9], [0, 0]]
    assert resize_patterns(image, 4, "maximum")[1].tolist() == [0, 0, 5, 0]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_maximum_agrees_with_its_definition(length: int, size: int, seed: int) -> None:
    dtype = (np.uint8, np.uint16)[seed % 2]
    white = np.iinfo(dtype).max
    image = np.random.default_rng(seed).integers(0, white, (length, length), dtype, endpoint=True)
    method = "nearest" if size >= length else "maximum"

    np.testing.assert_array_equal(
        resize_patterns(image, size, "maximum"), resized(image, size, method)
    )


def test_height_and_width_may_differ() -> None:
    image = np.arange(8, dtype=np.uint8).reshape(2, 4)

    assert resize_patterns(image, 2, "maximum").tolist() == [[1, 3], [5, 7]]
    assert resize_patterns(image, 2, "nearest").tolist() == [[1, 3], [5, 7]]
    assert resize_patterns(image, 3, "maximum")[:, 0].tolist() == [0, 4, 4]


@pytest.mark.parametrize("method", ["nearest", "maximum"])
def test_the_same_size_changes_nothing(method) -> None:
    image = np.random.default_rng(0).integers(0, 256, (2, 3, 9, 9), dtype=np.uint8)

    np.testing.assert_array_equal(resize_patterns(image, 9, method), image)


def colours(images) -> list[list[int]]:
    """The red, green and blue grey levels of the first pixel of each image."""
    return [np.rint(image[0, 0, 0] * 255).astype(int).tolist() for image in images]


def test_one_image_has_three_views_as_colours_or_a_single_one_in_grey() -> None:
    assert colours(one_image(VIEWS)) == [[1, 2, 3]]
    assert colours(one_image(VIEWS[:, 1:2])) == [[2, 2, 2]]


def test_images_of_each_view_are_grey() -> None:
    assert colours(image_of_each(VIEWS)) == [[1, 1, 1], [2, 2, 2], [3, 3, 3]]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("compose", [one_image, image_of_each])
def test_images_are_float32_up_to_one(compose, dtype) -> None:
    white = np.iinfo(dtype).max
    patterns = np.random.default_rng(0).integers(0, white, (4, 3, 5, 7), dtype=dtype)
    patterns[:, :, 4, 6] = white
    for image in compose(patterns):
        assert image.shape == (4, 5, 7, 3)
        assert image.dtype == np.float32
        assert (image[:, 4, 6] == 1).all()
        assert image[:, :4].max() < 1


def test_the_levels_of_16_bits_all_differ() -> None:
    levels = np.arange(65536, dtype=np.uint16).reshape(1, 1, 256, 256)
    (image,) = one_image(levels)
    np.testing.assert_allclose(image[..., 1], levels[:, 0] / 65535, rtol=1e-7)
    assert len(np.unique(image)) == 65536


def test_a_forest_sees_logarithms_of_levels_that_are_none_yet() -> None:
    raw = np.zeros((1, 3, 64, 64), dtype=np.uint16)
    raw[0, 0, 0, :2] = 65535, 6553
    seen = {}
    for scale in ("linear", "logarithmic"):
        made_with = {"simulate": {"grey_scale": scale}}
        forest = forest_pixels("raw", Presentation("raw", 9, "nearest", 0, {}, made_with))
        (seen[scale],) = forest.compose(forest.prepare({"raw": raw}), [""])
    np.testing.assert_allclose(seen["linear"][0, 0, 0, :3], np.log([65536, 6554, 1]), rtol=1e-6)
    np.testing.assert_allclose(seen["logarithmic"][0, 0, 0, :3], [1, 0.1, 0], rtol=1e-4)


def test_views_have_light_colours_and_grey_stays_grey() -> None:
    views = np.eye(3, dtype=np.uint8)[None] * 255
    orange, blue, purple = in_view_colours(views)[0].tolist()
    assert orange[0] > orange[1] > orange[2]
    assert blue[2] > blue[1] > blue[0]
    assert purple[1] < min(purple[0], purple[2])
    # Relative luminance of sRGB; that of pure blue is 0.07, a contrast to black of 2.4.
    for colour in (orange, blue, purple):
        assert (np.array(colour) / 255) ** 2.2 @ [0.2126, 0.7152, 0.0722] > 0.3
    greys = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=-1)
    np.testing.assert_array_equal(in_view_colours(greys), greys)
