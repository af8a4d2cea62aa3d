"""Measure the training: where a step's time goes, against a plain fit of Keras in the same run."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Annotated, Any, NoReturn

import typer
from bench_simulate import ROOT, SEED, console, draw_crystals, machine
from rich.table import Table

from spacegrouper.atomic import written_aside
from spacegrouper.contract.network import NETWORKS
from spacegrouper.crystals.json_lines import write_crystals
from spacegrouper.errors import UserError
from spacegrouper.settings import Model, Settings, Split, Train, make_settings, write_settings
from spacegrouper.training.launching import horovodrun, launch_ranks

WORKER = Path(__file__).with_name("measured_training.py")
# Images of 224 pixels would make a step of VGG16 four times as long.
IMAGE_SIZES = {"msdn": 224, "vgg": 112}
RANKS = (1, 2)
# Of a step's forward pass: the backward pass computes two products for each of its one.
TRAINING_FLOPS = 3
# Of the input alone, in each round.
INPUT_EPOCHS = 5
# Steps that are streamed ahead; few, so that reading goes on all through a short training.
WINDOW_STEPS = 8


def main(
    network: Annotated[
        list[str] | None, typer.Option(help="of config's model.name; default: msdn and vgg")
    ] = None,
    image_size: Annotated[
        int | None, typer.Option(min=1, help="pixels; default: 112 for vgg, 224 for others")
    ] = None,
    crystals: Annotated[int, typer.Option(min=160, help="made from prototypes")] = 512,
    batch_size: Annotated[int, typer.Option(min=2, help="crystals a step, over all ranks")] = 16,
    steps: Annotated[int, typer.Option(min=1, help="measured in each round")] = 6,
    warm_up: Annotated[int, typer.Option(min=1, help="steps before them, not counted")] = 2,
    rounds: Annotated[int, typer.Option(min=1, help="of everything; medians are over all")] = 1,
    output: Annotated[Path, typer.Option(help="folder of the result")] = ROOT
    / "benchmarks"
    / "results",
) -> None:
    """Measure our training with one and two ranks, its parts, and a plain fit of Keras.

    All take the same number of crystals in a step, whatever the ranks, on the same cores, and take
    turns. Writes train.json and prints a table. benchmarks/README.md says what is measured and how.
    """
    if batch_size % max(RANKS):
        raise typer.BadParameter(f"--batch-size must be a multiple of {max(RANKS)}")
    # A little less than Split's share, as some crystals may be rejected.
    if (steps + warm_up) * batch_size > 0.75 * crystals:
        raise typer.BadParameter("--crystals: too few for so many steps; an epoch has to have them")
    start = time.perf_counter()
    results: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine() | {name: version(name) for name in ("tensorflow", "keras", "horovod")},
        "crystals_of_a_step": batch_size,
        "steps_measured": steps * rounds,
    }
    settings = {
        name: settings_of(name, image_size or IMAGE_SIZES.get(name, 224), batch_size)
        for name in network or IMAGE_SIZES
    }
    measured: dict[str, list[dict[str, Any]]] = {name: [] for name in settings}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with console.status("dataset"):
            results["dataset"] = make_dataset(folder, crystals)
        for number in range(rounds):
            for name in settings:
                with console.status(f"round {number + 1} of {rounds}: {name}"):
                    found = measure(folder, settings[name], steps + warm_up)
                measured[name].append(found)
    results["networks"] = {
        name: summarise(settings[name], found, warm_up) for name, found in measured.items()
    }
    results["load_average_at_end"] = round(os.getloadavg()[0], 2)
    results["seconds_of_all"] = time.perf_counter() - start
    output.mkdir(parents=True, exist_ok=True)
    with written_aside(output / "train.json") as aside:
        aside.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    console.print(table_of(results))
    console.print(f"written to {output / 'train.json'}")


def settings_of(network: str, image_size: int, batch_size: int) -> Settings:
    """Return the settings for one rank."""
    model = Model(name=network, image_size=image_size)
    train = Train(
        descriptor="spot" if images_of(network) == 1 else "shaped",
        ranks=1,
        batch_size=batch_size,
        shuffle_crystals=WINDOW_STEPS * batch_size,
        epochs=1,
    )
    return make_settings(seed=SEED, split=Split(classes="all"), model=model, train=train)


def images_of(network: str) -> int:
    """Return how many images a network takes of a crystal."""
    return 3 if NETWORKS[network].takes == "three images" else 1


def make_dataset(folder: Path, crystals: int) -> dict[str, Any]:
    """Make dataset.zarr by the programs of the pipeline."""
    drawn = draw_crystals(None, crystals)
    write_crystals(folder / "block.jsonl.gz", drawn)
    write_settings(make_settings(), folder / "dataset.yaml")
    settings = f"--config={folder / 'dataset.yaml'}"
    raw, store = folder / "raw.h5", folder / "dataset.zarr"
    run_program(
        "simulate", f"--structures={folder / 'block.jsonl.gz'}", f"--output={raw}", settings
    )
    run_program("shape", f"--raw={raw}", f"--output={store}", settings)
    return {"source": "prototypes", "crystals": len(drawn)}


def measure(folder: Path, settings: Settings, steps: int) -> dict[str, Any]:
    """Run each of the processes once, one after the other."""
    config, result = folder / "train.yaml", folder / "result.json"
    data = [f"--dataset={folder / 'dataset.zarr'}", f"--config={config}", f"--result={result}"]
    found: dict[str, Any] = {}
    write_settings(settings, config)
    run_worker("input-alone", *data, f"--rounds={INPUT_EPOCHS}")
    found["input"] = json.loads(result.read_text())
    for ranks in RANKS:
        share = {"ranks": ranks, "batch_size": settings.train.batch_size // ranks}
        train = settings.train.model_copy(update=share)
        write_settings(settings.model_copy(update={"train": train}), config)
        arguments = ["training", *data, f"--steps={steps}"]
        if ranks == 1:
            run_worker(*arguments)
        else:
            run_ranks(ranks, *arguments)
        found[f"{ranks}_ranks"] = [
            json.loads(result.with_name(f"{result.name}.{rank}").read_text())
            for rank in range(ranks)
        ]
    write_settings(settings, config)
    run_worker("plain-fit", *data, f"--steps={steps}")
    found["plain_fit"] = json.loads(result.read_text())
    return found


def run_program(stage: str, *arguments: str) -> None:
    """Run a program of the pipeline, which prints no more than what is wrong."""
    run([sys.executable, str(ROOT / "scripts" / f"{stage}.py"), *arguments])


def run_worker(*arguments: str) -> None:
    """Run a process of measured_training.py."""
    run([sys.executable, str(WORKER), *arguments])


def run(command: Sequence[str]) -> None:
    """Run a command; what it prints is shown if it fails, which ends the benchmark."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        fail(done.stderr)


