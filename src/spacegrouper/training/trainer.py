"""The training: data-parallel steps, validation, early stopping, checkpoints, results."""

import hashlib
import json
import logging
import math
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from tensorboard.summary import Writer

from spacegrouper.contract.network import build_model
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError
from spacegrouper.settings import Settings, Train
from spacegrouper.training.checkpoint import (
    Checkpoint,
    Epoch,
    Values,
    load_checkpoint,
    save_checkpoint,
)
from spacegrouper.training.devices import computes_in_bfloat16
from spacegrouper.training.horovod_world import (
    World,
    adam,
    average_variables,
    share_json,
    share_variables,
    sum_over_ranks,
)
from spacegrouper.training.images import presentation_of
from spacegrouper.training.learning_rate import learning_rate
from spacegrouper.training.objective import (
    SummedCrossEntropy,
    class_weights,
    measure_answers,
    right_answers,
)
from spacegrouper.training.pace import Pace
from spacegrouper.training.results import write_results
from spacegrouper.training.split import split_dataset, validation_groups
from spacegrouper.training.stream import ImageBatches

log = logging.getLogger(__name__)


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
    dataset = Dataset(store)
    split = split_dataset(dataset, settings.split, settings.seed)
    _set_precision(settings.train)
    # Rank 0 first: a file of weights that it downloads is then there for the others.
    if world.rank > 0:
        share_json(None, world)
    model = build_model(split["label"].nunique(), settings.model)
    if world.rank == 0:
        share_json(None, world)
    optimiser = adam(settings.train.weight_decay, world)
    optimiser.build(model.trainable_variables)
    # Of each crystal as `validation_groups`; without rotation 0 always validates.
    if settings.train.rotation_epochs:
        fold = validation_groups(split, settings.split, settings.seed)
        ever_trains = fold >= 0
    else:
        fold = split["part"].map({"train": 1, "validation": 0, "test": -1})
        ever_trains = fold > 0
    weights = class_weights(split.loc[ever_trains, "label"].to_numpy(), settings.train)
    loss = SummedCrossEntropy(weights, settings.train.label_smoothing)
    network = _compiled(model, optimiser, loss)
    fingerprint = _fingerprint(settings, split, dataset, model)
    history, best = _resume(output, fingerprint, settings, model, optimiser, world)
    share_variables((*model.weights, *optimiser.variables), world)
    advance(len(history))

    remaining = range(len(history) + 1, settings.train.epochs + 1)
    fold_of_epoch = partial(_validation_fold, folds=fold.max() + 1, settings=settings.train)
    for validating, epochs in groupby(remaining, fold_of_epoch):
        training = (fold >= 0) & (fold != validating)
        with (
            _batches(dataset, split[training], settings, world, shuffled=True) as trained_on,
            _batches(dataset, split[fold == validating], settings, world, shuffled=False) as held,
        ):
            for epoch in epochs:
                if _stops_early(history, settings.train):
                    break
                start = time.monotonic()
                _seed_dropout(model, settings.seed, epoch, world.rank)
                trained = _train_epoch(network, trained_on, epoch, settings.train, world)
                average_variables(_moving_statistics(model), world)
                history.append(Epoch(epoch, *trained, *_validate(network, held, world)))
                _check_losses(history[-1], settings.train)
                if world.rank == 0:
                    now = _values(model.weights)
                    best = now if _kept_epoch(history, settings.train) == epoch else best
                    state = Checkpoint(
                        fingerprint, history, now, best, _values(optimiser.variables)
                    )
                    save_checkpoint(output / "checkpoint.npz", state)
                    _write_tensorboard(output / "tensorboard", history[-1])
                    seconds = time.monotonic() - start
                    log.info(_describe(history[-1], settings.train.epochs, seconds))
                advance(1)

    if world.rank == 0:
        _assign(model.weights, best)
        _seed_dropout(model, settings.seed, 0, 0)
        kept = _kept_epoch(history, settings.train)
        shown = presentation_of(settings, dataset)
        write_results(output, model, settings, split, shown, dataset.made_with, history, kept)
        log.info("the network of epoch %d is in %s", kept, output / "model.keras")


def _set_precision(settings: Train) -> None:
    precision = settings.precision
    if precision != "float32" and not computes_in_bfloat16():
        log.warning("train.precision: no GPU here, nor a CPU with AMX: training with float32")
        precision = "float32"
    keras.config.set_dtype_policy(precision)


def _batches(
    dataset: Dataset, crystals: pd.DataFrame, settings: Settings, world: World, *, shuffled: bool
) -> ImageBatches:
    rows, labels = crystals["row"].to_numpy(), crystals["label"].to_numpy()
    return ImageBatches(dataset, rows, labels, settings, world, shuffled=shuffled)


