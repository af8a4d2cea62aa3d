"""Train and measure a network on a GPU within minutes: from standard cells to scores.

What `make gpu` starts. It needs no network, none of the workflow's programs, and of the packages
only those of wheels.txt beside NumPy, numba, h5py and JAX.
"""

import json
import math
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from cells_file import Cells, read_cells
from channels import channels_of
from numpy.typing import NDArray
from parts import Part
from shards import SHARDS, Patterns, composer_of, prepared_shape, presentation, shard_rows, shares
from time_budget import TimeBudget

from spacegrouper.atomic import written_aside
from spacegrouper.contract.network import build_model
from spacegrouper.errors import UserError
from spacegrouper.evaluation.calibration import calibrate
from spacegrouper.evaluation.scores import describe_scores, score_answers, write_scores
from spacegrouper.programs.command_line import CORES, Results, log, run_program
from spacegrouper.settings import Settings
from spacegrouper.training.batches import Share
from spacegrouper.training.checkpoint import Epoch
from spacegrouper.training.split import PARTS, split_crystals

STARTED = time.monotonic()
FOLDER = Path(__file__).parent
# What is left at the end beside the answers to both held-out parts: scores, files, and some spare.
SPARE_SECONDS = 25
ANSWERED_AT_THE_END = 4  # times the validation set: it and the test set, and as much again


def main(
    output: Results,
    cells: Annotated[Path, typer.Option(help="file made by pack_cells.py")] = (
        FOLDER / "travels/cells.npz"
    ),
    seconds: Annotated[
        float, typer.Option(min=1, help="that all may take, from the start of this program")
    ] = 500,
    processes: Annotated[int, typer.Option(min=1, help="that simulate")] = CORES,
) -> None:
    """Simulate the crystals of CELLS, train a network on them and measure it, in SECONDS.

    Writes to OUTPUT: model/, as scripts/train.py and calibrate.py make it; evaluation/, as
    scripts/evaluate.py does, without figures; and run.json: seconds, epochs, memory.
    """
    packed = read_cells(cells)
    settings = packed.settings
    batch_size = settings.train.batch_size
    if batch_size % SHARDS:
        raise UserError(f"{cells}: train.batch_size: must be a multiple of {SHARDS}")
    stages = {"read": lap()}
    split = split_crystals(packed.table, settings.split, settings.seed)
    log.info("%d crystals, %s", len(split), split["part"].value_counts().to_dict())
    place = pd.Series(range(len(packed.table)), index=packed.table["row"])
    rows = {part: split.loc[split["part"] == part, "row"] for part in PARTS}
    own = {part: shares(len(rows[part]), batch_size) for part in PARTS}
    patterns = Patterns(
        packed,
        [place[rows[part]].to_numpy()[share.own] for part in PARTS for share in own[part]],
        [shard_rows(share) for part in PARTS for share in own[part]],
        processes,
    )

    # The processes are there: now Keras' backend may start threads of its own.
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import resident

    network = Training(packed, split, own)
    with ThreadPoolExecutor(1) as pool:
        compiling = pool.submit(network.compile)
        shards = [resident.to_device(shard) for shard in patterns]
        stages["simulate"] = lap()
        compiling.result()
    stages["compile"] = lap()
    parts = {
        part: Part(
            split.loc[split["part"] == part, "label"].to_numpy(),
            own[part],
            shards[index * SHARDS : (index + 1) * SHARDS],
        )
        for index, part in enumerate(PARTS)
    }
    history, done = network.train(parts, STARTED + seconds)
    stages["train"] = lap()

    calibration = calibrate(network.answers(parts, "validation"), parts["validation"].labels)
    logits = network.answers(parts, "test")
    stages["answer"] = lap()
    from spacegrouper.evaluation.predictions import probabilities

    classes = np.sort(split["class"].unique())
    scores = score_answers(
        split,
        probabilities(logits, float(calibration["temperature"])),
        settings.split.label,
        classes,
        settings.seed,
        probabilities(logits),
    )
    scores.summary["temperature"] = calibration["temperature"]
    stages["score"] = lap()
    from spacegrouper.training.results import write_results

    with written_aside(output) as folder:
        model, evaluation = folder / "model", folder / "evaluation"
        write_results(
            model,
            network.model,
            settings,
            split,
            presentation(packed),
            packed.made_with,
            history,
            len(history),
        )
        write_json(model / "calibration.json", calibration)
        evaluation.mkdir()
        write_scores(scores, evaluation)
        stages["write"] = lap()
        run = {
            "seconds": stages,
            "seconds_allowed": seconds,
            "training": done,
            "memory": resident.memory(),
            "processes": processes,
            "versions": {name: version(name) for name in ("jax", "keras", "numba", "numpy")},
        }
        write_json(folder / "run.json", run)
    log.info("%s; written to %s", describe_scores(scores), output)


