"""Sample crystals of the test part: which are shown, and the pictures of each."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import Presentation
from spacegrouper.contract.picture import Picture
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.evaluation.model_folder import Labels
from spacegrouper.figures.toolkit import enlarged


@dataclass(frozen=True)
class Sample:
    """A test crystal, its pictures and the network's answer; `probability`: of the answer.

    `true`, `predicted`: classes, numbers of space groups or the names of another label's.
    """

    material_id: str
    true: int | str
    predicted: int | str
    probability: float
    pictures: tuple[Picture, ...]

    @property
    def right(self) -> bool:
        """Whether the network names the true class."""
        return self.predicted == self.true


def choose_samples(predictions: pd.DataFrame, per_class: int) -> pd.DataFrame:
    """Return the first crystals by material id of each true class, in order of class.

    `predictions`: columns true and material_id at least. The rule knows nothing of the answers, so
    it shows neither the best nor the worst of them.
    """
    ordered = predictions.sort_values(["true", "material_id"])
    return ordered.groupby("true").head(per_class).reset_index(drop=True)


def choose_overview(predictions: pd.DataFrame, crystals: int) -> pd.DataFrame:
    """Return the first crystal by material id of classes spread evenly over all of them.

    `predictions`: as for `choose_samples`. With fewer classes than `crystals`, one of each.
    """
    firsts = choose_samples(predictions, 1)
    places = np.linspace(0, len(firsts) - 1, min(crystals, len(firsts))).round().astype(int)
    return firsts.iloc[places].reset_index(drop=True)


def read_sample(
    dataset: Dataset,
    chosen: Mapping[Hashable, Any],
    labels: Labels,
    lattice: NDArray[np.float64] | None = None,
) -> Sample:
    """Read the pictures of a crystal.

    `chosen`: its row of predictions.csv; `lattice`: (3, 3), rows a, b, c, Angstrom, if known.
    """
    row, name = int(chosen["row"]), str(chosen["material_id"])
    return Sample(
        material_id=name,
        true=chosen["true"],
        predicted=chosen["predicted"],
        probability=float(chosen["probability"]),
        pictures=read_pictures(dataset, row, name, labels.presentation, lattice),
    )


def read_pictures(
    dataset: Dataset,
    row: int,
    name: str,
    presentation: Presentation,
    lattice: NDArray[np.float64] | None = None,
) -> tuple[Picture, ...]:
    """Return the pictures of the crystal of a row, as its technique has them."""
    arrays = {key: values[0] for key, values in dataset.read(slice(row, row + 1)).items()}
    if lattice is not None:
        arrays["lattice"] = lattice
    return dataset.technique.samples(arrays, name, presentation)


def visible(picture: Picture) -> NDArray[np.uint8]:
    """Return the image for a small figure: each pixel of its spots is grown to three by three."""
    return enlarged(picture.values) if picture.spots else picture.values
