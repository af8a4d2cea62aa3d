"""Descriptor `indexed`: three zones by index, what is equal in them, and their lattices.

A pixel of an image is a reflection, its indices counted from the middle of the first row. The
channels are the zones of the three views, then their comparisons. All is found in the patterns
alone.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import DESCRIPTORS, Composer, Descriptor, Presentation
from spacegrouper.settings.simulate import Simulate


def _composer(presentation: Presentation) -> Composer:
    from spacegrouper.techniques.patterns.indexed_zones import IndexedZones

    simulate = Simulate.model_validate(presentation.made_with["simulate"])
    return IndexedZones(simulate, presentation.image_size)


def _drawn(inputs: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Return the three zones as one image; the half that is not shown follows by Friedel's law."""
    half = inputs[0][..., :3]
    return [np.concatenate([half[:0:-1, ::-1], half])]


def _unclear(inputs: Sequence[NDArray[np.float32]]) -> str:
    """Return along which axes no lattice was found, as a sentence, or ""."""
    zones = inputs[0][..., :3]
    missing = [
        axis for axis, zone in zip("xyz", np.moveaxis(zones, -1, 0), strict=True) if not zone.any()
    ]
    if not missing:
        return ""
    return (
        f"no lattice of spots is found in the pattern along {', '.join(missing)}, as in one of a "
        "few spots, of rings or of noise; give patterns of one crystal along x, y and z"
    )


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
