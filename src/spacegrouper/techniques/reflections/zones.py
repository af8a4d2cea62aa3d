"""Parts of a grid of reflections, a half of reciprocal space: low indices, and zones."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", np.uint16, np.float32)


def within(levels: NDArray[T], size: int) -> NDArray[T]:
    """Return the grid of smaller indices.

    Args:
        levels: (n, L + 1, 2 L + 1, 2 L + 1): l from 0, h and k from -L.
        size: 2 M + 1 for its largest index M.

    Returns:
        (n, M + 1, 2 M + 1, 2 M + 1).
    """
    margin = (levels.shape[-1] - size) // 2
    shown = slice(margin, margin + size)
    return levels[:, : size // 2 + 1, shown, shown]


def zones(levels: NDArray[T]) -> NDArray[T]:
    """Return the zones hk0 (rows h, columns k), h0l (h, l) and 0kl (k, l) of n crystals.

    Args:
        levels: (n, L + 1, 2 L + 1, 2 L + 1): l from 0, h and k from -L.

    Returns:
        (n, 3, 2 L + 1, 2 L + 1), indices from -L to L; by Friedel's law I(-h -k -l) = I(h k l).
    """
    largest = levels.shape[1] - 1
    hk0 = levels[:, 0]
    upper_h0l, upper_0kl = levels[:, :, :, largest], levels[:, :, largest, :]
    both: list[NDArray[T]] = []
    for upper in (upper_h0l, upper_0kl):  # (n, l, index), l from 0
        lower = upper[:, :0:-1, ::-1]  # (-l, -index)
        both.append(np.concatenate([lower, upper], axis=1).transpose(0, 2, 1))
    return np.stack([hk0, *both], axis=1)
