"""Say how long a run will take on this machine, and how much disk, before it starts."""

import time
from datetime import datetime, timedelta
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
import typer

from spacegrouper.backend import start_backend
from spacegrouper.contract.source import SOURCES, Reading
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.partial_download import PartialDownload
from spacegrouper.errors import UserError
from spacegrouper.programs.command_line import CORES, Config, progress, run_program
from spacegrouper.settings import Settings, load_settings

_SAMPLE = 24  # crystals that are simulated
_CLASSES = 72  # of a network, whose number hardly counts for the time
_BATCHES = 3  # that a network is trained on, after one that compiles


def main(
    config: Config,
    crystals: Annotated[
        int | None,
        typer.Option(min=1, help="of a source that is downloaded: how many there will be"),
    ] = None,
) -> None:
    """Estimate a run: crystals, time and disk.

    Some of its crystals are standardised and simulated, and a network is trained on some batches of
    random numbers, here and now; all else is in proportion. Crystals that would be downloaded are
    not: give their number, and crystals of prototypes are measured in their place.
    """
    settings = load_settings(config)
    if not settings.engine.crystals:
        raise UserError(
            f"{config}: `simulate.engine: {settings.engine.name}` simulates no crystals"
        )
    found = _crystals(settings, config, crystals)
    total = crystals or len(found)
    print(f"crystals    {total:,} from {settings.acquire.source}")
    each, size = _simulating(settings, found)
    simulating = total * each / CORES
    print(
        f"simulation  {each:.3g} s for a crystal, {CORES} cores: about {_span(simulating)}; "
        f"{size / 1e3:.3g} kB for each: about {total * size / 1e6:,.3g} MB"
    )
    training = _training(settings, total)
    whole = timedelta(seconds=ceil(simulating + training))
    print(
        f"in all      about {whole}, until {datetime.now() + whole:%d %b %H:%M} if it began now; "
        "less if training stops early, some minutes more to start programs and to draw figures"
    )


def _crystals(settings: Settings, config: Path, given: int | None) -> list[Crystal]:
    source, section = SOURCES[settings.acquire.source], settings.acquire
    if not source.local:
        if given is None:
            raise UserError(
                f"{config}: crystals of `acquire.source: {source.name}` are downloaded; say with "
                "--crystals how many there will be"
            )
        source = SOURCES["prototypes"]
        section = source.section()
    with TemporaryDirectory() as folder, progress("reading crystals", None) as advance:
        found = []
        reading = Reading(settings.seed, CORES, PartialDownload(Path(folder, "part")))
        for record in source.read(section, reading):
            advance(1)
            if isinstance(record, Crystal):
                found.append(record)
    if not found:
        raise UserError(f"{config}: `acquire` gives no crystal")
    return found


def _simulating(settings: Settings, found: list[Crystal]) -> tuple[float, float]:
    """Return the seconds of a core and the bytes on disk for a crystal."""
    from spacegrouper.crystals.standard_cell import standardise
    from spacegrouper.dataset.made_with import made_with
    from spacegrouper.dataset.raw_shard import labels_of, write_raw_shard

    places = np.linspace(0, len(found) - 1, min(_SAMPLE, len(found))).round().astype(int)
    begun = time.monotonic()
    sample = [
        crystal
        for place in places
        if isinstance(crystal := standardise(found[place], settings.standardise), Crystal)
    ]
    if not sample:
        raise UserError("none of the crystals can be standardised")
    standardising = time.monotonic() - begun
    # Compiles what is compiled.
    list(settings.engine.simulate(sample[:1], settings, 1))
    technique = settings.technique
    with (
        TemporaryDirectory() as folder,
        progress("simulating some of them", len(sample)) as advance,
    ):
        begun = time.monotonic()
        batches = list(settings.engine.simulate(sample, settings, 1))
        made = made_with(settings)
        for batch in batches:
            pixels = batch.values.shape[-1]
            shaped = {**made["settings"], **technique.record_derived(settings, pixels)}
            for raw in batch.values:
                technique.derive(raw, shaped)
                advance(1)
        taken = standardising + time.monotonic() - begun
        raw_shard = Path(folder, "raw.h5")
        write_raw_shard(raw_shard, labels_of(sample), batches, made)
        # Once as it is simulated, and once in the dataset, with what is derived of it.
        size = (2 + len(technique.derived)) * raw_shard.stat().st_size
    copies = 1 + technique.copies(settings)
    return copies * taken / len(places), copies * size / len(sample)


def _training(settings: Settings, crystals: int) -> float:
    """Return the seconds of a training that does not stop early, and say them; 0 without Keras."""
    if find_spec("keras") is None:
        print("training    not measured: Keras is not installed")
        return 0
    start_backend()
    import keras

    from spacegrouper.contract.network import build_model

    train = settings.train
    with progress("training some batches", _BATCHES + 1) as advance:
        model = build_model(_CLASSES, settings.model)
        network = keras.Model(model.inputs, model.outputs[0])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        network.compile("adam", loss)
        random = np.random.default_rng(0)
        shapes = [(train.batch_size, *each.shape[1:]) for each in model.inputs]
        images: Any = [random.random(shape, np.float32) for shape in shapes]
        labels = np.zeros(train.batch_size, np.int64)
        times = []
        for _ in range(_BATCHES + 1):
            begun = time.monotonic()
            network.train_on_batch(images, labels)
            times.append(time.monotonic() - begun)
            advance(1)
    each = min(times[1:])
    split, copies = settings.split, settings.technique.copies(settings)
    used = crystals * (1 + copies) * split.train * split.training_share
    batches = ceil(used / train.batch_size)
    epoch = each * batches
    print(
        f"training    {each:.3g} s for a batch of {train.batch_size}, {batches:,} batches: about "
        f"{_span(epoch)} an epoch, at most {train.epochs} epochs: {_span(epoch * train.epochs)}"
    )
    return epoch * train.epochs


def _span(seconds: float) -> str:
    return str(timedelta(seconds=ceil(seconds)))


if __name__ == "__main__":
    run_program(main)
