import numpy as np
import pytest
from images_by_hand import normalised, resized

from spacegrouper.contract.descriptor import DESCRIPTORS, Presentation
from spacegrouper.techniques.patterns.settings import Shape

WINDOW = (10, 13)
SHAPE = Shape(central_window=WINDOW).model_dump(mode="json")


@pytest.mark.parametrize("resize", ["nearest", "maximum"])
def test_each_view_has_its_shaped_pattern_in_its_own_channel(resize) -> None:
    rng = np.random.default_rng(0)
    raw = rng.integers(0, 200, (4, 3, 24, 24), dtype=np.uint8)
    raw[1, 0], raw[2, 0, 11, 11] = 0, 255  # a black one, and one with a bright direct beam
    shaped = rng.integers(0, 256, raw.shape, dtype=np.uint8)
    shown = Presentation("shaped", 16, resize, 0, {}, {"shape": SHAPE})
    composer = DESCRIPTORS["shaped"].composer(shown)

    images = composer.compose(composer.prepare({"raw": raw, "shaped": shaped}), ["id"] * 4)

    plain = resized(normalised(raw, WINDOW), 16, resize)
    own = resized(shaped, 16, resize)
    assert len(images) == 3
    for view, image in enumerate(images):
        assert (image.shape, image.dtype) == ((4, 16, 16, 3), np.float32)
        for channel in range(3):
            levels = own if channel == view else plain
            np.testing.assert_array_equal(image[..., channel], levels[:, view] / np.float32(255))
