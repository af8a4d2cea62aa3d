"""Sample crystals of the test part: which are shown, and the pictures of each."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, assert_never

import numpy as np
import pandas as pd
import zarr
from numpy.typing import NDArray

from spacegrouper.dataset.store import dataset_technique
from spacegrouper.evaluation.model_folder import Labels
from spacegrouper.figures.toolkit import enlarged
from spacegrouper.settings import View
from spacegrouper.techniques.images import compose_images
from spacegrouper.training.images import PatternReader, read_patterns

# Pixels along each edge of the drawing of a diffractogram.
_DIFFRACTOGRAM_SIZE = 224


@dataclass(frozen=True)
class Picture:
    """An image of a crystal, (size, size) grey or (size, size, 3) RGB.

    `spots`: whether it is made of spots of a pixel or two, which a small figure would lose.
    """

    caption: str
    image: NDArray[np.uint8]
    spots: bool = False

    @property
    def visible(self) -> NDArray[np.uint8]:
        """The image for a small figure: each pixel of its spots is grown to three by three."""
        return enlarged(self.image) if self.spots else self.image


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
    dataset: zarr.Group, chosen: Mapping[Hashable, Any], labels: Labels, views: Sequence[View]
) -> Sample:
    """Read the pictures of a crystal; `chosen`: its row of predictions.csv.

    `labels`: of the network; `views`: of diffraction patterns. Of diffraction, the pictures are
    those of all descriptors; of a powder the diffractogram; of a morphology the bitmaps.
    """
    row = np.array([int(chosen["row"])])
    match dataset_technique(dataset):
        case "diffraction":
            pictures = diffraction_pictures(dataset, int(row[0]), views)
        case "powder":
            reader = PatternReader(
                dataset,
                _DIFFRACTOGRAM_SIZE,
                "nearest",
                "powder",
                labels.diffractogram,
                # The noise that the network saw.
                seed=labels.seed,
            )
            (image,) = reader.compose(reader.read(row), row)
            pictures = (Picture("diffractogram", _grey_levels(image[0, :, :, 0])),)
        case "morphology":
            patterns: Any = dataset["raw"]
            pictures = tuple(
                Picture(f"direction {place}", bitmap)
                for place, bitmap in enumerate(np.asarray(patterns[int(row[0])]), start=1)
            )
        case unknown:
            assert_never(unknown)
    return Sample(
        material_id=str(chosen["material_id"]),
        true=chosen["true"],
        predicted=chosen["predicted"],
        probability=float(chosen["probability"]),
        pictures=pictures,
    )


def diffraction_pictures(
    dataset: zarr.Group, row: int, views: Sequence[View]
) -> tuple[Picture, ...]:
    """Return a raw pattern, the spot image and the three shaped images of a crystal.

    Grey levels of raw and spot images are brightened by their square root, as most spots are too
    faint to see. The spot image is that of Ziletti et al., Nat. Commun. 9:2775 (2018).
    """
    patterns: Any = dataset["raw"]
    raw = np.asarray(patterns[row])
    shaped = read_patterns(dataset, np.array([row]), raw.shape[-1], "nearest", "shaped")
    spot = np.moveaxis(raw, 0, -1)
    return (
        Picture(f"raw, {views[0].axis} view", _brightened(raw[0]), spots=True),
        Picture("spot, all views", _brightened(spot), spots=True),
        *(
            Picture(f"shaped, {view.axis} view", _grey_levels(image[0]))
            for view, image in zip(views, compose_images(shaped, "shaped"), strict=True)
        ),
    )


def _grey_levels(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    levels: NDArray[np.uint8] = np.rint(image * 255).astype(np.uint8)
    return levels


def _brightened(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Take the square root of grey levels, 0 and 255 staying."""
    brightened: NDArray[np.uint8] = np.rint(np.sqrt(values / 255.0) * 255.0).astype(np.uint8)
    return brightened
