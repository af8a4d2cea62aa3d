"""Descriptor `indexed`: three zones by index, what is equal in them, and their lattices.

A pixel of an image is a reflection, its indices counted from the middle of the first row. The
channels are the zones of the three views, then their comparisons. All is found in the patterns
alone.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import DESCRIPTORS, Arrays, Descriptor, Presentation
from spacegrouper.settings.simulate import Simulate

if TYPE_CHECKING:
    from spacegrouper.techniques.patterns.indexed_zones import IndexedZones


def _composer(presentation: Presentation) -> "IndexedZones":
    from spacegrouper.techniques.patterns.indexed_zones import IndexedZones

    simulate = Simulate.model_validate(presentation.made_with["simulate"])
    return IndexedZones(simulate, presentation.image_size)


def _drawn(inputs: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Return the three zones as one image; the half that is not shown follows by Friedel's law."""
    half = inputs[0][..., :3]
    return [np.concatenate([half[:0:-1, ::-1], half])]


def _unclear(presentation: Presentation, arrays: Arrays) -> str:
    return _composer(presentation).unclear(arrays["raw"])


DESCRIPTORS.register(
    Descriptor(
        "indexed",
        ("patterns",),
        ("raw",),
        "compared zones and cell",
        _composer,
        views=(3,),
        resized=False,
        drawn=_drawn,
        unclear=_unclear,
    )
)
