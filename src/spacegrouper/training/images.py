"""Crystals of a dataset as a network is shown them: read, reduced to what is kept, composed."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import DESCRIPTORS, Presentation
from spacegrouper.errors import UserError
from spacegrouper.settings import Settings

if TYPE_CHECKING:
    from spacegrouper.dataset.dataset import Dataset

# Epochs of training count from 1: no network was trained on this one's random changes.
UNTRAINED_EPOCH = 0


def presentation_of(settings: Settings, dataset: "Dataset") -> Presentation:
    """Return how a run shows the crystals of a dataset to its network."""
    sections = settings.model_dump(mode="json", include=set(dataset.technique.presented))
    return Presentation(
        settings.train.descriptor,
        settings.model.image_size,
        settings.train.resize,
        settings.seed,
        sections,
        dataset.settings,
    )


def tested_presentation(
    presentation: Presentation, settings: Settings, dataset: "Dataset"
) -> tuple[Presentation, int | None]:
    """Return how test crystals are shown to a network, and the epoch of their random changes.

    With `evaluate.measured` they are changed by the sections of `settings`, whatever `presentation`
    says, with random numbers that no training has; otherwise they are shown unchanged.
    """
    if not settings.evaluate.measured:
        return presentation, None
    sections = presentation_of(settings, dataset).sections
    return replace(presentation, sections=sections), UNTRAINED_EPOCH


class PatternReader:
    """Reads crystals and composes a network's inputs of them; threads may share it.

    Args:
        dataset: that holds the crystals.
        presentation: how they are shown.
        to_forest: whether to the baseline, and not to a network.

    Raises:
        UserError: the dataset is one that the descriptor cannot be made of.
    """

    def __init__(
        self, dataset: "Dataset", presentation: Presentation, *, to_forest: bool = False
    ) -> None:
        descriptor = DESCRIPTORS[presentation.descriptor]
        technique = dataset.technique
        if technique.name not in descriptor.techniques:
            raise UserError(
                f"{dataset.path}: holds {technique.measures}, of which the descriptor can be "
                f"{' or '.join(technique.descriptors)}, not {descriptor.name}; "
                "change train.descriptor"
            )
        if descriptor.views and dataset.shape[0] not in descriptor.views:
            raise UserError(
                f"{dataset.path}: has {dataset.shape[0]} views, but the descriptor "
                f"{descriptor.name} needs {' or '.join(map(str, descriptor.views))}; simulate it "
                "anew with as many"
            )
        self._dataset = dataset
        self._arrays = descriptor.arrays
        make = (to_forest and descriptor.forest) or descriptor.composer
        self._composer = make(presentation)
        self._ids = dataset.material_id
        self.chunk_rows = dataset.chunk_rows
        empty = self._composer.prepare(dataset.read(np.array([], dtype=np.int64), self._arrays))
        self.pattern_shape: tuple[int, ...] = empty.shape[1:]
        self.dtype: np.dtype[Any] = empty.dtype

    def read(self, rows: NDArray[np.integer[Any]]) -> NDArray[Any]:
        """Read what the inputs of `rows`, which ascend, are composed of, (n, ...).

        Only chunks that hold one of them are read. Raises UserError for one that cannot be.
        """
        prepared = np.empty((len(rows), *self.pattern_shape), dtype=self.dtype)
        # Chunk by chunk: that bounds the memory, and large arrays are no faster to fill.
        for places, _ in self._dataset.chunks(rows):
            arrays = self._dataset.read(rows[places], self._arrays)
            prepared[places] = self._composer.prepare(arrays)
        return prepared

    def compose(
        self,
        prepared: NDArray[Any],
        rows: NDArray[np.integer[Any]],
        epoch: int | None = None,
    ) -> list[NDArray[np.float32]]:
        """Compose the inputs of `rows`, in any order, of what was read of them.

        `epoch`: of training, which has random changes of its own; None: nothing is changed.
        """
        return self._composer.compose(prepared, self._ids[rows].tolist(), epoch)
