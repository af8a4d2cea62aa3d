"""The most probable classes of an answer, and whether they decide anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.class_names import class_name
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


def most_probable(
    label: str, classes: NDArray[Any], shares: NDArray[np.float64]
) -> tuple[tuple[Guess, ...], tuple[Guess, ...]]:
    """Return the most probable classes, and the fewest that have 90 % together, the first first.

    Args:
        label: what is told apart, such as `spacegroup`.
        classes: (C,).
        shares: (C,), their probabilities.
    """
    # Of equally probable classes the one with the smaller label comes first, as in the scores.
    order = np.argsort(-shares, kind="stable")
    enough = int(np.searchsorted(np.cumsum(shares[order]), TOGETHER * shares.sum() - 1e-9)) + 1
    named = [
        Guess(value, class_name(label, value), float(share))
        for value, share in zip(
            classes[order].tolist()[: max(enough, GUESSES)], shares[order], strict=False
        )
    ]
    return tuple(named[:GUESSES]), tuple(named[:enough])


def undecided(between: Sequence[Guess], threshold: float | None) -> str:
    """Return why an answer decides nothing, and between which classes it lies; or ""."""
    if threshold is None or between[0].probability >= threshold:
        return ""
    names = [guess.name for guess in between[:_MOST_NAMED]]
    if len(between) > _MOST_NAMED:
        names.append(f"{len(between) - _MOST_NAMED} others")
    together = percent(sum(guess.probability for guess in between))
    best = between[0]
    said = f"{best.name} has {percent(best.probability)}, below the threshold {percent(threshold)}"
    if len(names) == 1:
        return said
    return f"{said}; it lies between {joined(names, 'and')}, {together} together"


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
