import numpy as np
from small_dataset import patterns_settings

from spacegrouper.contract.technique import DESCRIPTORS, Presentation
from spacegrouper.settings.simulate import Simulate
from spacegrouper.techniques.patterns.settings import Shape
from spacegrouper.techniques.patterns.shaping import normalise

SIZE = 24
SETTINGS = patterns_settings(SIZE)
COMPOSER = DESCRIPTORS["shaped"].composer(Presentation("shaped", SIZE, "nearest", 0, {}, SETTINGS))


def test_each_view_has_its_shaped_pattern_in_its_own_channel() -> None:
    views = np.arange(1, 4, dtype=np.uint8)[None, :, None, None]
    prepared = np.broadcast_to(np.stack([views, views + 100], axis=1), (1, 2, 3, 2, 2))
    images = COMPOSER.compose(np.ascontiguousarray(prepared), ["a"])
    colours = [np.rint(image[0, 0, 0] * 255).astype(int).tolist() for image in images]
    assert colours == [[101, 1, 1], [2, 102, 2], [3, 3, 103]]


def test_raw_patterns_are_normalised_as_before_shaping() -> None:
    assert Simulate.model_validate(SETTINGS["simulate"]).pixels == SIZE
    raw = np.random.default_rng(0).integers(0, 200, (2, 3, SIZE, SIZE), dtype=np.uint8)
    shaped = raw[::-1].copy()
    prepared = COMPOSER.prepare({"raw": raw, "shaped": shaped})
    np.testing.assert_array_equal(prepared[:, 1], shaped)
    for index in np.ndindex(2, 3):
        expected = normalise(raw[index], Shape.model_validate(SETTINGS["shape"]))
        assert expected.max() == 256
        np.testing.assert_array_equal(
            prepared[index[0], 0, index[1]], np.clip(expected, 0, 255).astype(np.uint8)
        )
