"""Measure networks of diffractograms on measured ones, with known crystals, beside a forest."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from scipy.stats import binomtest

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.symmetry import crystal_systems, extinction_classes
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.evaluation.forest import predict_by_forest
from spacegrouper.prediction.answers import shares_of_space_groups
from spacegrouper.prediction.trained_model import load_trained_model
from spacegrouper.settings import load_settings
from spacegrouper.techniques.powder.known import KNOWN_CRYSTALS
from spacegrouper.techniques.powder.known.known_crystals import (
    EVIDENCE,
    compared,
    known_crystals_of,
    probabilities,
)
from spacegrouper.techniques.powder.measured.network_axis import measured_for_network
from spacegrouper.techniques.powder.measured.scan import Scan
from spacegrouper.techniques.powder.settings import Powder
from spacegrouper.training.images import PatternReader, presentation_of

GROUPS = np.arange(1, 231)
MOST_ALIKE = "the most alike known crystal"
TREES = 60
FOREST_POINTS = 4  # of the network's, of which the forest sees the highest
ROWS = 4096

console = Console(stderr=True)


def read_scans(path: Path) -> tuple[list[Scan], NDArray[np.int64]]:
    """Return the scans of a file of measured minerals, and their space groups."""
    with np.load(path) as stored:
        first, last, step = stored["two_theta"]
        intensity, groups = stored["intensity"].astype(float), stored["spacegroup"].astype(int)
    angles = np.linspace(first, last - step, intensity.shape[1])
    return [Scan(angles, row) for row in intensity], groups


def by_network(scans: list[Scan], folder: Path) -> dict[str, NDArray[np.float64]]:
    """Return a network's probabilities of the 230 groups, calibrated if it is, (n, 230).

    Where known crystals lie beside it, also the probabilities of both together, and how alike the
    most alike crystal of each group is.
    """
    model = load_trained_model(folder)
    shown = model.labels.presentation
    measured = [measured_for_network(scan, "", shown, None) for scan in scans]
    shares = shares_of_space_groups(measured, model)
    found = {f"{folder}, network alone": shares}
    if (folder / KNOWN_CRYSTALS).is_file():
        powder = Powder.model_validate(shown.made_with["powder"])
        known = known_crystals_of(folder, powder)
        said = [
            compared(item.arrays["measured finely"], known.catalogue, powder, of_network)[1]
            for item, of_network in zip(measured, shares, strict=True)
        ]
        likeness = np.stack(said)[:, :, EVIDENCE.index("most alike")]
        found |= {
            f"{folder}, with known crystals": probabilities(
                np.stack(said), known.weights, known.log_odds
            ),
            f"{folder}, {MOST_ALIKE}": np.exp(likeness),
        }
    return found


def by_forest(scans: list[Scan], config: Path, dataset: Dataset) -> NDArray[np.float64]:
    """Grow a forest on all crystals, each drawn once as the configuration draws it in training."""
    shown = presentation_of(load_settings(config), dataset)
    reader = PatternReader(dataset, shown)
    groups = dataset.label("spacegroup")

    def reduced(curves: NDArray[np.float32]) -> NDArray[np.float32]:
        points = curves.shape[1] // FOREST_POINTS * FOREST_POINTS
        return curves[:, :points].reshape(len(curves), -1, FOREST_POINTS).max(axis=2)

    known = []
    for rows in parts(dataset):
        (curves,) = reader.compose(reader.read(rows), rows, 0)
        known.append(reduced(curves[..., 0]))
    measured = [measured_for_network(scan, "", shown, None).inputs[0][:, 0] for scan in scans]
    names, labels = np.unique(groups[usable(dataset)], return_inverse=True)
    answers = predict_by_forest(
        np.concatenate(known),
        labels,
        reduced(np.stack(measured)),
        names.size,
        TREES,
        seed=0,
        threads=1,
        advance=lambda trees: None,
    )
    found = np.zeros((len(scans), GROUPS.size))
    found[:, names - 1] = answers
    return found


def usable(dataset: Dataset) -> NDArray[np.int64]:
    return np.flatnonzero(dataset.usable() & (dataset.label("spacegroup") > 0))


def parts(dataset: Dataset) -> Iterator[NDArray[np.int64]]:
    rows = usable(dataset)
    return (rows[start : start + ROWS] for start in range(0, len(rows), ROWS))


def share(right: NDArray[np.bool_]) -> str:
    """Return a share in percent with Wilson's 95 % interval."""
    hits, of = int(right.sum()), len(right)
    interval = binomtest(hits, of).proportion_ci(method="wilson")
    return f"{100 * hits / of:.1f} ({100 * interval.low:.1f}-{100 * interval.high:.1f})"


def summed(found: NDArray[np.float64], kinds: NDArray, nearest: bool) -> NDArray:
    """Return the kind of groups whose probabilities add up to most, or that of the most alike."""
    if nearest:
        return kinds[found.argmax(axis=1)]
    names, member = np.unique(kinds, return_inverse=True)
    sums = np.zeros((len(found), names.size))
    np.add.at(sums.T, member, found.T)
    return names[sums.argmax(axis=1)]


def scores(found: NDArray[np.float64], true: NDArray[np.int64], nearest: bool) -> list[str]:
    """Return system, extinction class, and the group within the first one, three and five."""
    row = [
        share(summed(found, kinds, nearest) == kinds[true - 1])
        for kinds in (crystal_systems(GROUPS), extinction_classes(GROUPS))
    ]
    rank = (found > found[np.arange(len(true)), true - 1][:, None]).sum(axis=1)
    known = found[np.arange(len(true)), true - 1] > 0
    return row + [share(known & (rank < k)) for k in (1, 3, 5)]


def main(
    measured: Annotated[Path, typer.Option(help="*.npz: intensity, two_theta, spacegroup")],
    output: Annotated[Path, typer.Option(help="what each way answers, JSON")],
    model: Annotated[list[Path] | None, typer.Option(help="a network; may be repeated")] = None,
    forest: Annotated[Path | None, typer.Option(help="configuration: grow a forest")] = None,
    dataset: Annotated[Path | None, typer.Option(help="for --forest")] = None,
) -> None:
    """Print how often each way names what minerals are, with 95 % intervals."""
    if not measured.is_file():
        console.print(f"{measured}: no such file; the repository holds no measured data")
        raise typer.Exit(1)
    scans, true = read_scans(measured)
    ways = {}
    for folder in model or []:
        ways |= by_network(scans, folder)
    if dataset is not None and forest is not None:
        ways["forest"] = by_forest(scans, forest, Dataset(dataset))
    print(f"| n = {len(true)} | system | extinction class | group, top 1 | top 3 | top 5 |")
    print("|---|---|---|---|---|---|")
    for name, found in ways.items():
        print(f"| {name} | " + " | ".join(scores(found, true, name.endswith(MOST_ALIKE))) + " |")
    with written_aside(output) as aside:
        answers = {name: (1 + found.argmax(axis=1)).tolist() for name, found in ways.items()}
        aside.write_text(json.dumps({"true": true.tolist()} | answers), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
