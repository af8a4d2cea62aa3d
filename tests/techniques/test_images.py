import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from images_by_hand import resized

from spacegrouper.techniques.images import image_of_each, one_image, resize_patterns

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
    image = np.random.default_rng(seed).integers(0, 256, (length, length), dtype=np.uint8)
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


@pytest.mark.parametrize("compose", [one_image, image_of_each])
def test_images_are_float32_up_to_one(compose) -> None:
    patterns = np.random.default_rng(0).integers(0, 255, (4, 3, 5, 7), dtype=np.uint8)
    patterns[:, :, 4, 6] = 255
    for image in compose(patterns):
        assert image.shape == (4, 5, 7, 3)
        assert image.dtype == np.float32
        assert (image[:, 4, 6] == 1).all()
        assert image[:, :4].max() < 1
