"""Train the network on the dataset, data-parallel over the ranks; resumes by itself."""

import importlib.util
import logging
import os
import re
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.backend import start_backend
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.folder_lock import locked
from spacegrouper.programs.command_line import Config, Store, log, progress, say
from spacegrouper.settings import Settings, load_settings
from spacegrouper.training.horovod_world import World, join_world, started_by_horovod
from spacegrouper.training.launching import Launcher, horovodrun, launch_ranks
from spacegrouper.training.slurm_ranks import become_rank, srun, started_by_srun
from spacegrouper.training.split import split_dataset, validation_groups

# Tells a rank that the process which started it holds the lock on the output folder.
LAUNCHED = "SPACEGROUPER_LAUNCHED"


def main(
    dataset: Store,
    config: Config,
    output: Annotated[Path, typer.Option(help="folder of the trained network; made if need be")],
    ranks: Annotated[
        int | None, typer.Option(min=1, help="processes, instead of the configuration's")
    ] = None,
) -> None:
    """Train the network on the dataset.

    Reads patterns and space groups from DATASET. Writes to OUTPUT: model.keras (the weights of
    the best epoch), labels.json, history.csv, settings.yaml and split.csv; besides, after every
    epoch, checkpoint.npz, from which the same command goes on if it was stopped, and
    TensorBoard's logs.
    """
    settings = load_settings(config)
    if started_by_srun(os.environ):
        become_rank(os.environ)
    if started_by_horovod():
        train_as_rank(dataset, settings, output)
        return
    wanted = ranks or settings.train.ranks
    if wanted > 1 and importlib.util.find_spec("horovod") is None:
        log.warning("Horovod is not installed: training in 1 process instead of %d", wanted)
        wanted = 1
    # Found here, a mistake is reported once and not by every rank.
    split = split_dataset(Dataset(dataset), settings.split, settings.seed)
    if settings.train.rotation_epochs:
        validation_groups(split, settings.split, settings.seed)
    launcher = None
    if wanted > 1:
        by_srun = settings.train.launcher == "srun"
        launcher = srun(wanted, os.environ) if by_srun else horovodrun(wanted)
    with locked(output / ".lock"):
        # Ranks may outlive the process that started them by some seconds.
        with locked(output / ".ranks.lock"):
            pass
        if launcher is None:
            start_backend()
            with progress("training", settings.train.epochs) as advance:
                run_training(dataset, settings, output, join_world(), advance)
        else:
            arguments = [f"--dataset={dataset}", f"--config={config}", f"--output={output}"]
            launch(
                launcher,
                [sys.executable, "-m", "spacegrouper", "train", *arguments],
                settings.train.epochs,
            )


def launch(launcher: Launcher, command: list[str], epochs: int) -> None:
    """Train in several processes, passing on what they print."""
    with progress("training", epochs) as advance:
        done = 0

        def show_line(line: str) -> None:
            nonlocal done
            say(line)
            if match := re.search(r"epoch (\d+) of \d+", line):
                advance(int(match[1]) - done)
                done = int(match[1])

        launch_ranks(launcher, command, os.environ | {LAUNCHED: "1"}, show_line)


def train_as_rank(dataset: Path, settings: Settings, output: Path) -> None:
    """Train as one of the processes that horovodrun or srun has started."""
    start_backend()
    world = join_world()
    if world.rank > 0:
        log.setLevel(logging.WARNING)
    locked_already = world.rank > 0 or LAUNCHED in os.environ
    with (
        nullcontext() if locked_already else locked(output / ".lock"),
        locked(output / ".ranks.lock", shared=True),
    ):
        run_training(dataset, settings, output, world, lambda epochs: None)


def run_training(
    dataset: Path, settings: Settings, output: Path, world: World, advance: Callable[[int], None]
) -> None:
    """Prepare TensorFlow and train; the settings kept are those with the ranks there are."""
    from spacegrouper.training.devices import prepare_backend
    from spacegrouper.training.trainer import train

    prepare_backend(world)
    train_settings = settings.train.model_copy(update={"ranks": world.size})
    train(dataset, settings.model_copy(update={"train": train_settings}), output, world, advance)
