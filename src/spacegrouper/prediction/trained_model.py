"""Everything of a trained network's folder that an answer depends on."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from spacegrouper.contract.technique import TECHNIQUES, Technique
from spacegrouper.dataset.made_with import with_defaults
from spacegrouper.evaluation.calibration import read_temperature
from spacegrouper.evaluation.distance import TrainingDistance, read_training_distance
from spacegrouper.evaluation.model_folder import (
    Labels,
    find_model_folder,
    read_labels,
    uncalibrated_because,
)
from spacegrouper.evaluation.predictions import Answers, load_network
from spacegrouper.networks.shared.keras_file import UnknownLayersError, read_keras_file
from spacegrouper.settings import Settings, load_settings, settings_from_mapping

# The networks that come with the package, a folder for each technique; their CARD.md say more.
SHIPPED = Path(__file__).with_name("shipped")


@dataclass(frozen=True)
class TrainedModel:
    """A network, and how the crystals were prepared that it was trained on.

    Args:
        folder: where it lies.
        network: the network.
        labels: what its answers mean, and how it is shown a crystal.
        settings: those of its training and of the dataset that it was trained on.
        temperature: of its calibration; none where it has not been calibrated.
        training_distance: how far inputs are from its training crystals; none where that was not
            measured.
    """

    folder: Path
    network: Answers
    labels: Labels
    settings: Settings
    temperature: float | None
    training_distance: TrainingDistance | None = None

    def knows(self, space_group: int) -> bool | None:
        """Tell whether the network can name a space group; None if it names something else."""
        if self.labels.label != "spacegroup":
            return None
        return bool((self.labels.classes == space_group).any())

    def is_far(self, distance: float | None) -> bool:
        """Tell whether an answer is far from those of the training set, where that is known."""
        known = self.training_distance
        return known is not None and distance is not None and known.is_far(distance)


def load_trained_model(folder: Path) -> TrainedModel:
    """Read a folder that scripts/train.py wrote, or the `model` in a run's folder.

    Raises:
        UserError: something is missing or odd.
    """
    folder = find_model_folder(folder)
    labels = read_labels(folder)
    path = folder / "settings.yaml"
    written = load_settings(path).model_dump(mode="json")
    # The dataset may have been made with others than those that are written beside the network;
    # of some sections it records what its data depend on, which is not all.
    own = {"standardise", *(section.key() for section in labels.technique.sections)}
    made = {
        key: written[key] | value if key in own else value
        for key, value in with_defaults(labels.made_with)["settings"].items()
    }
    settings = settings_from_mapping(written | made, str(path))
    calibrated = (folder / "calibration.json").is_file() and not uncalibrated_because(folder)
    return TrainedModel(
        folder=folder,
        network=_read_network(folder / "model.keras"),
        labels=labels,
        settings=settings,
        temperature=read_temperature(folder) if calibrated else None,
        training_distance=read_training_distance(folder) if calibrated else None,
    )


@cache
def shipped_network(technique: str = "reflections") -> TrainedModel:
    """Return the network of a technique that comes with the package; the one for structures."""
    return load_trained_model(SHIPPED / technique)


def shipped_for_instruments() -> tuple[Technique, ...]:
    """Return the techniques whose networks come with the package and take files of instruments."""
    return tuple(
        technique
        for technique in TECHNIQUES
        if technique.measured is not None and (SHIPPED / technique.name).is_dir()
    )


def _read_network(path: Path) -> Answers:
    # TensorFlow takes seconds to start.
    try:
        return read_keras_file(path)
    except UnknownLayersError:
        network: Answers = load_network(path)
        return network
