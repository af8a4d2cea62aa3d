"""How small an image a network can take: one from which its strides and pools leave a pixel.

tests/networks/test_registry.py holds the steps that each network names against what Keras builds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from spacegrouper.settings import Model


class Step(NamedTuple):
    """A convolution or pool that shrinks an image; `same`: its edges are padded."""

    kernel: int
    stride: int
    same: bool = False


def smallest_image(steps: Sequence[Step], padding: int = 0) -> Callable[[Model], int]:
    """Return what tells the pixels along an edge from which on a network leaves one.

    Args:
        steps: in the order in which images pass them.
        padding: pixels that the network adds to an image before its first step.
    """
    size = 1
    for step in reversed(steps):
        size = (size - 1) * step.stride + (1 if step.same else step.kernel)
    return lambda settings: size - padding


def halving(pools: int) -> Callable[[Model], int]:
    """Return the same of a network that halves an image so many times."""
    return smallest_image([Step(2, 2)] * pools)
