"""What descriptors of reflections have in common: the levels and the cell of each crystal.

A descriptor is a function of both. The whole grid is kept in memory, 5 kB a crystal of indices up
to 8, because what a measurement does to a reflection may depend on any other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import Arrays, Presentation
from spacegrouper.randomness import generators
from spacegrouper.techniques.reflections.levels import scaled
from spacegrouper.techniques.reflections.settings import Measurement, Reflections

Inputs = Callable[[NDArray[np.float32], NDArray[np.float64]], list[NDArray[np.float32]]]


@dataclass(frozen=True)
class ShownReflections:
    """Composes the inputs of a descriptor.

    Args:
        measurement: what a measurement does to crystals in training.
        made_with: what they were simulated with.
        seed: of the measurement.
        inputs: of n crystals, (levels, cells) to the network's inputs: float32 levels
            (n, L + 1, 2 L + 1, 2 L + 1), l from 0, h and k from -L, from 0 (absent) to 1 (the
            strongest); and cells (n, 6), Angstrom and degrees.
        slow: whether the inputs take long to make, so that they are kept in place of the grid.
    """

    measurement: Measurement
    made_with: Reflections
    seed: int
    inputs: Inputs
    slow: bool = False

    def prepare(self, arrays: Arrays) -> NDArray[Any]:
        """Return the fields `levels` (L + 1, 2 L + 1, 2 L + 1) and `cell` (6,) of each, (n,).

        Slow inputs are returned instead, a field each, where no measurement changes them.
        """
        if self._keeps_inputs:
            inputs = self.inputs(scaled(arrays["raw"]), arrays["cell"])
            return _fields({str(number): each for number, each in enumerate(inputs)})
        return _fields({"levels": arrays["raw"], "cell": arrays["cell"]})

    def compose(
        self, prepared: NDArray[Any], ids: Sequence[str], epoch: int | None = None
    ) -> list[NDArray[np.float32]]:
        """Return the inputs of the descriptor, 0 for an empty place of a batch."""
        if self._keeps_inputs:
            return [np.ascontiguousarray(prepared[name]) for name in prepared.dtype.names or ()]
        filled = prepared["cell"].any(axis=1)
        levels, cells = prepared["levels"][filled], prepared["cell"][filled]
        if epoch is None or not self.measurement.changes:
            seen = scaled(levels)
        else:
            # Only here: the compiler is slow to import.
            from spacegrouper.techniques.reflections.measurement import measured

            names = [ids[place] for place in np.flatnonzero(filled)]
            random = generators(self.seed, names, "measurement", epoch)
            seen = measured(levels, cells, self.measurement, self.made_with, random)
        return [_spread(part, filled) for part in self.inputs(seen, cells)]

    @property
    def _keeps_inputs(self) -> bool:
        return self.slow and not self.measurement.changes


def shown_reflections(
    presentation: Presentation, inputs: Inputs, *, slow: bool = False
) -> ShownReflections:
    """Return what composes the inputs of a descriptor as a presentation says."""
    return ShownReflections(
        Measurement.model_validate(presentation.sections.get("measurement", {})),
        Reflections.model_validate(presentation.made_with["reflections"]),
        presentation.seed,
        inputs,
        slow,
    )


def _fields(arrays: Arrays) -> NDArray[Any]:
    """Return arrays of n crystals as the fields of one, (n,)."""
    kinds = [(name, values.dtype, values.shape[1:]) for name, values in arrays.items()]
    together = np.empty(len(next(iter(arrays.values()))), kinds)
    for name, values in arrays.items():
        together[name] = values
    return together


def _spread(values: NDArray[np.float32], filled: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return values of the places that are filled among all, the others 0."""
    if filled.all():
        return values
    everywhere = np.zeros((len(filled), *values.shape[1:]), values.dtype)
    everywhere[filled] = values
    return everywhere
