"""An answer in one sentence: what comes first wherever an answer is shown."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from spacegrouper.crystals.class_names import space_group_symbol
from spacegrouper.crystals.symmetry import extinction_class_members
from spacegrouper.figures.shares import percent
from spacegrouper.prediction.descriptions import means_little
from spacegrouper.prediction.guesses import enantiomorphs, joined, undecided

if TYPE_CHECKING:
    from spacegrouper.prediction.answers import Answer
    from spacegrouper.prediction.list_answers import ListAnswer
    from spacegrouper.prediction.micrographs import MicrographAnswer
    from spacegrouper.prediction.trained_model import TrainedModel

# The least calibrated probability that is called so.
CHANCES = {
    0.99: "almost certain",
    0.9: "very likely",
    0.66: "likely",
    0.5: "more likely than not",
}


def network_verdict(answer: "Answer", model: "TrainedModel", threshold: float | None = None) -> str:
    """Return a network's answer in one sentence. `threshold`: as of `undecided`."""
    # Enantiomorphic groups may come first together, and neither of them alone.
    found, best = answer.space_group, answer.between[0]
    if found is not None and model.knows(found) is False:
        return (
            f"This network does not know {_group(found)}, which spglib finds in the structure: "
            "none of the space groups that it names is right."
        )
    if reason := undecided(answer.between, threshold):
        return f"Not decided: {reason}."
    numbers = enantiomorphs(int(best.value)) if model.labels.label == "spacegroup" else []
    name = " or ".join(map(_group, numbers)) or best.name
    if means_little(answer, model):
        known = "is known" if answer.warning else "the network was trained on"
        return f"Not certain at all, as this is unlike all that {known}: {name} is the nearest."
    share = sum(guess.probability for guess in answer.between if guess.value in numbers)
    share = share or best.probability
    if model.temperature is None:
        likely = f"{name}, at {percent(share)}, which is not calibrated"
    else:
        likely = f"{name}, {chance(share)}"
    if not numbers:
        return f"{likely}."
    if found is None or found in numbers:
        return f"{likely}; {_alike(numbers)}."
    same = found in extinction_class_members(numbers[0], "any order")
    relation = "which diffraction cannot tell from it by symmetry" if same else "another one"
    return (
        f"{likely}, by {model.labels.technique.measures} alone; but spglib finds {_group(found)} "
        f"in the structure, {relation}."
    )


def list_verdict(answer: "ListAnswer", threshold: float | None = None) -> str:
    """Return what a list of reflections says in one sentence. `threshold`: as of `undecided`."""
    if reason := undecided(answer.between, threshold):
        return f"Not decided: {reason}."
    numbers = enantiomorphs(answer.ranking.groups[0].number)
    names = " or ".join(map(_group, numbers))
    return f"{names}, {chance(answer.ranking.groups[0].probability)}; {_alike(numbers)}."


def micrograph_verdict(answer: "MicrographAnswer", threshold: float | None = None) -> str:
    """Return what micrographs say in one sentence. `threshold`: as of `undecided`."""
    if answer.ranked is None:
        shown = answer.given.patterns[0].symmetry.name
        return f"No space group without the cell (--cell); the zone has the symmetry {shown}."
    if reason := undecided(answer.ranked.between, threshold):
        return f"Not decided: {reason}."
    names = " or ".join(map(_group, enantiomorphs(answer.ranked.ranking.groups[0].number)))
    share = percent(answer.ranked.ranking.groups[0].probability)
    return f"No space group is certain from zones; {names} is the first, at {share}."


def chance(probability: float) -> str:
    """Return a calibrated probability in words, such as `very likely`."""
    for least, words in CHANCES.items():
        if probability >= least:
            return words
    return f"but at {percent(probability)} only"


def _group(number: int) -> str:
    return f"{space_group_symbol(number)} ({number})"


def _alike(numbers: Sequence[int]) -> str:
    """Say which other space groups look alike in diffraction."""
    it = "it" if len(numbers) == 1 else "them"
    others = [
        space_group_symbol(number)
        # Of Pna2₁ in other axes, the absences are those of Pnma.
        for number in extinction_class_members(numbers[0], "any order")
        if number not in numbers
    ]
    if others:
        return f"diffraction cannot tell {it} by symmetry from {joined(others, 'and')}"
    return f"diffraction tells {it} by symmetry from all others"
