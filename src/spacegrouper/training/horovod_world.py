"""The processes that train together, and what they exchange; one process needs no Horovod."""

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.errors import UserError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class World:
    """This process among those that train: `rank` of `size`, `local_rank` of those on its host."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1


ALONE = World()


def started_by_horovod() -> bool:
    """Tell whether this process is a rank: horovodrun and its like say so in the environment."""
    return "HOROVOD_RANK" in os.environ


def join_world() -> World:
    """Meet the other ranks; a process that is no rank trains alone.

    Raises UserError if Horovod is asked for, but not installed or not fit for Keras' backend.
    """
    import keras

    if not started_by_horovod():
        log.info("training in one process, without Horovod, on %s", keras.backend.backend())
        return ALONE
    if keras.backend.backend() != "tensorflow":
        raise UserError(
            f"KERAS_BACKEND={keras.backend.backend()}: several ranks train with TensorFlow only; "
            "unset it, or set train.ranks to 1"
        )
    try:
        import horovod.tensorflow as hvd
    except ImportError as error:
        raise UserError(
            f"HOROVOD_RANK is set, but Horovod cannot be imported ({error}); install it with its "
            "TensorFlow part, or unset HOROVOD_RANK to train in one process"
        ) from None
    hvd.init()
    world = World(hvd.rank(), hvd.size(), hvd.local_rank(), hvd.local_size())
    if world.rank == 0:
        log.info("training in %d processes, with Horovod", world.size)
    return world


def adam(weight_decay: float, world: World) -> Any:
    """Return Adam with decoupled weight decay that acts on the means of the ranks' gradients."""
    import keras

    if world.size == 1:
        return keras.optimizers.AdamW(weight_decay=weight_decay)
    import horovod.tensorflow as hvd

    # Horovod's own optimiser does not know that of Keras 3.
    class AveragingAdamW(keras.optimizers.AdamW):
        def apply(self, grads: Any, trainable_variables: Any = None) -> None:
            super().apply([hvd.allreduce(gradient) for gradient in grads], trainable_variables)

    return AveragingAdamW(weight_decay=weight_decay)


def average_variables(variables: Sequence[Any], world: World) -> None:
    """Give all ranks the means of what are numbers with a fraction, such as moving statistics.

    Each rank's batch normalisation has seen other crystals.
    """
    if world.size == 1:
        return
    import horovod.tensorflow as hvd
    import keras

    for variable in variables:
        if keras.backend.is_float_dtype(variable.dtype):
            variable.assign(hvd.allreduce(variable.value, op=hvd.Average))


def sum_over_ranks(values: NDArray[np.float64], world: World) -> NDArray[np.float64]:
    """Return the sums over the ranks, equal on all of them."""
    if world.size == 1:
        return values
    import horovod.tensorflow as hvd

    summed: NDArray[np.float64] = hvd.allreduce(values, op=hvd.Sum).numpy()
    return summed


def share_variables(variables: Sequence[Any], world: World) -> None:
    """Give all ranks the values that Keras' variables have on rank 0."""
    if world.size > 1:
        import horovod.tensorflow as hvd

        hvd.broadcast_variables([variable.value for variable in variables], root_rank=0)


def share_json(value: Any, world: World) -> Any:
    """Return, on every rank, what rank 0 passed: what JSON has, such as lists of numbers.

    Horovod's own way to share objects runs whatever code they bring along, and whoever gets
    between the ranks could send one.
    """
    if world.size == 1:
        return value
    import horovod.tensorflow as hvd

    content = np.frombuffer(json.dumps(value).encode(), np.uint8)
    size = hvd.broadcast(np.array([content.size]), root_rank=0, name="json_size").numpy()[0]
    if world.rank > 0:
        content = np.zeros(size, np.uint8)
    return json.loads(hvd.broadcast(content, root_rank=0, name="json").numpy().tobytes())
