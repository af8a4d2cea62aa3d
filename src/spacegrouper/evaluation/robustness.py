"""What a network still knows when crystals and experiment are not perfect.

Each perturbation (perturbations.py) is tested on the same crystals of the test part.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import Levels
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.symmetry import extinction_classes
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.evaluation.metrics import share_interval
from spacegrouper.evaluation.model_folder import Labels
from spacegrouper.evaluation.perturbations import (
    UNITS,
    UNPERTURBED,
    Point,
    Recipe,
    changes_nothing,
    simulate_point,
)
from spacegrouper.evaluation.predictions import class_logits


def choose_crystals(test: pd.DataFrame, crystals: int, seed: int) -> pd.DataFrame:
    """Return so many of the test crystals, or all if there are fewer, in order of row.

    `test`: columns row and material_id at least. Which ones depends on the seed and their ids
    alone, and a larger number adds to a smaller one.
    """
    place = test["material_id"].map(
        lambda name: hashlib.sha256(f"{seed}:robustness {name}".encode()).hexdigest()
    )
    chosen = place.sort_values(kind="stable").index[:crystals]
    return test.loc[chosen].sort_values("row", ignore_index=True)


def differing_crystals(
    dataset: Dataset,
    chosen: pd.DataFrame,
    crystals: Sequence[Crystal],
    recipe: Recipe,
    threads: int,
) -> list[str]:
    """Return the ids of those whose unperturbed patterns are not, bit for bit, the dataset's.

    `chosen`: a row for each of `crystals`, columns row and material_id. There are some if the
    structures are not those that the dataset was made of, and may be a few if another kind of
    processor has made it, which rounds otherwise.
    """
    raw = dataset.read(chosen["row"].to_numpy(), ["raw"])["raw"]
    simulated = simulate_point(crystals, recipe, UNPERTURBED, threads, lambda _: None)
    return [
        str(name)
        for name, stored, patterns in zip(chosen["material_id"], raw, simulated, strict=True)
        if not np.array_equal(stored, patterns)
    ]


def images_of(raw: Levels, labels: Labels) -> list[NDArray[np.float32]]:
    """Make of raw patterns the images that the network takes.

    `raw`: (n, views = 3, pixels, pixels); returns what the network's descriptor composes.
    """
    shown = labels.presentation
    arrays = {"raw": raw, **labels.technique.derive(raw, shown.made_with)}
    return shown.compose(arrays, [""] * len(raw))


def predict_points(
    network: keras.Model,
    labels: Labels,
    chosen: pd.DataFrame,
    crystals: Sequence[Crystal],
    recipe: Recipe,
    points: Sequence[Point],
    batch_size: int,
    threads: int,
    advance: Callable[[int], None],
) -> pd.DataFrame:
    """Simulate crystals at all points, and return the network's answers.

    `chosen`: a row for each of `crystals`, columns material_id and label; `points`: the first
    is UNPERTURBED. Returns columns perturbation, value, material_id, true and predicted (classes
    of the network), a row for each point and crystal. Points that change nothing are not
    simulated again. `advance` is called with the number of crystals done since its last call.
    """
    truth = labels.classes[chosen["label"].to_numpy()]
    tables: list[pd.DataFrame] = []
    for point in points:
        if point != UNPERTURBED and changes_nothing(point, recipe.simulate):
            answers = tables[0]["predicted"]
            advance(len(crystals))
        else:
            parts = []
            for start in range(0, len(crystals), batch_size):
                batch = crystals[start : start + batch_size]
                raw = simulate_point(batch, recipe, point, threads, advance)
                logits = class_logits(network, images_of(raw, labels))
                parts.append(logits.argmax(axis=1))
            answers = labels.classes[np.concatenate(parts)]
        table = chosen[["material_id"]].assign(true=truth, predicted=answers)
        table.insert(0, "perturbation", point.perturbation)
        table.insert(1, "value", point.value)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def curves_table(answers: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Return the accuracy at each point, with its 95 % interval.

    `answers`: as `predict_points` returns them; `labels`: of the network. Columns perturbation,
    value, unit, crystals, accuracy, low, high, chance (the accuracy of guessing evenly) and, of a
    network that names space groups, extinction_class_accuracy; in the order of the points.
    """
    rows: list[dict[str, Any]] = []
    for (perturbation, value), part in answers.groupby(["perturbation", "value"], sort=False):
        right = (part["predicted"] == part["true"]).to_numpy()
        low, high = share_interval(right)
        row = {
            "perturbation": perturbation,
            "value": value,
            "unit": UNITS[str(perturbation)],
            "crystals": len(part),
            "accuracy": right.mean(),
            "low": low,
            "high": high,
            "chance": 1 / len(labels.classes),
        }
        if labels.label == "spacegroup":
            classes = extinction_classes(part[["true", "predicted"]].to_numpy())
            row["extinction_class_accuracy"] = np.mean(classes[:, 0] == classes[:, 1])
        rows.append(row)
    return pd.DataFrame(rows)


def choose_example(answers: pd.DataFrame, images: NDArray[np.float32]) -> str:
    """Return the crystal with the brightest image, of those that are named right unperturbed.

    Of all crystals, if none is. `answers`: as `predict_points` returns them; `images`: (n, ...),
    an unperturbed one of each crystal, in the order of the answers. The rule knows
    nothing of the perturbed answers.
    """
    unperturbed = answers[answers["perturbation"] == "none"]
    right = (unperturbed["predicted"] == unperturbed["true"]).to_numpy()
    brightness = images.reshape(len(images), -1).mean(axis=1)
    place = np.argmax(np.where(right, brightness, -1) if right.any() else brightness)
    return str(unperturbed["material_id"].iloc[int(place)])