def run_ranks(ranks: int, *arguments: str) -> None:
    """Run a process of measured_training.py in several ranks, as scripts/train.py does."""
    printed: list[str] = []
    command = [sys.executable, str(WORKER), *arguments]
    try:
        launch_ranks(horovodrun(ranks), command, os.environ, printed.append)
    except UserError as error:
        fail("\n".join([*printed, str(error)]))


def fail(reason: str) -> NoReturn:
    """End the benchmark."""
    console.print(reason, markup=False, highlight=False, soft_wrap=True)
    raise SystemExit(1)


def summarise(settings: Settings, rounds: Sequence[dict[str, Any]], warm_up: int) -> dict[str, Any]:
    """Bring what all rounds found of a network together: medians, rates and ratios."""
    batch = settings.train.batch_size
    of_one_rank = rounds[0]["1_ranks"][0]
    flops = TRAINING_FLOPS * of_one_rank["forward_flops_of_a_crystal"]
    summary: dict[str, Any] = {
        "image_size": settings.model.image_size,
        "images_of_a_crystal": images_of(settings.model.name),
        "descriptor": settings.train.descriptor,
        "parameters": of_one_rank["parameters"],
        "training_gflop_of_a_crystal": flops / 1e9,
        "input_alone": {
            way: input_rates(
                [found["input"][way] for found in rounds], images_of(settings.model.name)
            )
            for way in ("streamed", "kept")
        },
        "training": {},
    }
    summary["input_alone"]["peak_memory_mb"] = max(f["input"]["peak_memory_mb"] for f in rounds)
    for ranks in RANKS:
        by_rank = [found[f"{ranks}_ranks"] for found in rounds]
        summary["training"][f"{ranks}_ranks"] = step_times(by_rank, batch, warm_up)
    fits = [found["plain_fit"] for found in rounds]
    fit_step, fit_cpu = (
        median(measured_steps((fit[kind] for fit in fits), warm_up)) for kind in ("steps", "cpu")
    )
    summary["plain_fit"] = {
        "step_ms": 1000 * fit_step,
        "crystals_per_second": batch / fit_step,
        "crystals_per_cpu_second": batch / fit_cpu,
        "peak_memory_mb": max(fit["peak_memory_mb"] for fit in fits),
    }
    trainings = summary["training"]
    rates = ("crystals_per_second", "crystals_per_cpu_second")
    summary["times_as_fast_as_plain_fit"] = {
        name: {rate: training[rate] / summary["plain_fit"][rate] for rate in rates}
        for name, training in trainings.items()
    }
    streamed = summary["input_alone"]["streamed"]
    alone = trainings["1_ranks"]["without_input"]
    summary["input_against_step"] = {
        "times_as_fast_as_the_step": {rate: streamed[rate] / alone[rate] for rate in rates},
        "step_gflop_per_second": flops * alone["crystals_per_second"] / 1e9,
        # Faster networks than these would wait for the input.
        "input_keeps_up_to": {
            "crystals_per_second": streamed["crystals_per_second"],
            "tflop_per_second": flops * streamed["crystals_per_second"] / 1e12,
            "crystals_per_second_and_core": streamed["crystals_per_cpu_second"],
            "tflop_per_second_and_core": flops * streamed["crystals_per_cpu_second"] / 1e12,
        },
    }
    return summary