def _validation_fold(epoch: int, folds: int, settings: Train) -> int:
    if settings.rotation_epochs is None:
        return 0
    return int((epoch - 1) // settings.rotation_epochs % folds)


def _compiled(model: keras.Model, optimiser: Any, loss: SummedCrossEntropy) -> keras.Model:
    """Return the network, its logits stacked into one array, ready to be trained."""
    stacked = keras.Model(model.inputs, keras.ops.stack(model.outputs, axis=1))
    # XLA takes minutes to compile for a CPU, and knows no Horovod; JAX has nothing else.
    with_xla = keras.backend.backend() == "jax"
    stacked.compile(optimiser, loss, metrics=[right_answers], jit_compile=with_xla)
    return stacked


def _train_epoch(
    network: keras.Model, batches: ImageBatches, epoch: int, settings: Train, world: World
) -> tuple[float, float]:
    """Train on every crystal once; return mean loss and accuracy over the crystals."""
    totals = np.zeros(3)
    pace = Pace(settings.epochs, batches.steps)
    for batch, (images, labels, weights) in enumerate(batches.epoch(epoch), start=1):
        step = (epoch - 1) * batches.steps + batch - 1
        network.optimizer.learning_rate = learning_rate(settings, world.size, step, batches.steps)
        # No answer is right where there is no crystal.
        truth = np.where(weights > 0, labels, -1)
        measured = network.train_on_batch(images, truth, weights, return_dict=True)
        if (largest := weights.max()) > 0:
            totals[0] += measured["loss"] / largest
        totals[1] += measured["right_answers"] * len(labels)
        totals[2] += np.count_nonzero(weights)
        if world.rank == 0:
            pace.after_batch(epoch, batch)
    loss, right, crystals = sum_over_ranks(totals, world)
    return float(loss / crystals), float(right / crystals)


def _validate(network: keras.Model, batches: ImageBatches, world: World) -> tuple[float, float]:
    totals = np.zeros(3)
    for images, labels, weights in batches.epoch(0):
        filled = weights > 0
        logits = network.predict_on_batch(images)[filled]
        totals += (*measure_answers(labels[filled], logits), len(logits))
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
        if checkpoint and (limit := _exceeded_limit(checkpoint.history, settings.train)):
            log.warning("%s: trained %s already: training starts anew", output, limit)
            checkpoint = None
        if checkpoint:
            _assign(model.weights, checkpoint.model)
            _assign(optimiser.variables, checkpoint.optimiser)
            history, best = checkpoint.history, checkpoint.best
            done, epochs = len(history), settings.train.epochs
            log.info("going on from the checkpoint after epoch %d of %d", done, epochs)
        else:
            shutil.rmtree(output / "tensorboard", ignore_errors=True)
    shared = share_json([astuple(epoch) for epoch in history], world)
    return [Epoch(*row) for row in shared], best


def _exceeded_limit(history: list[Epoch], settings: Train) -> str:
    """Return what a training went beyond that these settings would have ended before, or ""."""
    if len(history) > settings.epochs:
        return "for more epochs"
    ended = any(_stops_early(history[:epoch], settings) for epoch in range(1, len(history)))
    return "beyond train.patience" if ended else ""


def _fingerprint(
    settings: Settings, split: pd.DataFrame, dataset: Dataset, model: keras.Model
) -> str:
    """Name all that decides how a training goes, but for how long it is to go on."""
    ignored = {"launcher", "nodes", "patience"}
    if settings.train.schedule == "constant":
        ignored.add("epochs")
    content = {
        "seed": settings.seed,
        "split": settings.split.model_dump(mode="json"),
        "model": settings.model.model_dump(mode="json"),
        "presented": presentation_of(settings, dataset).sections,
        "train": settings.train.model_dump(mode="json", exclude=ignored),
        "crystals": split.to_csv(index=False),
        "dataset": dataset.attributes,
        "variables": [[variable.path, list(variable.shape)] for variable in model.weights],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _stops_early(history: list[Epoch], settings: Train) -> bool:
    if settings.rotation_epochs or not history:
        return False
    return len(history) - _kept_epoch(history, settings) >= settings.patience


def _kept_epoch(history: list[Epoch], settings: Train) -> int:
    """Return the epoch whose network is kept: the last where the validation set changes."""
    if settings.rotation_epochs:
        return history[-1].epoch
    return min(history, key=lambda epoch: epoch.validation_loss).epoch


def _check_losses(epoch: Epoch, settings: Train) -> None:
    if not math.isfinite(epoch.loss + epoch.validation_loss):
        raise UserError(
            f"train.learning_rate: the loss of epoch {epoch.epoch} is not a number; "
            f"lower it from {settings.learning_rate:g}"
        )


def _moving_statistics(model: keras.Model) -> list[Any]:
    """Return the variables of batch normalisation that change without being trained.

    Frozen weights are equal on all ranks already, and a mean of them could differ in a last digit.
    """
    endings = ("/moving_mean", "/moving_variance")
    return [v for v in model.non_trainable_variables if v.path.endswith(endings)]


def _seed_dropout(model: keras.Model, seed: int, epoch: int, rank: int) -> None:
    """Make the epoch's dropout depend on these numbers alone, so that it can be resumed."""
    states = [v for v in model.variables if v.path.endswith("seed_generator_state")]
    for index, state in enumerate(states):
        numbers = np.random.SeedSequence([seed, epoch, rank, index])
        state.assign(numbers.generate_state(2, np.uint32))


def _values(variables: Sequence[Any]) -> Values:
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def _assign(variables: Sequence[Any], values: Values) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _describe(epoch: Epoch, epochs: int, seconds: float) -> str:
    return (
        f"epoch {epoch.epoch} of {epochs}: loss {epoch.loss:.4f}, accuracy {epoch.accuracy:.3f}, "
        f"validation loss {epoch.validation_loss:.4f}, accuracy {epoch.validation_accuracy:.3f}, "
        f"{seconds:.1f} s"
    )


def _write_tensorboard(folder: Path, epoch: Epoch) -> None:
    writer = Writer(str(folder))
    writer.add_scalar("learning/loss", epoch.loss, epoch.epoch)
    writer.add_scalar("learning/accuracy", epoch.accuracy, epoch.epoch)
    writer.add_scalar("validation/loss", epoch.validation_loss, epoch.epoch)
    writer.add_scalar("validation/accuracy", epoch.validation_accuracy, epoch.epoch)
    writer.close()
