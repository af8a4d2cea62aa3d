import numpy as np
from images_by_hand import resized

from spacegrouper.contract.descriptor import DESCRIPTORS, Presentation


def test_each_view_has_a_grey_image_of_its_raw_pattern() -> None:
    raw = np.random.default_rng(0).integers(0, 256, (4, 3, 24, 24), dtype=np.uint8)
    composer = DESCRIPTORS["raw"].composer(Presentation("raw", 16, "maximum", 0, {}, {}))

    images = composer.compose(composer.prepare({"raw": raw}), ["id"] * 4)

    assert len(images) == 3
    for view, image in enumerate(images):
        levels = resized(raw[:, view], 16, "maximum") / np.float32(255)
        np.testing.assert_array_equal(image, np.stack([levels] * 3, axis=-1))
