"""What is printed of an answer: the same facts as words for people and as JSON for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from spacegrouper.contract.measured_files import AlikeCrystal
from spacegrouper.crystals.class_names import class_name, short_symbol
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.formula import formula_unit, printed_formula, with_subscripts
from spacegrouper.crystals.symmetry import extinction_class_members
from spacegrouper.figures.shares import percent
from spacegrouper.prediction.guesses import decision_record, joined

if TYPE_CHECKING:
    from spacegrouper.prediction.answers import Answer
    from spacegrouper.prediction.trained_model import TrainedModel


_WITH_KNOWN = (
    "of the network and the known crystals together, calibrated on simulated measurements of "
    "crystals that were not among the known ones"
)
_NOT_OF_IT = "none of the right space group, which is not among the classes of the network"


def title(answer: "Answer") -> str:
    """Return the name of an input and, of a structure, its formula and the atoms in its cell."""
    if answer.crystal is None:
        return answer.name
    atoms = len(answer.crystal.species)
    formula = printed_formula(answer.crystal)
    return f"{answer.name}: {formula}, {atoms} atom{'s' * (atoms > 1)} in the cell"


def facts(answer: "Answer", model: "TrainedModel") -> list[tuple[str, str]]:
    """Return what is known beside the most probable classes, as headings and their texts.

    Of a structure, what its atoms, its file and its diffraction say of the space group come first.
    """
    rows = []
    if warning := _unlike_training(answer, model):
        rows.append(("warning", warning))
    rows += [("warning", text) for text in answer.warnings]
    if answer.crystal is not None:
        rows += _by_structure(answer.crystal, model)
    # Sums of probabilities that say nothing if the true class has none.
    of = "" if is_known(answer, model) else " of its answer"
    if answer.extinction_class is not None:
        members, share = answer.extinction_class
        heading = "extinction class" if answer.crystal is None else "diffraction alone"
        rows.append((heading, f"{listed(members)}, {percent(share)}{of}"))
    if answer.crystal_system is not None:
        name, share = answer.crystal_system
        rows.append(("crystal system", f"{name}, {percent(share)}{of}"))
    rows += [("like", _alike_in_words(crystal)) for crystal in answer.alike]
    rows += [("measured", note) for note in answer.notes]
    rows.append(("probabilities", _of_answer(answer, model) if not of else _NOT_OF_IT))
    return rows


def is_known(answer: "Answer", model: "TrainedModel") -> bool:
    """Tell whether the network may be right: whether it knows the space group of a structure."""
    return answer.space_group is None or model.knows(answer.space_group) is not False


def heading_of_guesses(answer: "Answer", model: "TrainedModel") -> str:
    """Return what stands above the most probable classes where they are not what they seem."""
    if is_known(answer, model):
        return ""
    return f"Nearest of the {len(model.labels.classes)} that it knows; shares are of its answer"


def calibration(model: "TrainedModel") -> str:
    """Tell whether the network's probabilities can be taken at their word."""
    if model.temperature is None:
        return "not calibrated: the network may be too sure (docs/evaluation.md)"
    return f"calibrated, at temperature {model.temperature:.2f}"


def _of_answer(answer: "Answer", model: "TrainedModel") -> str:
    return _WITH_KNOWN if answer.alike else calibration(model)


def _alike_in_words(crystal: AlikeCrystal) -> str:
    """Describe a known crystal that a measurement is like."""
    lengths = ", ".join(f"{length:.3f}" for length in crystal.cell[:3])
    angles = ", ".join(f"{angle:.2f}" for angle in crystal.cell[3:])
    return (
        f"{with_subscripts(crystal.formula)} ({crystal.name}), "
        f"{class_name('spacegroup', crystal.space_group)}, likeness {crystal.likeness:.2f}; "
        f"cell refined to {lengths} Å, {angles}°"
    )


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
        "calibrated": model.temperature is not None
        and is_known(answer, model)
        and not means_little(answer, model),
        "decision": decision_record(answer.between, threshold),
        "training_distance": _distance_record(answer, model),
        "crystal_system": answer.crystal_system
        and {"name": answer.crystal_system[0], "probability": answer.crystal_system[1]},
        "extinction_class": answer.extinction_class
        and {
            "space_groups": list(answer.extinction_class[0]),
            "probability": answer.extinction_class[1],
        },
        "warnings": list(answer.warnings),
        "alike": [asdict(crystal) for crystal in answer.alike],
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


def means_little(answer: "Answer", model: "TrainedModel") -> bool:
    """Tell whether an input is unlike all that its answer rests on."""
    # Known crystals say by themselves whether one of them is alike.
    far = bool(answer.warning) if answer.alike else model.is_far(answer.distance)
    return far or bool(answer.differs)


def _unlike_training(answer: "Answer", model: "TrainedModel") -> str:
    """Return a warning of an input that is far from what the network was trained on; or ""."""
    known = model.training_distance
    if known is None or answer.alike or not model.is_far(answer.distance):
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
            "extinction_class": list(extinction_class_members(number, axes="any order")),
            "symprec": model.settings.standardise.symprec,
            "known_to_network": model.knows(number),
            "within": [
                {"symprec": symprec, "spacegroup": group, "symbol": group and short_symbol(group)}
                for symprec, group in _within(crystal, model).items()
            ],
        },
        "stated_spacegroup": crystal.metadata.get("stated_spacegroup"),
    }


def _by_structure(crystal: Crystal, model: "TrainedModel") -> list[tuple[str, str]]:
    """Return which space group spglib finds within each tolerance, and which the file states."""
    used = model.settings.standardise.symprec
    rows = []
    for symprec, number in _within(crystal, model).items():
        text = class_name("spacegroup", number) if number else "no symmetry found"
        if symprec == used:
            text += f", {crystal.metadata['crystal_system']}, which is how the network was shown it"
        rows.append((f"spglib within {symprec:g} Å", text))
    stated = crystal.metadata.get("stated_spacegroup")
    text = class_name("spacegroup", stated) if stated else "no space group"
    return [*rows, ("the file states", text)]


def _within(crystal: Crystal, model: "TrainedModel") -> dict[float, int | None]:
    """Return the space groups that spglib finds, by tolerance, the smallest first."""
    used = {model.settings.standardise.symprec: int(crystal.metadata["spacegroup"])}
    return dict(sorted((crystal.metadata.get("space_groups_within", {}) | used).items()))


def listed(space_groups: Sequence[int]) -> str:
    """Name the space groups of an extinction class."""
    names = [class_name("spacegroup", number) for number in space_groups]
    if len(names) == 1:
        return f"{names[0]} alone"
    return f"{joined(names, 'or')}, alike in symmetry and extinctions"
