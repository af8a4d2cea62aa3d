"""What a network is shown of a crystal, and how."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.registry import Registry

# Sections of settings by name, as they are written in products: {"simulate": {"pixels": 256}}.
Sections = Mapping[str, Any]
Resize = Literal["nearest", "maximum"]
# The arrays of crystals by name, such as `raw` (n, views, y, x); a row for each crystal.
Arrays = Mapping[str, NDArray[Any]]
# Grey levels of 8 or 16 bits, 0 black.
Levels = NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True)
class Presentation:
    """How crystals of a dataset are shown to a network.

    Args:
        descriptor: the name of the descriptor.
        image_size: pixels along an edge of an image, or points of a curve.
        resize: as `train.resize`.
        seed: of noise and of changes from epoch to epoch.
        sections: those of the technique's sections that concern what is shown.
        made_with: what the dataset was made with.
    """

    descriptor: str
    image_size: int
    resize: Resize
    seed: int
    sections: Sections
    made_with: Sections

    def compose(self, arrays: Arrays, ids: Sequence[str]) -> list[NDArray[np.float32]]:
        """Return the network's inputs, each (n, ...), of the arrays of n crystals at once."""
        composer = DESCRIPTORS[self.descriptor].composer(self)
        return composer.compose(composer.prepare(arrays), ids)


class Composer(Protocol):
    """Makes a network's input of what a dataset holds, in two steps; threads may share it."""

    def prepare(self, arrays: Arrays) -> NDArray[Any]:
        """Reduce the arrays of n crystals to what is kept of them in memory, (n, ...)."""

    def compose(
        self, prepared: NDArray[Any], ids: Sequence[str], epoch: int | None = None
    ) -> list[NDArray[np.float32]]:
        """Return the network's inputs, each (n, ...), of what `prepare` returned.

        Args:
            prepared: of n crystals.
            ids: their identifiers, from which random changes follow.
            epoch: of training, each with changes of its own; none: nothing is changed at random.
        """


def _images(inputs: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    return [values for values in inputs if values.ndim == 3]


@dataclass(frozen=True)
class Descriptor:
    """What a network is shown of a crystal.

    Args:
        name: `train.descriptor` of the configuration.
        techniques: the names of the techniques whose data it can be made of.
        arrays: the names of the dataset's arrays that it is made of.
        gives: the kind of input: `image`, `three images`, `curve` or another that a network takes.
        composer: makes the inputs as a presentation says.
        views: how many views the data may have; empty: any number.
        axis: of a curve, (what the data are made with) to what its points are, the first and last.
        resized: whether its images are those of the dataset, resized as `train.resize` says.
        forest: makes what the baseline, a forest of trees, sees instead of the network's inputs,
            as where a forest could not hold images of that size; none: the same inputs.
        drawn: (the network's inputs of one crystal) to the images of them that people are shown,
            each (y, x, 3), 0 to 1. What else a network takes, such as the cell, is numbers that no
            picture shows.
        unclear: (how it is made, the arrays of one crystal) to why a network cannot rely on what
            was measured, or "".
    """

    name: str
    techniques: tuple[str, ...]
    arrays: tuple[str, ...]
    gives: str
    composer: Callable[[Presentation], Composer]
    views: tuple[int, ...] = ()
    axis: "Callable[[Sections], tuple[str, float, float]] | None" = None
    resized: bool = True
    forest: Callable[[Presentation], Composer] | None = None
    drawn: Callable[[Sequence[NDArray[np.float32]]], list[NDArray[np.float32]]] = _images
    unclear: Callable[[Presentation, Arrays], str] = lambda presentation, arrays: ""

    @property
    def unit(self) -> str:
        """What `image_size` counts."""
        return "pixels" if self.axis is None else "points"


DESCRIPTORS: Registry[Descriptor] = Registry("descriptor")
