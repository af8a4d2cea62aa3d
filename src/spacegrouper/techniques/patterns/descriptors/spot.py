"""Descriptor `spot`: one image, whose channels are the raw patterns of the three views.

Ziletti, Kumar, Scheffler, Ghiringhelli, Nat. Commun. 9:2775 (2018).
"""

from spacegrouper.contract.descriptor import DESCRIPTORS, Composer, Descriptor, Presentation


def _composer(presentation: Presentation) -> Composer:
    from spacegrouper.techniques.images import RawImages, one_image

    return RawImages(presentation.image_size, presentation.resize, one_image)


def _forest(presentation: Presentation) -> Composer:
    from spacegrouper.techniques.images import forest_pixels

    return forest_pixels("raw", presentation)


DESCRIPTORS.register(
    Descriptor("spot", ("patterns",), ("raw",), "image", _composer, views=(3,), forest=_forest)
)
