"""A process of bench_train.py: the input alone, our training, or a plain fit of Keras."""

import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from spacegrouper.dataset.dataset import Dataset
from spacegrouper.settings import Settings, load_settings
from spacegrouper.training.horovod_world import World, join_world
from spacegrouper.training.split import split_dataset
from spacegrouper.training.stream import ImageBatches

Store = Annotated[Path, typer.Option(help="Zarr store to train on")]
Config = Annotated[Path, typer.Option(help="settings as YAML")]
Steps = Annotated[int, typer.Option(min=1, help="learning steps of each kind, warm-up included")]
Result = Annotated[Path, typer.Option(help="JSON to write")]

# Of TensorFlow's messages, errors only; it reads this when it is imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

app = typer.Typer()


@dataclass
class Stopwatch:
    """Seconds of the learning steps of a training, one after the other.

    First come the steps on batches from the dataset: how long each was waited for, how long its
    step then took, and the CPU time of both together. Then come steps on one batch, again and
    again, which need no input.
    """

    waiting: list[float] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    steps_on_one_batch: list[float] = field(default_factory=list)
    cpu_on_one_batch: list[float] = field(default_factory=list)

    def watch(self, batches: Iterator[Any], steps: int) -> Iterator[Any]:
        """Yield batches to a training, so many of both kinds."""
        for _ in range(steps):
            cpu, asked = time.process_time(), time.perf_counter()
            batch = next(batches)
            ready = time.perf_counter()
            yield batch
            self.waiting.append(ready - asked)
            self.steps.append(time.perf_counter() - ready)
            self.cpu.append(time.process_time() - cpu)
        batches.close()  # type: ignore[attr-defined]  # nothing is read meanwhile
        for _ in range(steps):
            cpu, start = time.process_time(), time.perf_counter()
            yield batch
            self.steps_on_one_batch.append(time.perf_counter() - start)
            self.cpu_on_one_batch.append(time.process_time() - cpu)


@app.command()
def input_alone(
    dataset: Store,
    config: Config,
    rounds: Annotated[int, typer.Option(min=1, help="epochs")],
    result: Result,
) -> None:
    """Take all batches of an epoch and do nothing with them: once streamed, once kept in memory.

    An epoch that is not measured goes before, and reads what is kept.
    """
    settings = load_settings(config)
    measured: dict[str, Any] = {}
    for way in ("streamed", "kept"):
        with learning_batches(
            dataset, settings if way == "streamed" else keeping(settings)
        ) as batches:
            epochs = [timed_epoch(batches, number) for number in range(rounds + 1)]
        measured[way] = epochs[1:]
    result.write_text(json.dumps(measured | {"peak_memory_mb": peak_memory_mb()}))


@app.command()
def training(dataset: Store, config: Config, steps: Steps, result: Result) -> None:
    """Train as scripts/train.py does, for an epoch of so many steps, and validate on one batch.

    Rank N writes to RESULT.N. With several ranks, the averaging of gradients is also timed alone.
    """
    settings = load_settings(config)
    world = join_world()
    # They import Keras, which takes seconds, and the first sets TensorFlow's threads.
    from spacegrouper.contract.network import build_model
    from spacegrouper.networks.shared.cost import forward_flops
    from spacegrouper.training import trainer
    from spacegrouper.training.devices import prepare_backend

    stopwatch = Stopwatch()

    class WatchedBatches(ImageBatches):
        """The first batches of a part: `steps` to learn from, one to validate on."""

        def __init__(self, *arguments: Any, shuffled: bool) -> None:
            super().__init__(*arguments, shuffled=shuffled)
            self.learning = shuffled

        def epoch(self, epoch: int) -> Iterator[Any]:
            batches = super().epoch(epoch)
            return stopwatch.watch(batches, steps) if self.learning else islice(batches, 1)

    trainer.ImageBatches = WatchedBatches  # type: ignore[misc]
    prepare_backend(world)
    with tempfile.TemporaryDirectory() as folder:
        trainer.train(dataset, settings, Path(folder), world, lambda epochs: None)
    measured: dict[str, Any] = asdict(stopwatch) | {"peak_memory_mb": peak_memory_mb()}
    network = build_model(classes_of(dataset, settings), settings.model)
    variables = network.trainable_variables
    measured["parameters"] = sum(int(np.prod(variable.shape)) for variable in variables)
    measured["forward_flops_of_a_crystal"] = forward_flops(network)
    if world.size > 1:
        measured["allreduce"] = time_allreduce([tuple(v.shape) for v in variables], steps)
    result.with_name(f"{result.name}.{world.rank}").write_text(json.dumps(measured))


