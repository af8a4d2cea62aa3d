"""The network's steps on crystals that stay in the GPU's memory, compiled as one program each.

Keras trains the same way through its stateless functions: what changes in a step goes in and comes
out. Images are composed there too, as channels.py has found out.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
from channels import Channels
from numpy.typing import NDArray

from spacegrouper.errors import UserError
from spacegrouper.networks.shared.classifiers import STREAMS
from spacegrouper.training.objective import SummedCrossEntropy, right_answers

Arrays = Sequence[Any]
# Trained weights, other variables (of dropout), the optimiser's.
State = tuple[list[Any], list[Any], list[Any]]


def compose(shards: Arrays, places: Any, channels: Channels) -> list[Any]:
    """Return the network's images of crystals of the shards, each (crystals, size, size, 3).

    `places`: (shards, n) in each shard; crystals are those of the first shard, then of the next.
    """
    taken = jnp.concatenate([shard[own] for shard, own in zip(shards, places, strict=True)])
    taken = taken.reshape(len(taken), -1, *taken.shape[-2:])
    return [
        jnp.stack([taken[:, pattern] for pattern in image], axis=-1).astype(jnp.float32) / 255
        for image in channels
    ]


def in_one_batch(model: keras.Model) -> keras.Model:
    """Return the same network, with the same variables, whose images pass its trunk together.

    Three images that pass it one after the other are three trunks to the compiler, which takes
    three times as long.
    """
    if "trunk" not in [layer.name for layer in model.layers]:
        return model
    images = keras.ops.stack(model.inputs, axis=1)
    features = model.get_layer("trunk")(keras.ops.reshape(images, (-1, *images.shape[2:])))
    features = keras.ops.reshape(features, (-1, len(STREAMS), features.shape[-1]))
    logits = [
        model.get_layer(f"logits_{stream}")(features[:, place])
        for place, stream in enumerate(STREAMS)
    ]
    return keras.Model(model.inputs, logits)


def initial_state(model: keras.Model, optimiser: Any) -> State:
    """Return the state of an untrained network."""
    optimiser.build(model.trainable_variables)
    parts = (model.trainable_variables, model.non_trainable_variables, optimiser.variables)
    trained, others, of_optimiser = ([jnp.array(v.value) for v in part] for part in parts)
    return trained, others, of_optimiser


def compile_steps(
    model: keras.Model,
    optimiser: Any,
    loss: SummedCrossEntropy,
    channels: Channels,
    state: State,
    trained_on: Sequence[tuple[int, ...]],
    held_out: Sequence[Sequence[tuple[int, ...]]],
    places: tuple[int, int],
) -> tuple[Callable[..., tuple[State, Any]], list[Callable[..., Any]]]:
    """Compile the steps of training, and of answering for each held-out part.

    Args:
        model, optimiser, loss: of the training.
        channels: as `channels_of` returns them.
        state: as `initial_state` returns it.
        trained_on: the shapes of the shards of the training set.
        held_out: the shapes of those of each other part.
        places: (shards, crystals of each) in a step.

    Returns:
        (state, shards, places, labels, weights, learning rate) to the new state, and the summed
        loss and number of right answers of the crystals that weigh anything; and for each held-out
        part (weights, other variables, shards, places) to logits (crystals, images, classes).
    """
    rate = [v.path for v in optimiser.variables].index(optimiser.learning_rate.path)

    def train(
        state: State, shards: Arrays, places: Any, labels: Any, weights: Any, learning_rate: Any
    ) -> tuple[State, Any]:
        trained, others, of_optimiser = state
        images = compose(shards, places, channels)

        def weighted(trained: list[Any]) -> tuple[Any, Any]:
            logits, new = model.stateless_call(trained, others, images, training=True)
            logits = jnp.stack(logits, axis=1)
            losses = loss.call(labels, logits)
            counted = jnp.where(weights > 0, 1, 0)
            right = right_answers(labels, logits)
            measured = jnp.stack([jnp.sum(losses * counted), jnp.sum(right * counted)])
            return jnp.sum(losses * weights), (new, measured)

        gradient = jax.value_and_grad(weighted, has_aux=True)
        (_, (others, measured)), slopes = gradient(trained)
        of_optimiser = [
            learning_rate if index == rate else value for index, value in enumerate(of_optimiser)
        ]
        trained, of_optimiser = optimiser.stateless_apply(of_optimiser, slopes, trained)
        return (trained, others, of_optimiser), measured

    def answer(trained: list[Any], others: list[Any], shards: Arrays, places: Any) -> Any:
        images = compose(shards, places, channels)
        logits, _ = model.stateless_call(trained, others, images, training=False)
        return jnp.stack(logits, axis=1).astype(jnp.float32)

    def uint8(shapes: Sequence[tuple[int, ...]]) -> list[Any]:
        return [jax.ShapeDtypeStruct(shape, jnp.uint8) for shape in shapes]

    crystals = (places[0] * places[1],)
    where = jax.ShapeDtypeStruct(places, jnp.int32)
    numbers = jax.ShapeDtypeStruct(crystals, jnp.float32)
    compiled = (
        # The old state's memory becomes the new one's.
        jax.jit(train, donate_argnums=0)
        .lower(
            state,
            uint8(trained_on),
            where,
            jax.ShapeDtypeStruct(crystals, jnp.int32),
            numbers,
            jax.ShapeDtypeStruct((), jnp.float32),
        )
        .compile()
    )
    answers = [
        jax.jit(answer).lower(state[0], state[1], uint8(shapes), where).compile()
        for shapes in held_out
    ]
    return compiled, answers


def assign(model: keras.Model, state: State) -> None:
    """Give the network the weights of a state."""
    for variables, values in zip(
        (model.trainable_variables, model.non_trainable_variables), state, strict=False
    ):
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)


def memory() -> dict[str, int | str | None]:
    """Return what the device is, and how much of its memory was in use at most, bytes."""
    device = jax.devices()[0]
    used: Any = device.memory_stats() or {}
    return {
        "device": f"{device.platform} {device.device_kind}",
        "peak_bytes": used.get("peak_bytes_in_use"),
        "limit_bytes": used.get("bytes_limit"),
    }


def check_memory(patterns: int) -> None:
    """Raise UserError if so many bytes of patterns do not fit into the device's memory."""
    limit: Any = memory()["limit_bytes"]
    if limit is not None and patterns > limit:
        raise UserError(
            f"model.image_size: the patterns take {patterns / 1e9:.0f} GB, and the GPU has "
            f"{limit / 1e9:.0f} GB for them; pack fewer crystals (`split.maximum_crystals`), or "
            "smaller images"
        )


def to_device(shard: NDArray[np.uint8]) -> Any:
    """Return a copy in the device's memory; what it is a copy of may change afterwards."""
    return jnp.array(shard, copy=True).block_until_ready()
