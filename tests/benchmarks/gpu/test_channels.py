"""A GPU is told what the descriptor's images show."""

from types import SimpleNamespace

import numpy as np
import pytest
from channels import channels_of

from spacegrouper.contract.descriptor import DESCRIPTORS, Presentation
from spacegrouper.errors import UserError
from spacegrouper.techniques.patterns.settings import Shape


def composer_of(descriptor: str):
    made_with = {"shape": Shape().written_out(32).model_dump(mode="json")}
    shown = Presentation(descriptor, 4, "nearest", 0, {}, made_with)
    return DESCRIPTORS[descriptor].composer(shown)


@pytest.mark.parametrize(
    ("descriptor", "shape", "expected"),
    [
        # Normalised patterns are 0 to 2, shaped ones 3 to 5.
        ("shaped", (2, 3, 4, 4), ((3, 0, 0), (1, 4, 1), (2, 2, 5))),
        ("raw", (3, 4, 4), ((0, 0, 0), (1, 1, 1), (2, 2, 2))),
        ("spot", (3, 4, 4), ((0, 1, 2),)),
    ],
)
def test_channels_are_those_of_the_descriptor(descriptor, shape, expected) -> None:
    composer = composer_of(descriptor)
    assert channels_of(composer, shape) == expected
    patterns = np.random.default_rng(0).integers(0, 256, (5, *shape), dtype=np.uint8)
    for image, channels in zip(composer.compose(patterns, ["a"] * 5), expected, strict=True):
        ours = patterns.reshape(5, -1, 4, 4)[:, channels, :, :].transpose(0, 2, 3, 1)
        assert np.array_equal(image, ours.astype(np.float32) / np.float32(255))


def test_images_of_another_scale_are_refused() -> None:
    logarithms = SimpleNamespace(compose=lambda levels, ids: [np.log1p(levels) / np.log(256)])
    with pytest.raises(UserError, match=r"train\.descriptor: its images cannot be composed"):
        channels_of(logarithms, (3, 4, 4))
