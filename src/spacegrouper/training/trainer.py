"""The training: data-parallel steps, validation, early stopping, checkpoints, results."""

import hashlib
import json
import logging
import math
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
import zarr
from numpy.typing import NDArray

from spacegrouper.atomic import written_aside
from spacegrouper.config import Settings, write_settings
from spacegrouper.config.sections import Descriptor
from spacegrouper.descriptors.images import compose_images
from spacegrouper.errors import UserError
from spacegrouper.models.registry import build_model
from spacegrouper.storage.dataset import open_dataset
from spacegrouper.training.batches import Batch, epoch_batches, own_samples, take_samples
from spacegrouper.training.checkpoint import (
    Checkpoint,
    Epoch,
    Values,
    load_checkpoint,
    save_checkpoint,
)
from spacegrouper.training.horovod_world import (
    World,
    average_gradients,
    share_object,
    share_variables,
    sum_over_ranks,
)
from spacegrouper.training.images import read_patterns
from spacegrouper.training.model_file import write_model
from spacegrouper.training.split import split_dataset

log = logging.getLogger(__name__)

Step = Callable[..., Any]


def train(
    store: Path,
    settings: Settings,
    output: Path,
    world: World,
    advance: Callable[[int], None],
) -> None:
    """Train a network on the dataset at `store`, or go on with it from its checkpoint.

    All ranks call this alike; `settings.train.ranks` must be `world.size`. `advance` is called
    with the number of epochs done since its last call. Rank 0 writes to `output`: checkpoint.npz
    and TensorBoard's logs after each epoch; model.keras (the weights of least validation loss),
    labels.json, history.csv, settings.yaml and split.csv at the end.
    Raises UserError for a dataset that cannot be split, and a loss that is no longer a number.
    """
    keras.utils.set_random_seed(settings.seed)
    dataset = open_dataset(store)
    split = split_dataset(dataset, settings.split, settings.seed)
    labels = {part: rows["label"].to_numpy() for part, rows in split.groupby("part")}
    samples = {part: len(values) for part, values in labels.items()}
    own = {
        part: own_samples(samples[part], world.size, settings.train.batch_size, world.rank)
        for part in ("train", "validation")
    }
    patterns = {
        part: read_patterns(
            dataset,
            split.loc[split["part"] == part, "row"].to_numpy()[own[part]],
            settings.model.image_size,
            settings.train.resize,
            settings.train.descriptor,
        )
        for part in own
    }

    model = build_model(split["label"].nunique(), settings.model)
    optimiser = keras.optimizers.AdamW(
        learning_rate=settings.train.learning_rate, weight_decay=settings.train.weight_decay
    )
    optimiser.build(model.trainable_variables)
    fingerprint = _fingerprint(settings, split, dataset, model)
    history, best = _resume(output, fingerprint, settings, model, optimiser, world)
    share_variables([v.value for v in (*model.weights, *optimiser.variables)], world)
    advance(len(history))

    def part_batches(part: str, epoch: int) -> Iterator[tuple[Any, ...]]:
        schedule = epoch_batches(
            samples[part],
            world.size,
            settings.train.batch_size,
            world.rank,
            settings.seed,
            epoch,
        )
        own_labels = labels[part][own[part]]
        return (
            _step_input(batch, patterns[part], own_labels, settings.train.descriptor)
            for batch in schedule
        )

    learn, measure = _learning_step(model, optimiser, world), _measuring_step(model)
    while not _finished(history, settings):
        start = time.monotonic()
        epoch = len(history) + 1
        _seed_dropout(model, settings.seed, epoch, world.rank)
        loss, accuracy = _run_epoch(learn, part_batches("train", epoch), world)
        validation = _run_epoch(measure, part_batches("validation", 0), world)
        history.append(Epoch(epoch, loss, accuracy, *validation))
        if not math.isfinite(loss + validation[0]):
            raise UserError(
                f"train.learning_rate: the loss of epoch {epoch} is not a number; "
                f"lower it from {settings.train.learning_rate:g}"
            )
        if world.rank == 0:
            values = [np.array(v) for v in model.weights]
            if _best_epoch(history) == epoch:
                best = values
            state = [np.array(v) for v in optimiser.variables]
            save_checkpoint(
                output / "checkpoint.npz", Checkpoint(fingerprint, history, values, best, state)
            )
            _write_tensorboard(output / "tensorboard", history[-1])
            log.info(_describe(history[-1], settings.train.epochs, time.monotonic() - start))
        advance(1)

    if world.rank == 0:
        _assign(model.weights, best)
        _seed_dropout(model, settings.seed, 0, 0)
        _write_results(output, model, settings, split, dataset, history)
        log.info("the best epoch, %d, is in %s", _best_epoch(history), output / "model.keras")