class Training:
    """A network that is trained on crystals in the GPU's memory."""

    def __init__(self, cells: Cells, split: pd.DataFrame, own: dict[str, list[Share]]) -> None:
        import keras
        import resident

        from spacegrouper.training.devices import computes_in_bfloat16
        from spacegrouper.training.horovod_world import ALONE, adam
        from spacegrouper.training.objective import SummedCrossEntropy, class_weights

        if keras.backend.backend() != "jax":
            raise UserError("KERAS_BACKEND: this program needs jax; leave it out")
        self._settings: Settings = cells.settings
        train = self._settings.train
        keras.utils.set_random_seed(self._settings.seed)
        if train.precision != "float32" and not computes_in_bfloat16():
            log.warning("train.precision: no GPU here: training with float32")
        keras.config.set_dtype_policy(train.precision if computes_in_bfloat16() else "float32")
        self.model = build_model(split["label"].nunique(), self._settings.model)
        self._trained = resident.in_one_batch(self.model)
        optimiser = adam(train.weight_decay, ALONE)
        self._state = resident.initial_state(self._trained, optimiser)
        labels = split.loc[split["part"] == "train", "label"].to_numpy()
        loss = SummedCrossEntropy(class_weights(labels, train), train.label_smoothing)
        self._kept = prepared_shape(cells)
        shapes = {part: [(shard_rows(share), *self._kept) for share in own[part]] for part in PARTS}
        crystals = sum(shape[0] for part in PARTS for shape in shapes[part])
        resident.check_memory(crystals * math.prod(self._kept))
        self._arguments = (
            self._trained,
            optimiser,
            loss,
            channels_of(composer_of(cells), self._kept),
            self._state,
            shapes["train"],
            [shapes["validation"], shapes["test"]],
            (SHARDS, train.batch_size // SHARDS),
        )
        self._longest_step = 0.0
        self._step: Callable[..., Any]
        self._answer: dict[str, Callable[..., Any]]

    def compile(self) -> None:
        """Compile the steps, which takes a minute and no Python's lock."""
        import resident

        self._step, answers = resident.compile_steps(*self._arguments)
        self._answer = dict(zip(("validation", "test"), answers, strict=True))

    def answers(self, parts: dict[str, Part], name: str) -> NDArray[np.float64]:
        """Return the logits of a held-out part, summed over the images, (crystals, classes)."""
        return self._logits(parts[name], name).sum(axis=1)

    def _logits(self, part: Part, name: str) -> NDArray[np.float64]:
        """Return the logits of a held-out part, (crystals, images, classes)."""
        trained, others, _ = self._state
        found = [
            self._answer[name](trained, others, part.shards, places)
            for places, _, _ in part.steps(None)
        ]
        logits = part.in_order([np.asarray(step, dtype=np.float64) for step in found])
        if not np.isfinite(logits).all():
            raise UserError("the network's answers are no numbers; lower train.learning_rate")
        return logits

    def train(self, parts: dict[str, Part], end: float) -> tuple[list[Epoch], dict[str, float]]:
        """Train until the time is over, but for what answers and files take.

        `end`: when the program is to be done. Returns the history, whose last epoch may be a part
        of one, and what there is to say of speed.
        """
        import resident

        start = time.monotonic()
        self.answers(parts, "validation")
        answering = time.monotonic() - start
        budget = TimeBudget(time.monotonic(), end - SPARE_SECONDS - ANSWERED_AT_THE_END * answering)
        if budget.end <= budget.start:
            raise UserError(
                f"--seconds: {time.monotonic() - STARTED:.0f} s are gone before training; give "
                "more, or fewer crystals"
            )
        history: list[Epoch] = []
        crystals, steps = 0, 0
        while True:
            totals = self._train_epoch(parts["train"], len(history) + 1, budget)
            if not totals[3]:
                break
            crystals, steps = crystals + int(totals[2]), steps + int(totals[3])
            history.append(Epoch(len(history) + 1, *self._measured(totals, parts)))
            log.info(
                "epoch %d, %.0f %% of the time: loss %.4f, accuracy %.3f, validation loss %.4f, "
                "accuracy %.3f",
                history[-1].epoch,
                100 * budget.spent,
                *astuple(history[-1])[1:],
            )
        resident.assign(self._trained, self._state)
        took = time.monotonic() - budget.start
        return history, {
            "epochs": crystals / len(parts["train"].labels),
            "steps": steps,
            "crystals_per_second": crystals / took,
        }

    def _train_epoch(self, part: Part, epoch: int, budget: TimeBudget) -> NDArray[np.float64]:
        """Return the summed loss, the right answers, the crystals and the steps of an epoch."""
        totals = np.zeros(4)
        measured: Any = np.zeros(2)
        for places, labels, weights in part.steps(self._settings.seed, epoch):
            if not budget.has_room(self._longest_step):
                break
            start = time.monotonic()
            rate = np.float32(budget.learning_rate(self._settings.train))
            state, now = self._step(self._state, part.shards, places, labels, weights, rate)
            self._state = state
            # Of the step before: so one is always computed while the next is prepared, and no
            # more than one, or the clock would run ahead of the steps.
            totals[:2] += np.asarray(measured)
            measured = now
            totals[2:] += np.count_nonzero(weights), 1
            self._longest_step = max(self._longest_step, time.monotonic() - start)
        totals[:2] += np.asarray(measured)
        return totals

    def _measured(
        self, totals: NDArray[np.float64], parts: dict[str, Part]
    ) -> tuple[float, float, float, float]:
        """Return loss and accuracy of an epoch, and of the validation set after it."""
        from spacegrouper.training.objective import measure_answers

        logits = self._logits(parts["validation"], "validation")
        held_out = measure_answers(parts["validation"].labels, logits)
        loss, right, crystals, _ = totals.tolist()
        if not np.isfinite(loss):
            raise UserError("train.learning_rate: the loss is no number; lower it")
        return loss / crystals, right / crystals, *(each / len(logits) for each in held_out)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a file of a folder that is still aside."""
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def lap() -> float:
    """Return the seconds since it was last called, or the program started."""
    global _LAST
    now = time.monotonic()
    took, _LAST = now - _LAST, now
    return round(took, 2)


_LAST = STARTED

if __name__ == "__main__":
    run_program(main)
