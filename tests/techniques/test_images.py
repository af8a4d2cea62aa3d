import numpy as np

from spacegrouper.techniques.images import image_of_each, one_image

RAW = np.full((1, 3, 2, 2), [[[[1]], [[2]], [[3]]]], dtype=np.uint8)


def colours(images: list[np.ndarray]) -> list[list[int]]:
    """The red, green and blue grey levels of the first pixel of each image."""
    return [np.rint(image[0, 0, 0] * 255).astype(int).tolist() for image in images]


def test_an_image_of_each_view_is_grey() -> None:
    assert colours(image_of_each(RAW)) == [[1, 1, 1], [2, 2, 2], [3, 3, 3]]


def test_one_image_has_a_view_in_each_channel_or_a_single_one_in_grey() -> None:
    assert colours(one_image(RAW)) == [[1, 2, 3]]
    assert colours(one_image(RAW[:, 1:2])) == [[2, 2, 2]]


def test_images_are_float32_up_to_one() -> None:
    patterns = np.random.default_rng(0).integers(0, 256, (4, 3, 5, 7), dtype=np.uint8)
    patterns[..., 4, 6] = 255
    for image in (*one_image(patterns), *image_of_each(patterns)):
        assert image.shape == (4, 5, 7, 3)
        assert image.dtype == np.float32
        assert (image[:, 4, 6] == 1).all()
        assert image[:, :4].max() <= 1