def input_rates(rounds: Iterable[Sequence[dict[str, float]]], images: int) -> dict[str, float]:
    """Return the median rates of epochs in which batches were only taken."""
    epochs = [epoch for found in rounds for epoch in found]
    rate = median(epoch["crystals"] / epoch["seconds"] for epoch in epochs)
    cpu_rate = median(epoch["crystals"] / epoch["cpu_seconds"] for epoch in epochs)
    return {
        "crystals_per_second": rate,
        "images_per_second": images * rate,
        "crystals_per_cpu_second": cpu_rate,
        "images_per_cpu_second": images * cpu_rate,
    }


def step_times(
    rounds: Sequence[Sequence[dict[str, Any]]], batch: int, warm_up: int
) -> dict[str, Any]:
    """Return where a step's time goes, medians of rank 0; `rounds`: what each rank found."""
    first = [by_rank[0] for by_rank in rounds]
    waiting = measured_steps((found["waiting"] for found in first), warm_up)
    steps = measured_steps((found["steps"] for found in first), warm_up)
    whole = median(a + b for a, b in zip(waiting, steps, strict=True))
    cpu, step_alone, cpu_alone = (
        median(measured_steps(of_kind, warm_up))
        for of_kind in (
            [summed(by_rank, "cpu") for by_rank in rounds],
            [found["steps_on_one_batch"] for found in first],
            [summed(by_rank, "cpu_on_one_batch") for by_rank in rounds],
        )
    )
    allreduce = 0.0
    if len(rounds[0]) > 1:
        allreduce = median(measured_steps((found["allreduce"] for found in first), warm_up))
    return {
        "step_ms": 1000 * whole,
        "parts_ms": {
            "waiting_for_input": 1000 * median(waiting),
            "allreduce": 1000 * allreduce,
            "forward_backward_update": 1000 * (median(steps) - allreduce),
        },
        "longest_wait_for_input_ms": 1000 * max(waiting),
        "crystals_per_second": batch / whole,
        "crystals_per_cpu_second": batch / cpu,
        "without_input": {
            "step_ms": 1000 * step_alone,
            "crystals_per_second": batch / step_alone,
            "crystals_per_cpu_second": batch / cpu_alone,
        },
        "peak_memory_mb_of_ranks": [
            max(found["peak_memory_mb"] for found in of_rank)
            for of_rank in zip(*rounds, strict=True)
        ],
    }


