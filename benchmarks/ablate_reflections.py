"""Measure what of reflections names space groups: forests of the same crystals see more or less."""

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from bench_simulate import console
from numpy.typing import NDArray
from rich.table import Table
from sklearn.ensemble import ExtraTreesClassifier

from spacegrouper.crystals.symmetry import extinction_classes
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.evaluation.model_folder import read_parts
from spacegrouper.techniques.reflections.cells import cell_features
from spacegrouper.techniques.reflections.levels import scaled
from spacegrouper.techniques.reflections.symmetry_tests import symmetry_tests
from spacegrouper.techniques.reflections.zones import within, zones

LOWEST = 6  # largest index of the zones: three images of 13 x 13
CRYSTALS = 2048  # read at a time


def main(
    dataset: Annotated[Path, typer.Option(help="Zarr store of reflections, largest index 8")],
    split: Annotated[Path, typer.Option(help="split.csv of a model's folder")],
    trees: Annotated[int, typer.Option(min=1)] = 60,
    share: Annotated[
        float, typer.Option(min=0.001, max=1, help="of the training set that is used")
    ] = 1,
) -> None:
    """Print top-1 accuracies of the space group and of the extinction class."""
    store = Dataset(dataset)
    crystals = read_parts(split, store)
    kept = np.random.default_rng(0).random(len(crystals)) < share
    crystals = crystals[kept | (crystals["part"] == "test")].reset_index(drop=True)
    testing = (crystals["part"] == "test").to_numpy()
    groups = crystals["spacegroup"].to_numpy()
    table = Table("what the forest sees", "numbers", "space group, %", "extinction class, %")
    for name, numbers in shown(store, crystals).items():
        forest = ExtraTreesClassifier(trees, random_state=0, n_jobs=-1)
        forest.fit(numbers[~testing], groups[~testing])
        named = forest.predict(numbers[testing])
        own = extinction_classes(named) == extinction_classes(groups[testing])
        right = (named == groups[testing]).mean()
        table.add_row(name, str(numbers.shape[1]), f"{100 * right:.1f}", f"{100 * own.mean():.1f}")
    console.print(f"{(~testing).sum()} crystals known, {testing.sum()} named")
    console.print(table)


def shown(store: Dataset, crystals: pd.DataFrame) -> dict[str, NDArray[np.float32]]:
    """Return what forests see of the crystals, by name, each (crystals, numbers)."""
    rows = crystals["row"].to_numpy()
    found: dict[str, list[NDArray[np.float32]]] = {}
    for start in range(0, len(rows), CRYSTALS):
        arrays = store.read(rows[start : start + CRYSTALS], ["raw", "cell"])
        levels, cells = scaled(arrays["raw"]), arrays["cell"]
        logarithmic = zones(within(levels, 2 * LOWEST + 1)).reshape(len(levels), -1)
        # 6 decades; and 255 grey levels of the intensity itself, as an image has them.
        linear = np.floor(255 * np.where(logarithmic > 0, 10 ** (6 * (logarithmic - 1)), 0))
        cell, tests = cell_features(cells), symmetry_tests(levels, cells)
        for name, parts in {
            "the cell": [cell],
            "zones, 255 linear levels": [linear],
            "zones, logarithmic": [logarithmic],
            "zones, logarithmic, and the cell": [logarithmic, cell],
            "grid, indices to 4, and the cell": [
                within(levels, 9).reshape(len(levels), -1),
                cell,
            ],
            "tests of symmetry": [tests],
            "tests of symmetry, and the cell": [tests, cell],
        }.items():
            part = np.concatenate(parts, axis=1).astype(np.float32)
            found.setdefault(name, []).append(part)
    return {name: np.concatenate(parts) for name, parts in found.items()}


if __name__ == "__main__":
    typer.run(main)
