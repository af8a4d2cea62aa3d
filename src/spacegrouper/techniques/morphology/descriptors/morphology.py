"""Descriptor `morphology`: one image, whose channels are the bitmaps of three views, or of one."""

from typing import TYPE_CHECKING, cast

from spacegrouper.contract.technique import DESCRIPTORS, Composer, Descriptor, Presentation

if TYPE_CHECKING:
    from spacegrouper.techniques.images import Resize


def _composer(presentation: Presentation) -> Composer:
    from spacegrouper.techniques.images import RawImages, one_image

    return RawImages(presentation.image_size, cast("Resize", presentation.resize), one_image)


DESCRIPTORS.register(
    Descriptor("morphology", ("morphology",), ("raw",), "image", _composer, views=(1, 3))
)
