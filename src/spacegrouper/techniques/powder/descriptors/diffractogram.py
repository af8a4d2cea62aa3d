"""Descriptor `diffractogram`: the diffractogram of a powder as numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import (
    DESCRIPTORS,
    Arrays,
    Composer,
    Descriptor,
    Presentation,
    Sections,
)
from spacegrouper.randomness import generators
from spacegrouper.techniques.powder.settings import Augment, Diffractogram, Powder


@dataclass(frozen=True)
class Curves:
    """Draws profiles about the reflections that a dataset holds.

    Args:
        points: of a diffractogram.
        seed: of noise and changes.
        powder: what the reflections were simulated with.
        profile: the shape of the peaks.
        augment: how a diffractogram is changed in each epoch.
    """

    points: int
    seed: int
    powder: Powder
    profile: Diffractogram
    augment: Augment

    def prepare(self, arrays: Arrays) -> NDArray[Any]:
        """Return the reflections at their angles, (n, angles)."""
        return arrays["raw"][:, 0, 0]

    def compose(
        self, prepared: NDArray[Any], ids: Sequence[str], epoch: int | None = None
    ) -> list[NDArray[np.float32]]:
        """Return the diffractograms, (n, points, 1), the highest point of each 1."""
        curves, _ = self.draw(prepared, ids, epoch)
        return self.shown(curves)

    def shown(self, curves: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return what the network sees of diffractograms (n, points), the highest point 1."""
        from spacegrouper.techniques.powder.diffractograms import shown_curves

        return [shown_curves(curves, self.powder, self.profile)[:, :, None]]

    def draw(
        self, prepared: NDArray[Any], ids: Sequence[str], epoch: int | None
    ) -> tuple[NDArray[np.float32], list[np.random.Generator]]:
        """Return the diffractograms (n, points), and each crystal's random numbers after them."""
        from spacegrouper.techniques.powder.diffractograms import diffractograms

        random = generators(self.seed, ids, "diffractogram", epoch)
        augment = None if epoch is None else self.augment
        found = diffractograms(prepared, self.powder, self.profile, self.points, augment, random)
        return found, random


def curves_of(presentation: Presentation, points: int) -> Curves:
    """Return what draws diffractograms of so many points as a presentation says."""
    sections = presentation.sections
    return Curves(
        points,
        presentation.seed,
        Powder.model_validate(presentation.made_with["powder"]),
        Diffractogram.model_validate(sections["diffractogram"]),
        Augment.model_validate(sections["augment"]),
    )


def _composer(presentation: Presentation) -> Composer:
    return curves_of(presentation, presentation.image_size)


def _axis(made_with: Sections) -> tuple[str, float, float]:
    return "2θ, degrees", *Powder.model_validate(made_with["powder"]).two_theta


DESCRIPTORS.register(
    Descriptor("diffractogram", ("powder",), ("raw",), "curve", _composer, axis=_axis)
)
