"""The most probable classes of an answer, and whether they decide anything."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.class_names import class_name
from spacegrouper.crystals.identity import ENANTIOMORPHIC
from spacegrouper.crystals.symmetry import extinction_class_members
from spacegrouper.figures.shares import percent

GUESSES = 5
TOGETHER = 0.9  # of the probability, of the classes that an answer lies between

_MOST_NAMED = 10


@dataclass(frozen=True)
class Guess:
    """One of the most probable classes: a space-group number or a text, and how it is printed."""

    value: int | str
    name: str
    probability: float


def enantiomorphs(number: int) -> list[int]:
    """Return, ascending, a space group and its enantiomorph: they look the same (Friedel's law)."""
    if number not in ENANTIOMORPHIC:
        return [number]
    return [mate for mate in extinction_class_members(number) if mate in ENANTIOMORPHIC]


def most_probable(
    label: str, classes: NDArray[Any], shares: NDArray[np.float64]
) -> tuple[tuple[Guess, ...], tuple[Guess, ...]]:
    """Return the most probable classes, and the fewest that have 90 % together, the first first.

    Of the latter, enantiomorphic space groups stand together, in the place of their sum.

    Args:
        label: what is told apart, such as `spacegroup`.
        classes: (C,).
        shares: (C,), their probabilities.
    """
    # Of equally probable classes the one with the smaller label comes first, as in the scores.
    order = np.argsort(-shares, kind="stable").tolist()
    values = classes.tolist()
    answers: dict[int | str, list[int]] = {}
    for place in order:
        answers.setdefault(_answer_of(values[place])[0], []).append(place)
    summed = sorted(answers.values(), key=lambda places: -float(shares[places].sum()))
    sums = np.cumsum([shares[places].sum() for places in summed])
    enough = int(np.searchsorted(sums, TOGETHER * shares.sum() - 1e-9)) + 1

    def named(places: Iterable[int]) -> tuple[Guess, ...]:
        return tuple(
            Guess(values[place], class_name(label, values[place]), float(shares[place]))
            for place in places
        )

    return named(order[:GUESSES]), named(chain.from_iterable(summed[:enough]))


def undecided(between: Sequence[Guess], threshold: float | None) -> str:
    """Return why an answer decides nothing, and between which classes it lies; or "".

    Enantiomorphic space groups are one answer, with the sum of their probabilities.
    """
    if threshold is None:
        return ""
    answers = {
        answer: sum(guess.probability for guess in guesses)
        for answer, guesses in groupby(between, lambda guess: _answer_of(guess.value))
    }
    share, together = next(iter(answers.values())), sum(answers.values())
    if share >= threshold:
        return ""
    names = [" or ".join(map(_name, answer)) for answer in answers]
    said = f"{names[0]} has {percent(share)}, below the threshold {percent(threshold)}"
    if len(names) == 1:
        return said
    if len(names) > _MOST_NAMED:
        names[_MOST_NAMED:] = [f"{len(names) - _MOST_NAMED} others"]
    return f"{said}; it lies between {joined(names, 'and')}, {percent(together)} together"


def _answer_of(value: int | str) -> tuple[int | str, ...]:
    """Return all classes that are one answer with a class: those of a number are space groups."""
    return tuple(enantiomorphs(value)) if isinstance(value, int) else (value,)


def _name(value: int | str) -> str:
    return class_name("spacegroup", value) if isinstance(value, int) else value


def joined(names: Sequence[str], word: str) -> str:
    """Return names with commas between them, and a word before the last: `a, b and c`."""
    return f" {word} ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def decision_record(between: Sequence[Guess], threshold: float | None) -> dict[str, Any] | None:
    """Return as JSON whether an answer decides; nothing where no threshold was asked for."""
    if threshold is None:
        return None
    return {
        "threshold": threshold,
        "decided": not undecided(between, threshold),
        "between": [{"class": guess.value, "probability": guess.probability} for guess in between],
    }
