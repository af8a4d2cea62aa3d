"""From crystals, or their patterns, to what the network answers.

The network is shown the same images, and gives the same answer, as if the crystal had gone through
the whole pipeline.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import DESCRIPTORS, Arrays, Levels
from spacegrouper.contract.measured_files import AlikeCrystal, Comparison, Measured
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.symmetry import (
    crystal_systems,
    extinction_class_members,
    extinction_classes,
)
from spacegrouper.errors import UserError
from spacegrouper.evaluation.predictions import class_logits, probabilities
from spacegrouper.prediction.guesses import Guess, most_probable
from spacegrouper.prediction.trained_model import TrainedModel

SPACE_GROUPS = np.arange(1, 231)

_OF_SIMULATIONS = (
    "the network was trained and calibrated on simulated measurements; of real ones fewer answers "
    "are right than the probabilities say"
)


@dataclass(frozen=True)
class Answer:
    """What the network says of a crystal, and what it saw.

    Args:
        name: of the input.
        guesses: the five most probable classes, the first first.
        between: the fewest classes that have 90 % of the probability together.
        crystal_system, extinction_class: of networks that name space groups, the most probable
            ones (of an extinction class all its space groups, ascending), each with the sum of the
            probabilities of its space groups; otherwise none.
        crystal: in its standard cell; none if only patterns were given.
        arrays: what was measured of the crystal, by name, as a dataset has it: `raw` (views, y, x).
        seen: what the network took, in the order of its inputs: images (size, size, channels), 0
            to 1, curves (points, 1), grids of reflections or plain numbers.
        notes: of a measurement, what was assumed of it and done to it.
        measured: whether a file of an instrument was given.
        distance: from what the network was trained on, see evaluation/distance.py; none where the
            model's folder does not say it.
        alike: known crystals that a measurement is like, the most alike first.
        differs: how a measurement differs from all that the network was trained on, or "".
        warning: of what known crystals say: why the probabilities mean little, or "".
    """

    name: str
    guesses: tuple[Guess, ...]
    between: tuple[Guess, ...]
    crystal_system: tuple[str, float] | None
    extinction_class: tuple[tuple[int, ...], float] | None
    crystal: Crystal | None
    arrays: Arrays
    seen: tuple[NDArray[np.float32], ...]
    notes: tuple[str, ...] = ()
    measured: bool = False
    distance: float | None = None
    alike: tuple[AlikeCrystal, ...] = ()
    differs: str = ""
    warning: str = ""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why the probabilities of a measurement mean little."""
        return tuple(filter(None, (self.differs, self.warning)))

    @property
    def space_group(self) -> int | None:
        """The number of the space group that spglib finds, where a structure was given."""
        return None if self.crystal is None else int(self.crystal.metadata["spacegroup"])


def answer_crystals(
    crystals: Sequence[Crystal], model: TrainedModel, threads: int
) -> list[Answer | Rejection]:
    """Simulate crystals, which are in their standard cells, and let the network name them.

    In their order; one that cannot be simulated is a Rejection. Raises UserError for a network of a
    technique that cannot be simulated here.
    """
    if not crystals:
        return []
    arrays, reasons = _simulate(crystals, model, threads)
    named = [place for place, reason in enumerate(reasons) if not reason]
    ids = [crystals[place].id for place in named]
    answers = iter(_answer(ids, {name: of[named] for name, of in arrays.items()}, model))
    return [
        Rejection(crystal.id, "simulate", reason)
        if reason
        else replace(next(answers), crystal=crystal)
        for crystal, reason in zip(crystals, reasons, strict=True)
    ]


def answer_patterns(
    names: Sequence[str], raw: Levels, model: TrainedModel
) -> list[Answer | Rejection]:
    """Let the network name the crystals that patterns are of; (n, views, y, x), grey levels."""
    shown = model.labels.presentation
    unclear = DESCRIPTORS[shown.descriptor].unclear
    # Whether images are simulated or measured nobody says.
    return [
        Rejection(answer.name, "read", reason)
        if (reason := unclear(shown, answer.arrays))
        else replace(answer, notes=(_OF_SIMULATIONS,))
        for answer in _answer(names, {"raw": raw}, model)
    ]


def answer_measured(items: Sequence[Measured], model: TrainedModel) -> list[Answer]:
    """Let the network, and known crystals where it has any, name what was measured."""
    if not items:
        return []
    inputs = _inputs_of(items)
    logits = class_logits(model.network, inputs)
    compared: list[Comparison | None] = [None] * len(items)
    files = model.labels.technique.measured
    if files is not None and model.labels.label == "spacegroup":
        made_with = model.labels.presentation.made_with
        compared = [
            files.compare(model.folder, item.arrays, made_with, shares)
            for item, shares in zip(items, _of_space_groups(logits, model), strict=True)
        ]
    arrays = [
        {**item.arrays, **(comparison.arrays if comparison else {})}
        for item, comparison in zip(items, compared, strict=True)
    ]
    answers = _named_by_network([item.name for item in items], arrays, inputs, logits, model)
    return [
        replace(
            answer if comparison is None else _with_comparison(answer, comparison),
            measured=True,
            differs=item.differs,
            notes=(*item.notes, *_notes_of(comparison)),
        )
        for answer, item, comparison in zip(answers, items, compared, strict=True)
    ]


