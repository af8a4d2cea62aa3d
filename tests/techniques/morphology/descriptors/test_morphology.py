import numpy as np
import pytest
from images_by_hand import resized

from spacegrouper.contract.descriptor import DESCRIPTORS, Presentation


@pytest.mark.parametrize("channels", [[0, 1, 2], [0, 0, 0]], ids=["three views", "one view"])
def test_the_image_has_a_view_in_each_channel_or_is_grey(channels) -> None:
    views = len(set(channels))
    raw = np.random.default_rng(0).integers(0, 256, (4, views, 24, 24), dtype=np.uint8)
    shown = Presentation("morphology", 16, "nearest", 0, {}, {})
    composer = DESCRIPTORS["morphology"].composer(shown)

    (image,) = composer.compose(composer.prepare({"raw": raw}), ["id"] * 4)

    levels = resized(raw, 16, "nearest") / np.float32(255)
    np.testing.assert_array_equal(image, np.moveaxis(levels[:, channels], 1, -1))