def _step_input(
    batch: Batch,
    patterns: NDArray[np.uint8],
    labels: NDArray[np.int64],
    descriptor: Descriptor,
) -> tuple[list[NDArray[np.float32]], NDArray[np.int64], NDArray[np.float32]]:
    """Return the images, labels and weights of a batch."""
    images = compose_images(take_samples(patterns, batch.positions), descriptor)
    return images, take_samples(labels, batch.positions), batch.weights


def _learning_step(model: keras.Model, optimiser: Any, world: World) -> Step:
    @tf.function
    def learn(images: Any, labels: Any, weights: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = model(images, training=True)
            losses = _losses(logits, labels)
            loss = tf.reduce_sum(weights * losses)
        variables = [variable.value for variable in model.trainable_variables]
        gradients = average_gradients(tape, world).gradient(loss, variables)
        optimiser.apply(gradients, model.trainable_variables)
        return _measures(losses, logits, labels, weights)

    return learn  # type: ignore[no-any-return]


def _measuring_step(model: keras.Model) -> Step:
    @tf.function
    def measure(images: Any, labels: Any, weights: Any) -> Any:
        logits = model(images, training=False)
        return _measures(_losses(logits, labels), logits, labels, weights)

    return measure  # type: ignore[no-any-return]


def _losses(logits: list[Any], labels: Any) -> Any:
    """Return each crystal's loss: the sum of the softmax cross-entropies of its three views."""
    return tf.add_n(
        [tf.nn.sparse_softmax_cross_entropy_with_logits(labels, view) for view in logits]
    )


def _measures(losses: Any, logits: list[Any], labels: Any, weights: Any) -> Any:
    """Return a batch's summed loss, right answers and crystals, empty places aside."""
    filled = tf.cast(weights > 0, tf.float32)
    # softmax(sum of the logits) is largest where the sum is.
    answers = tf.argmax(tf.add_n(logits), axis=-1)
    right = tf.cast(answers == labels, tf.float32)
    return tf.stack([tf.reduce_sum(filled * x) for x in (losses, right, tf.ones_like(losses))])


def _run_epoch(step: Step, batches: Iterator[tuple[Any, ...]], world: World) -> tuple[float, float]:
    """Run a step on all batches; return mean loss and accuracy over the crystals of all ranks."""
    totals = np.zeros(3)
    for images, labels, weights in batches:
        arrays = [tf.constant(image) for image in images]
        totals += step(arrays, tf.constant(labels), tf.constant(weights)).numpy()
    loss, right, crystals = sum_over_ranks(totals, world)
    return float(loss / crystals), float(right / crystals)


def _resume(
    output: Path,
    fingerprint: str,
    settings: Settings,
    model: keras.Model,
    optimiser: Any,
    world: World,
) -> tuple[list[Epoch], Values]:
    """Load the checkpoint on rank 0; return the history, on all ranks, and the best weights."""
    history: list[Epoch] = []
    best: Values = []
    if world.rank == 0:
        checkpoint = load_checkpoint(output / "checkpoint.npz", fingerprint)
        if checkpoint and len(checkpoint.history) > settings.train.epochs:
            log.warning("%s: trained for more epochs already: training starts anew", output)
            checkpoint = None
        if checkpoint:
            _assign(model.weights, checkpoint.model)
            _assign(optimiser.variables, checkpoint.optimiser)
            history, best = checkpoint.history, checkpoint.best
            log.info(
                "going on from the checkpoint after epoch %d of %d",
                len(history),
                settings.train.epochs,
            )
        else:
            shutil.rmtree(output / "tensorboard", ignore_errors=True)
    return share_object(history, world), best


def _fingerprint(
    settings: Settings, split: pd.DataFrame, dataset: zarr.Group, model: keras.Model
) -> str:
    """Name all that decides how a training goes, but for how long it is to go on."""
    content = {
        "seed": settings.seed,
        "split": settings.split.model_dump(mode="json"),
        "model": settings.model.model_dump(mode="json"),
        "train": settings.train.model_dump(mode="json", exclude={"epochs"}),
        "crystals": split.to_csv(index=False),
        "dataset": dict(dataset.attrs),
        "variables": [[variable.path, list(variable.shape)] for variable in model.weights],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _finished(history: list[Epoch], settings: Settings) -> bool:
    if len(history) >= settings.train.epochs:
        return True
    return bool(history) and len(history) - _best_epoch(history) >= settings.train.patience


def _best_epoch(history: list[Epoch]) -> int:
    return min(history, key=lambda epoch: epoch.validation_loss).epoch


def _seed_dropout(model: keras.Model, seed: int, epoch: int, rank: int) -> None:
    """Make the epoch's dropout depend on these numbers alone, so that it can be resumed."""
    states = [v for v in model.variables if v.path.endswith("seed_generator_state")]
    for index, state in enumerate(states):
        numbers = np.random.SeedSequence([seed, epoch, rank, index])
        state.assign(numbers.generate_state(2, np.uint32))


def _assign(variables: list[Any], values: Values) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _describe(epoch: Epoch, epochs: int, seconds: float) -> str:
    return (
        f"epoch {epoch.epoch} of {epochs}: loss {epoch.loss:.4f}, accuracy {epoch.accuracy:.3f}, "
        f"validation loss {epoch.validation_loss:.4f}, accuracy {epoch.validation_accuracy:.3f}, "
        f"{seconds:.1f} s"
    )


def _write_tensorboard(folder: Path, epoch: Epoch) -> None:
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default(step=epoch.epoch):
        tf.summary.scalar("learning/loss", epoch.loss)
        tf.summary.scalar("learning/accuracy", epoch.accuracy)
        tf.summary.scalar("validation/loss", epoch.validation_loss)
        tf.summary.scalar("validation/accuracy", epoch.validation_accuracy)
    writer.close()


def _write_results(
    output: Path,
    model: keras.Model,
    settings: Settings,
    split: pd.DataFrame,
    dataset: zarr.Group,
    history: list[Epoch],
) -> None:
    classes = split.drop_duplicates("label").sort_values("label")["spacegroup"]
    labels = {
        "space_groups": [int(group) for group in classes],
        "best_epoch": _best_epoch(history),
        "image_size": settings.model.image_size,
        "resize": settings.train.resize,
        "descriptor": settings.train.descriptor,
        "shape_settings": dataset.attrs["shape_settings"],
    }
    write_model(model, output / "model.keras")
    with written_aside(output / "labels.json") as aside:
        aside.write_text(json.dumps(labels, indent=2) + "\n", encoding="utf-8")
    with written_aside(output / "history.csv") as aside:
        pd.DataFrame(history).to_csv(aside, index=False)
    with written_aside(output / "split.csv") as aside:
        split.to_csv(aside, index=False)
    write_settings(settings, output / "settings.yaml")