def _notes_of(comparison: Comparison | None) -> list[str]:
    """Return what is to be said of the probabilities."""
    if comparison is None:
        return [_OF_SIMULATIONS]
    return [comparison.note] if comparison.note else []


def shares_of_space_groups(items: Sequence[Measured], model: TrainedModel) -> NDArray[np.float64]:
    """Return the network's own probabilities of the 230 space groups, (n, 230)."""
    return _of_space_groups(class_logits(model.network, _inputs_of(items)), model)


def _inputs_of(items: Sequence[Measured]) -> list[NDArray[np.float32]]:
    return [np.stack(of) for of in zip(*(item.inputs for item in items), strict=True)]


def _of_space_groups(logits: NDArray[np.float64], model: TrainedModel) -> NDArray[np.float64]:
    found = np.zeros((len(logits), len(SPACE_GROUPS)))
    found[:, model.labels.classes.astype(np.int64) - 1] = probabilities(
        logits, model.temperature or 1.0
    )
    return found


def _with_comparison(answer: Answer, comparison: Comparison) -> Answer:
    guesses, between = most_probable("spacegroup", SPACE_GROUPS, comparison.shares)
    system, extinction_class = _most_probable_kinds(SPACE_GROUPS, comparison.shares)
    return replace(
        answer,
        guesses=guesses,
        between=between,
        crystal_system=system,
        extinction_class=extinction_class,
        alike=comparison.alike,
        warning=comparison.warning,
    )


def _simulate(
    crystals: Sequence[Crystal], model: TrainedModel, threads: int
) -> tuple[Arrays, list[str]]:
    """Return what is measured of crystals, `raw` and others, and why there is nothing, or ""."""
    engine = model.settings.engine
    if not engine.crystals:
        raise UserError(
            f"{model.folder}: the network was trained on {model.labels.technique.measures} that "
            f"`simulate.engine: {engine.name}` brings, and not on simulations; no structure can be "
            "shown to it"
        )
    parts = list(engine.simulate(crystals, model.settings, threads))
    reasons = [reason for part in parts for reason in part.reasons]
    arrays = {"raw": np.concatenate([part.values for part in parts])}
    for name in model.labels.technique.further:
        arrays[name] = np.concatenate([part.further[name] for part in parts])
    return arrays, reasons


def _answer(names: Sequence[str], measured: Arrays, model: TrainedModel) -> list[Answer]:
    if len(names) == 0:
        return []
    shown = model.labels.presentation
    arrays = {**measured, **model.labels.technique.derive(measured["raw"], shown.made_with)}
    images = shown.compose(arrays, names)
    of_each = [{key: of[row] for key, of in arrays.items()} for row in range(len(names))]
    return _named_by_network(names, of_each, images, class_logits(model.network, images), model)


def _named_by_network(
    names: Sequence[str],
    arrays: Sequence[Arrays],
    images: list[NDArray[np.float32]],
    logits: NDArray[np.float64],
    model: TrainedModel,
) -> list[Answer]:
    shares = probabilities(logits, model.temperature or 1.0)
    known = model.training_distance
    distances = known.of(logits).tolist() if known else [None] * len(names)
    answers = []
    for place, name in enumerate(names):
        guesses, between = most_probable(model.labels.label, model.labels.classes, shares[place])
        system, extinction_class = None, None
        if model.labels.label == "spacegroup":
            numbers = model.labels.classes.astype(np.int64)
            system, extinction_class = _most_probable_kinds(numbers, shares[place])
        answers.append(
            Answer(
                name=name,
                guesses=guesses,
                between=between,
                crystal_system=system,
                extinction_class=extinction_class,
                crystal=None,
                arrays=arrays[place],
                seen=tuple(image[place] for image in images),
                distance=distances[place],
            )
        )
    return answers


def _most_probable_kinds(
    numbers: NDArray[np.int64], shares: NDArray[np.float64]
) -> tuple[tuple[str, float], tuple[tuple[int, ...], float]]:
    """Return the crystal system and the extinction class of space groups and their shares."""
    system, of_system = _most_probable(crystal_systems(numbers), shares)
    # Nobody knows which axes a crystal's symbol is written in before the space group is known.
    classes = extinction_classes(numbers, axes="any order")
    smallest, of_class = _most_probable(classes, shares)
    members = extinction_class_members(int(smallest), axes="any order")
    return (str(system), of_system), (members, of_class)


def _most_probable(kinds: NDArray[Any], shares: NDArray[np.float64]) -> tuple[Any, float]:
    """Return the kind of classes whose probabilities (C,) have the largest sum, and the sum."""
    found, kind = np.unique(kinds, return_inverse=True)
    sums = np.bincount(kind, weights=shares)
    return found[sums.argmax()], float(min(sums.max(), 1.0))
