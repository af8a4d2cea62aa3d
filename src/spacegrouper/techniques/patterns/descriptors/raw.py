"""Descriptor `raw`: three grey images, one for each view, its raw pattern or bitmap."""

from spacegrouper.contract.descriptor import DESCRIPTORS, Composer, Descriptor, Presentation


def _composer(presentation: Presentation) -> Composer:
    from spacegrouper.techniques.images import RawImages, image_of_each

    return RawImages(presentation.image_size, presentation.resize, image_of_each)


def _forest(presentation: Presentation) -> Composer:
    from spacegrouper.techniques.images import forest_pixels

    return forest_pixels("raw", presentation)


DESCRIPTORS.register(
    Descriptor(
        "raw",
        ("patterns", "morphology"),
        ("raw",),
        "three images",
        _composer,
        views=(3,),
        forest=_forest,
    )
)