def summed(by_rank: Sequence[dict[str, Any]], kind: str) -> list[float]:
    """Return the seconds of each step, summed over the ranks."""
    return [sum(of_step) for of_step in zip(*(found[kind] for found in by_rank), strict=True)]


def measured_steps(rounds: Iterable[Sequence[float]], warm_up: int) -> list[float]:
    """Return the seconds of all steps but those of each round's warm-up."""
    return [seconds for found in rounds for seconds in found[warm_up:]]


def table_of(results: dict[str, Any]) -> Table:
    """Summarise the results for the terminal."""
    networks = results["networks"]
    table = Table(title=f"train, {results['crystals_of_a_step']} crystals a step")
    table.add_column("measured")
    for name, found in networks.items():
        table.add_column(f"{name}, {found['image_size']} pixels", justify="right")
    for rows in zip(*(rows_of(found) for found in networks.values()), strict=True):
        table.add_row(rows[0][0], *(value for _, value in rows))
    return table


def rows_of(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what was measured of a network: captions and values."""
    rows = []
    for way in ("streamed", "kept"):
        rates = found["input_alone"][way]
        value = f"{rates['crystals_per_second']:.0f} ({rates['images_per_second']:.0f})"
        rows.append((f"input alone, {way}, crystals/s (images/s)", value))
    trainings = {f"{ranks} rank{'s' * (ranks > 1)}": f"{ranks}_ranks" for ranks in RANKS}
    for caption, key in trainings.items():
        training = found["training"][key]
        faster = found["times_as_fast_as_plain_fit"][key]
        rows += [
            (f"{caption}, crystals/s", f"{training['crystals_per_second']:.2f}"),
            ("  against plain fit", f"{faster['crystals_per_second']:.2f}"),
            ("  the same by CPU time", f"{faster['crystals_per_cpu_second']:.2f}"),
            ("  a step, ms", f"{training['step_ms']:.0f}"),
        ]
        rows += [
            (f"    {part.replace('_', ' ')}", f"{ms:.1f}")
            for part, ms in training["parts_ms"].items()
        ]
        rows += [
            ("  a step without input, ms", f"{training['without_input']['step_ms']:.0f}"),
            (
                "  peak memory of each rank, MB",
                ", ".join(f"{peak:.0f}" for peak in training["peak_memory_mb_of_ranks"]),
            ),
        ]
    limits = found["input_against_step"]["input_keeps_up_to"]
    times = found["input_against_step"]["times_as_fast_as_the_step"]
    return [
        *rows,
        ("plain fit, crystals/s", f"{found['plain_fit']['crystals_per_second']:.2f}"),
        ("  peak memory, MB", f"{found['plain_fit']['peak_memory_mb']:.0f}"),
        ("input alone against the step alone", f"{times['crystals_per_second']:.0f} times"),
        ("  the same by CPU time", f"{times['crystals_per_cpu_second']:.0f} times"),
        (
            "a core keeps up with, crystals/s (TFLOP/s)",
            f"{limits['crystals_per_second_and_core']:.0f} "
            f"({limits['tflop_per_second_and_core']:.1f})",
        ),
    ]


if __name__ == "__main__":
    typer.run(main)
