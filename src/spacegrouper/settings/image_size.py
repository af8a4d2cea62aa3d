"""How small an image a network can take: one from which its strides and pools leave a pixel.

The steps of each network are those that its file in models/ builds; settings must be checked
without Keras, whose import takes seconds. tests/models/test_registry.py holds both against each
other.
"""

from typing import NamedTuple


class Step(NamedTuple):
    """A convolution or pool that shrinks an image; `same`: its edges are padded."""

    kernel: int
    stride: int
    same: bool = False


_HALVING_POOL = Step(2, 2)

# In the order in which images pass them; `msdn` depends on further settings.
_STEPS: dict[str, tuple[Step, ...]] = {
    "msvgg": (_HALVING_POOL,) * 5,
    "vgg": (_HALVING_POOL,) * 5,
    "vgg16": (_HALVING_POOL,) * 5,
    "alexnet": (Step(11, 4), Step(3, 2), Step(3, 2), Step(3, 2)),
    "ziletti": (_HALVING_POOL,) * 2,
    "powder_cnn": (
        Step(100, 5, same=True),
        Step(3, 2),
        Step(50, 5, same=True),
        Step(3, 3),
        Step(25, 2, same=True),
        Step(3, 3),
    ),
}
# Pixels that a network adds to an image before its first step.
_PADDING = {"alexnet": 3}
# Keras takes no smaller images for these, although their layers would.
_OF_KERAS = {"densenet": 32, "resnet": 32}


def smallest_image(network: str, stem_stride: int, blocks: int) -> int:
    """Return the pixels, or points, along an edge from which on a network leaves one.

    `stem_stride`, `blocks`: of `msdn`, its stride and its number of dense blocks.
    """
    if network in _OF_KERAS:
        return _OF_KERAS[network]
    if network == "msdn":
        steps = (Step(1, stem_stride, same=True), *(_HALVING_POOL,) * blocks)
    else:
        steps = _STEPS[network]
    size = 1
    for step in reversed(steps):
        size = (size - 1) * step.stride + (1 if step.same else step.kernel)
    return size - _PADDING.get(network, 0)
