"""Descriptor `morphology`: one image, whose channels are the bitmaps of three views, or of one."""

from spacegrouper.contract.descriptor import DESCRIPTORS, Composer, Descriptor, Presentation


def _composer(presentation: Presentation) -> Composer:
    from spacegrouper.techniques.images import RawImages, one_image

    return RawImages(presentation.image_size, presentation.resize, one_image)


def _forest(presentation: Presentation) -> Composer:
    from spacegrouper.techniques.images import ForestPixels

    return ForestPixels("raw")


DESCRIPTORS.register(
    Descriptor(
        "morphology", ("morphology",), ("raw",), "image", _composer, views=(1, 3), forest=_forest
    )
)
