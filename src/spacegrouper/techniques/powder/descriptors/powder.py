"""Descriptor `powder`: an image of the diffractogram of a powder, a white line on black."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import DESCRIPTORS, Arrays, Composer, Descriptor, Presentation
from spacegrouper.techniques.powder.descriptors.diffractogram import Curves, curves_of

IMAGE_POINTS = 2001  # of the diffractograms that images are drawn from: nine a pixel of 224


@dataclass(frozen=True)
class _DrawnCurves:
    image_size: int
    curves: Curves

    def prepare(self, arrays: Arrays) -> NDArray[Any]:
        """Return the reflections at their angles, (n, angles)."""
        return self.curves.prepare(arrays)

    def compose(
        self, prepared: NDArray[Any], ids: Sequence[str], epoch: int | None = None
    ) -> list[NDArray[np.float32]]:
        """Return one grey image, (n, size, size, 3), 0 to 1."""
        from spacegrouper.techniques.images import one_image
        from spacegrouper.techniques.powder.curve_images import augment_images, draw_images

        drawn, random = self.curves.draw(prepared, ids, epoch)
        images = draw_images(drawn, self.image_size)
        if epoch is not None:
            images = augment_images(images, self.curves.augment, random)
        return one_image(images[:, None])

    @property
    def points(self) -> int:
        """Of the diffractograms that images are drawn from."""
        return self.curves.points

    def shown(self, curves: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return the image of diffractograms (n, points), the highest point 1."""
        from spacegrouper.techniques.images import one_image
        from spacegrouper.techniques.powder.curve_images import draw_images

        return one_image(draw_images(curves, self.image_size)[:, None])


def _composer(presentation: Presentation) -> Composer:
    return _DrawnCurves(presentation.image_size, curves_of(presentation, IMAGE_POINTS))


def _forest(presentation: Presentation) -> Composer:
    return curves_of(presentation, IMAGE_POINTS)


DESCRIPTORS.register(
    Descriptor("powder", ("powder",), ("raw",), "image", _composer, resized=False, forest=_forest)
)
