"""What is printed of an answer: the same facts as words for people and as JSON for programs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spacegrouper.crystals.class_names import class_name, short_symbol
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.formula import formula_unit
from spacegrouper.crystals.symmetry import extinction_class_members
from spacegrouper.prediction.guesses import decision_record, percent, undecided

if TYPE_CHECKING:
    from spacegrouper.prediction.answers import Answer
    from spacegrouper.prediction.trained_model import TrainedModel


def title(answer: "Answer") -> str:
    """Return the name of an input and, of a structure, its formula and the atoms in its cell."""
    if answer.crystal is None:
        return answer.name
    atoms = len(answer.crystal.species)
    formula = formula_unit(answer.crystal)
    return f"{answer.name}: {formula}, {atoms} atom{'s' * (atoms > 1)} in the cell"


def facts(
    answer: "Answer", model: "TrainedModel", threshold: float | None = None
) -> list[tuple[str, str]]:
    """Return what is known beside the most probable classes, as headings and their texts.

    `threshold`: the probability below which the best class decides nothing.
    """
    rows = []
    if reason := undecided(answer.between, threshold):
        rows.append(("not decided", reason))
    if warning := _unlike_training(answer, model):
        rows.append(("warning", warning))
    if answer.crystal_system is not None:
        name, share = answer.crystal_system
        rows.append(("crystal system", f"{name}, {percent(share)}"))
    if answer.extinction_class is not None:
        members, share = answer.extinction_class
        rows.append(("extinction class", f"{listed(members)}, {percent(share)}"))
    if answer.crystal is not None:
        rows.append(("spglib finds", _found(answer.crystal, model)))
    rows += [("measured", note) for note in answer.notes]
    rows.append(("probabilities", calibration(model)))
    return rows


def calibration(model: "TrainedModel") -> str:
    """Tell whether the network's probabilities can be taken at their word."""
    if model.temperature is None:
        return "not calibrated: the network may be too sure (docs/evaluation.md)"
    return f"calibrated, at temperature {model.temperature:.2f}"


def answer_record(
    answer: "Answer", model: "TrainedModel", threshold: float | None = None
) -> dict[str, Any]:
    """Return an answer as JSON, with the keys that docs/prediction.md describes."""
    numbered = model.labels.label == "spacegroup"
    return {
        "input": answer.name,
        "answers": [
            {
                "rank": rank,
                "class": guess.value,
                "symbol": short_symbol(int(guess.value)) if numbered else None,
                "probability": guess.probability,
            }
            for rank, guess in enumerate(answer.guesses, start=1)
        ],
        "decision": decision_record(answer.between, threshold),
        "training_distance": _distance_record(answer, model),
        "crystal_system": answer.crystal_system
        and {"name": answer.crystal_system[0], "probability": answer.crystal_system[1]},
        "extinction_class": answer.extinction_class
        and {
            "space_groups": list(answer.extinction_class[0]),
            "probability": answer.extinction_class[1],
        },
        "notes": list(answer.notes),
        "structure": answer.crystal and _structure_record(answer.crystal, model),
    }


def model_record(model: "TrainedModel") -> dict[str, Any]:
    """Return what programs may want to know of the network, as JSON."""
    return {
        "folder": str(model.folder),
        "label": model.labels.label,
        "classes": model.labels.classes.tolist(),
        "technique": model.labels.technique.name,
        "descriptor": model.labels.presentation.descriptor,
        "calibrated": model.temperature is not None,
        "temperature": model.temperature,
    }


def _unlike_training(answer: "Answer", model: "TrainedModel") -> str:
    """Return a warning of an input that is far from what the network was trained on; or ""."""
    known = model.training_distance
    if known is None or answer.distance is None or not known.is_far(answer.distance):
        return ""
    return (
        "unlike the crystals that the network was trained on: its answer is farther "
        f"({answer.distance:.2f}) from those to every class than 99 % of the validation crystals' "
        f"({known.limit:.2f}), so its probabilities mean little"
    )


def _distance_record(answer: "Answer", model: "TrainedModel") -> dict[str, Any] | None:
    known = model.training_distance
    if known is None or answer.distance is None:
        return None
    return {
        "distance": answer.distance,
        "limit": known.limit,
        "far": known.is_far(answer.distance),
    }


def _structure_record(crystal: Crystal, model: "TrainedModel") -> dict[str, Any]:
    number = int(crystal.metadata["spacegroup"])
    return {
        "formula": formula_unit(crystal),
        "sites": len(crystal.species),
        "prototype": crystal.metadata["prototype"],
        "spglib": {
            "spacegroup": number,
            "symbol": short_symbol(number),
            "crystal_system": crystal.metadata["crystal_system"],
            "extinction_class": list(extinction_class_members(number)),
            "symprec": model.settings.standardise.symprec,
            "known_to_network": _is_known(number, model),
        },
        "stated_spacegroup": crystal.metadata.get("stated_spacegroup"),
    }


def _found(crystal: Crystal, model: "TrainedModel") -> str:
    number = int(crystal.metadata["spacegroup"])
    text = (
        f"{class_name('spacegroup', number)}, {crystal.metadata['crystal_system']}, "
        f"within {model.settings.standardise.symprec:g} Å"
    )
    stated = crystal.metadata.get("stated_spacegroup", number)
    if stated != number:
        text += f"; the file says {class_name('spacegroup', stated)}"
    if _is_known(number, model) is False:
        text += (
            f"; the network was not trained on this one, but on {len(model.labels.classes)} "
            "others: it cannot be right"
        )
    return text


def _is_known(number: int, model: "TrainedModel") -> bool | None:
    """Tell whether the network can name a space group; nothing if it names something else."""
    if model.labels.label != "spacegroup":
        return None
    return bool((model.labels.classes == number).any())


def listed(space_groups: Sequence[int]) -> str:
    """Name the space groups of an extinction class."""
    names = [class_name("spacegroup", number) for number in space_groups]
    if len(names) == 1:
        return f"{names[0]} alone"
    return f"{', '.join(names[:-1])} or {names[-1]}, alike in symmetry and extinctions"
