"""Many inputs of any kind, one answer or one reason for each: what scripts/predict.py is asked."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from spacegrouper.contract.technique import Measured
from spacegrouper.crystals.cif_text import path_text
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.text_files import content_of, unpacked
from spacegrouper.errors import UserError
from spacegrouper.prediction.answers import (
    Answer,
    answer_crystals,
    answer_measured,
    answer_patterns,
)
from spacegrouper.prediction.pattern_files import (
    Patterns,
    holds_patterns,
    read_images,
    read_pattern_file,
)
from spacegrouper.prediction.structure_files import MAXIMUM_BYTES, read_standard_crystals
from spacegrouper.prediction.trained_model import TrainedModel

# Crystals in memory at a time, with their patterns and images.
_BATCH = 32

Input = Crystal | Patterns | Measured | Rejection


def read_input(path: Path, model: TrainedModel, wavelength: float | None = None) -> Iterator[Input]:
    """Read the crystals of a structure file, in their standard cells, or what was measured.

    Args:
        path: of a structure file, of patterns or of an instrument's file.
        model: the network that is to answer.
        wavelength: of such a measurement, Angstrom.
    """
    name = path_text(path)
    try:
        if measured := _read_measured(path, name, model, wavelength):
            yield measured
            return
        if holds_patterns(path):
            _check_patterns_are_taken(model)
            yield from read_pattern_file(path, model.settings.simulate)
        else:
            yield from read_standard_crystals(path, model.settings.standardise)
    except UserError as error:
        yield _rejection(name, error)
    except OSError as error:
        yield Rejection(name, "read", f"cannot be read: {error.strerror}")


def read_views(paths: Sequence[Path], model: TrainedModel) -> Input:
    """Read the patterns of one crystal from an image for each view; named by all of them."""
    name = " ".join(map(path_text, paths))
    try:
        _check_patterns_are_taken(model)
        return Patterns(name, read_images(paths, model.settings.simulate))
    except UserError as error:
        return _rejection(name, error)


def answer_inputs(
    inputs: Iterable[Input], model: TrainedModel, threads: int
) -> Iterator[Answer | Rejection]:
    """Yield the answer to each input in their order; what was or is rejected stays a Rejection.

    Raises UserError as `answer_crystals` and `answer_patterns` do.
    """
    remaining = iter(inputs)
    while batch := list(islice(remaining, _BATCH)):
        crystals = [item for item in batch if isinstance(item, Crystal)]
        patterns = [item for item in batch if isinstance(item, Patterns)]
        of_crystals = iter(answer_crystals(crystals, model, threads))
        of_measured = iter(
            answer_measured([item for item in batch if isinstance(item, Measured)], model)
        )
        of_patterns = iter(
            answer_patterns(
                [item.name for item in patterns], np.stack([item.raw for item in patterns]), model
            )
            if patterns
            else ()
        )
        for item in batch:
            if isinstance(item, Rejection):
                yield item
            else:
                answers = {Crystal: of_crystals, Measured: of_measured}
                yield next(answers.get(type(item), of_patterns))


def _read_measured(
    path: Path, name: str, model: TrainedModel, wavelength: float | None
) -> Measured | None:
    """Return what an instrument's file holds, if the network takes it; none for other files."""
    files = model.labels.technique.measured
    if files is None or not path.is_file():
        return None
    content = unpacked(content_of(path, MAXIMUM_BYTES), MAXIMUM_BYTES, name)
    if not files.recognises(content, name):
        return None
    return files.read(content, name, model.labels.presentation, wavelength)


def _check_patterns_are_taken(model: TrainedModel) -> None:
    technique = model.labels.technique
    if not technique.images:
        raise UserError(
            f"images, but the network was trained on {technique.measures}; give structures"
        )


def _rejection(name: str, error: UserError) -> Rejection:
    return Rejection(name, "read", str(error).removeprefix(f"{name}: "))
