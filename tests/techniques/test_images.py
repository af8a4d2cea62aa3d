import numpy as np
import pytest

from spacegrouper.techniques.images import compose_images

RAW = np.full((1, 1, 3, 2, 2), [[[[[1]], [[2]], [[3]]]]], dtype=np.uint8)


def colours(images) -> list[list[int]]:
    """The red, green and blue grey levels of the first pixel of each image."""
    return [np.rint(image[0, 0, 0] * 255).astype(int).tolist() for image in images]


def test_each_view_has_its_shaped_pattern_in_its_own_channel() -> None:
    patterns = np.concatenate([RAW, RAW + 100], axis=1)
    assert colours(compose_images(patterns, "shaped")) == [[101, 1, 1], [2, 102, 2], [3, 3, 103]]


def test_raw_images_are_grey() -> None:
    assert colours(compose_images(RAW, "raw")) == [[1, 1, 1], [2, 2, 2], [3, 3, 3]]


def test_the_spot_image_has_a_view_in_each_channel() -> None:
    assert colours(compose_images(RAW, "spot")) == [[1, 2, 3]]


@pytest.mark.parametrize(("descriptor", "layers"), [("shaped", 2), ("raw", 1), ("spot", 1)])
def test_images_are_float32_up_to_one(descriptor, layers) -> None:
    patterns = np.random.default_rng(0).integers(0, 256, (4, layers, 3, 5, 7), dtype=np.uint8)
    patterns[:, :, :, 4, 6] = 255
    for image in compose_images(patterns, descriptor):
        assert image.shape == (4, 5, 7, 3)
        assert image.dtype == np.float32
        assert (image[:, 4, 6] == 1).all()
        assert image[:, :4].max() <= 1


def test_a_morphology_has_three_views_as_colours_or_a_single_one_in_grey() -> None:
    assert colours(compose_images(RAW, "morphology")) == [[1, 2, 3]]
    assert colours(compose_images(RAW[:, :, 1:2], "morphology")) == [[2, 2, 2]]


def test_an_unknown_descriptor_is_not_taken_for_another() -> None:
    with pytest.raises(ValueError, match="for the descriptor 'diffractogram'"):
        compose_images(RAW, "diffractogram")
