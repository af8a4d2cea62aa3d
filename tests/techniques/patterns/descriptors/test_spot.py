import numpy as np
from images_by_hand import resized

from spacegrouper.contract.descriptor import DESCRIPTORS, Presentation


def test_the_image_has_a_view_in_each_channel() -> None:
    raw = np.random.default_rng(0).integers(0, 256, (4, 3, 24, 24), dtype=np.uint8)
    composer = DESCRIPTORS["spot"].composer(Presentation("spot", 16, "maximum", 0, {}, {}))

    (image,) = composer.compose(composer.prepare({"raw": raw}), ["id"] * 4)

    levels = resized(raw, 16, "maximum") / np.float32(255)
    np.testing.assert_array_equal(image, np.moveaxis(levels, 1, -1))