@app.command()
def plain_fit(dataset: Store, config: Config, steps: Steps, result: Result) -> None:
    """Fit the same network with Keras alone, to the images of so many steps, held in memory.

    Everything is left to Keras' and TensorFlow's defaults but for XLA, which takes minutes to
    compile for a CPU, and which our training does without.
    """
    settings = load_settings(config)
    with learning_batches(dataset, settings) as batches:
        of_steps, labels_of_steps, _ = zip(*islice(batches.epoch(1), steps), strict=True)
    images = [np.concatenate(of_view) for of_view in zip(*of_steps, strict=True)]
    labels = np.concatenate(labels_of_steps)
    del of_steps
    import keras

    from spacegrouper.contract.network import build_model

    class BatchEnds(keras.callbacks.Callback):
        """Notes when each batch ended, and the CPU time until then."""

        def __init__(self) -> None:
            super().__init__()
            self.times = [(time.perf_counter(), time.process_time())]

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.times.append((time.perf_counter(), time.process_time()))

    keras.utils.set_random_seed(settings.seed)
    network = build_model(classes_of(dataset, settings), settings.model)
    single = len(images) == 1
    network.compile(
        keras.optimizers.AdamW(settings.train.learning_rate, settings.train.weight_decay),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"] if single else [["accuracy"] for _ in images],
        jit_compile=False,
    )
    ends = BatchEnds()
    network.fit(
        images[0] if single else images,
        labels if single else [labels] * len(images),
        batch_size=settings.train.batch_size,
        callbacks=[ends],
        verbose=0,
    )
    wall, cpu = np.diff(ends.times, axis=0).T.tolist()
    measured = {"steps": wall, "cpu": cpu, "peak_memory_mb": peak_memory_mb()}
    result.write_text(json.dumps(measured))


def learning_batches(dataset: Path, settings: Settings) -> ImageBatches:
    """Return the batches of the training set, all for this process."""
    group = Dataset(dataset)
    split = split_dataset(group, settings.split, settings.seed)
    training = split[split["part"] == "train"]
    rows, labels = training["row"].to_numpy(), training["label"].to_numpy()
    return ImageBatches(group, rows, labels, settings, World(), shuffled=True)


def classes_of(dataset: Path, settings: Settings) -> int:
    """Return how many space groups are told apart."""
    split = split_dataset(Dataset(dataset), settings.split, settings.seed)
    return int(split["label"].nunique())


def keeping(settings: Settings) -> Settings:
    """Return the settings with all crystals shuffled together, so that none is read twice."""
    train = settings.train.model_copy(update={"shuffle_crystals": 10**9})
    return settings.model_copy(update={"train": train})


def timed_epoch(batches: ImageBatches, epoch: int) -> dict[str, float]:
    """Take all batches of an epoch; return its crystals, and wall and CPU seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    crystals = sum(int(np.count_nonzero(weights)) for _, _, weights in batches.epoch(epoch))
    return {
        "crystals": crystals,
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
    }


def time_allreduce(shapes: Sequence[tuple[int, ...]], rounds: int) -> list[float]:
    """Return the wall seconds that averaging gradients of these shapes takes over the ranks."""
    import horovod.tensorflow as hvd
    import tensorflow as tf

    @tf.function
    def average(gradients: Any) -> Any:
        return [hvd.allreduce(gradient) for gradient in gradients]

    gradients = [tf.zeros(shape) for shape in shapes]
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        average(gradients)
        seconds.append(time.perf_counter() - start)
    return seconds


def peak_memory_mb() -> float:
    """Return this process' peak memory; getrusage's would begin with that of its parent."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    peak = next(line for line in lines if line.startswith("VmHWM"))
    return int(peak.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    app()
