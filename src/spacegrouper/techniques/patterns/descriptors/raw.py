"""Descriptor `raw`: three grey images, one for each view, its raw pattern or bitmap."""

from typing import TYPE_CHECKING, cast

from spacegrouper.contract.technique import DESCRIPTORS, Composer, Descriptor, Presentation

if TYPE_CHECKING:
    from spacegrouper.techniques.images import Resize


def _composer(presentation: Presentation) -> Composer:
    from spacegrouper.techniques.images import RawImages, image_of_each

    return RawImages(presentation.image_size, cast("Resize", presentation.resize), image_of_each)


DESCRIPTORS.register(
    Descriptor("raw", ("patterns", "morphology"), ("raw",), "three images", _composer, views=(3,))
)
