"""Sample crystals of the test part: which are shown, and the images of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import zarr
from numpy.typing import NDArray

from spacegrouper.descriptors.images import compose_images
from spacegrouper.training.images import read_patterns


@dataclass(frozen=True)
class Sample:
    """A test crystal, its patterns and the network's answer.

    `raw`, `normalised`, `shaped`: (views = 3, size, size); `probability`: of the predicted group.
    """

    material_id: str
    spacegroup: int
    predicted: int
    probability: float
    raw: NDArray[np.uint8]
    normalised: NDArray[np.uint8]
    shaped: NDArray[np.uint8]

    @property
    def right(self) -> bool:
        """Whether the network names the true space group."""
        return self.predicted == self.spacegroup


def choose_samples(predictions: pd.DataFrame, per_space_group: int) -> pd.DataFrame:
    """Return the first crystals by material id of each true space group, in order of group.

    `predictions`: columns spacegroup and material_id at least. The rule knows nothing of the
    answers, so it shows neither the best nor the worst of them.
    """
    ordered = predictions.sort_values(["spacegroup", "material_id"])
    return ordered.groupby("spacegroup").head(per_space_group).reset_index(drop=True)


def choose_overview(predictions: pd.DataFrame, crystals: int) -> pd.DataFrame:
    """Return the first crystal by material id of space groups spread evenly over all of them.

    `predictions`: as for `choose_samples`. With fewer space groups than `crystals`, one of each.
    """
    firsts = choose_samples(predictions, 1)
    places = np.linspace(0, len(firsts) - 1, min(crystals, len(firsts))).round().astype(int)
    return firsts.iloc[places].reset_index(drop=True)


def read_sample(dataset: zarr.Group, chosen: Mapping[str, Any]) -> Sample:
    """Read the patterns of a crystal; `chosen`: its row of predictions.csv."""
    row = int(chosen["row"])
    patterns: Any = dataset["raw"]
    raw = np.asarray(patterns[row])
    rows = np.array([row])
    normalised, shaped = read_patterns(dataset, rows, raw.shape[-1], "nearest", "shaped")[0]
    return Sample(
        material_id=str(chosen["material_id"]),
        spacegroup=int(chosen["spacegroup"]),
        predicted=int(chosen["predicted"]),
        probability=float(chosen["probability"]),
        raw=raw,
        normalised=normalised,
        shaped=shaped,
    )


def raw_image(sample: Sample) -> NDArray[np.uint8]:
    """Return the raw pattern of the first view in grey, brightened; (size, size)."""
    return _brightened(sample.raw[0])


def spot_image(sample: Sample) -> NDArray[np.uint8]:
    """Return the raw patterns of the three views as red, green and blue; (size, size, 3).

    The spot diffraction pattern of Ziletti et al., Nat. Commun. 9:2775 (2018), brightened.
    """
    return _brightened(np.moveaxis(sample.raw, 0, -1))


def shaped_images(sample: Sample) -> NDArray[np.uint8]:
    """Return the shaped images at full size; (views = 3, size, size, 3)."""
    patterns = np.stack([sample.normalised, sample.shaped])
    images = np.concatenate(compose_images(patterns[None], "shaped"))
    levels: NDArray[np.uint8] = np.rint(images * 255).astype(np.uint8)
    return levels


def _brightened(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Take the square root of grey levels, 0 and 255 staying: most spots are too faint to see."""
    brightened: NDArray[np.uint8] = np.rint(np.sqrt(values / 255.0) * 255.0).astype(np.uint8)
    return brightened
