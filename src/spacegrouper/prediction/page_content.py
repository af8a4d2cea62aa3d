"""What the page shows of a network and of a structure, as JSON."""

from typing import Any

import numpy as np

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.errors import UserError
from spacegrouper.prediction.answers import Answer, answer_crystals
from spacegrouper.prediction.descriptions import calibration, facts, heading_of_guesses, title
from spacegrouper.prediction.guesses import decision_record, percent
from spacegrouper.prediction.pictures import measured_pictures, png_address, seen_pictures
from spacegrouper.prediction.structure_files import read_structure_content, standard_crystal
from spacegrouper.prediction.trained_model import TrainedModel
from spacegrouper.prediction.verdicts import network_verdict

_FILES = ("labels.json", "settings.yaml", "model.keras", "calibration.json")
_CAESIUM_CHLORIDE = Crystal(
    "CsCl", 4.12 * np.eye(3), ("Cs", "Cl"), np.array([[0, 0, 0], [0.5, 0.5, 0.5]])
)


def warm_up(model: TrainedModel) -> None:
    """Answer for a small crystal, as the first answer takes longest.

    Raises UserError for a network that does not take structures.
    """
    answer_crystals([_CAESIUM_CHLORIDE], model, threads=1)


def describe_network(model: TrainedModel) -> dict[str, Any]:
    """Return what the page says of a network, and the state of its files."""
    found = [model.folder / name for name in _FILES if (model.folder / name).is_file()]
    return {
        "classes": len(model.labels.classes),
        "label": model.labels.label.replace("spacegroup", "space group").replace("_", " "),
        "descriptor": model.labels.presentation.descriptor,
        "calibration": calibration(model),
        "folder": model.folder.as_posix(),
        "files": [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in found],
    }


def describe_structure(
    content: bytes, name: str, model: TrainedModel, threshold: float | None = None
) -> dict[str, Any]:
    """Return what is shown of the structure in a file, or why there is nothing: `refused`.

    `threshold`: the probability below which the best class decides nothing.
    """
    records = read_structure_content(content, name)
    if len(records) > 1:
        return {
            "refused": f"the file holds {len(records)} structures; give a file with one of them"
        }
    crystal = standard_crystal(records[0], model.settings.standardise)
    if isinstance(crystal, Rejection):
        return {"refused": crystal.reason}
    try:
        (answer,) = answer_crystals([crystal], model, threads=1)
    except UserError as error:
        return {"refused": str(error)}
    if isinstance(answer, Rejection):
        return {"refused": answer.reason}
    return _shown(answer, model, threshold)


def _shown(answer: Answer, model: TrainedModel, threshold: float | None) -> dict[str, Any]:
    rows = {
        **measured_pictures(answer, model),
        "What the network saw": seen_pictures(answer, model),
    }
    return {
        "title": title(answer).removeprefix(f"{answer.name}: "),
        "verdict": network_verdict(answer, model, threshold),
        "above_guesses": heading_of_guesses(answer, model),
        "guesses": [
            {"name": guess.name, "percent": percent(guess.probability), "share": guess.probability}
            for guess in answer.guesses
        ],
        "decision": decision_record(answer.between, threshold),
        "facts": facts(answer, model),
        "rows": [
            {
                "heading": heading,
                "pictures": [
                    {
                        "caption": picture.caption,
                        "address": png_address(picture),
                        "wide": picture.range is not None,
                    }
                    for picture in pictures
                ],
            }
            for heading, pictures in rows.items()
        ],
    }
