"""Which pattern each channel of the network's images shows: asked of the descriptor itself.

So a GPU can compose images of patterns in its memory, and what they show is still said in one
place.
"""

import numpy as np

from spacegrouper.contract.descriptor import Composer
from spacegrouper.errors import UserError

# Of each image, the places among a crystal's patterns of what is red, green and blue.
Channels = tuple[tuple[int, int, int], ...]


def channels_of(composer: Composer, shape: tuple[int, ...]) -> Channels:
    """Return, for each image, the patterns that its channels show.

    Args:
        composer: of the descriptor.
        shape: of what it keeps of a crystal, (..., size, size).

    Raises:
        UserError: its images are more than patterns, divided by 255.
    """
    patterns = np.arange(np.prod(shape[:-2]), dtype=np.uint8).reshape(1, *shape[:-2], 1, 1)
    found = []
    for levels in (patterns, 255 - patterns):
        images = composer.compose(levels, [""])
        found.append([np.rint(255 * image).astype(int).ravel().tolist() for image in images])
    if found[0] != [[255 - level for level in image] for image in found[1]]:
        raise UserError("train.descriptor: its images cannot be composed on a GPU; use `shaped`")
    return tuple((red, green, blue) for red, green, blue in found[0])
