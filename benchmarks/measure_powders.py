"""Measure networks of diffractograms on measured ones, beside a forest and the nearest crystal."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from scipy.ndimage import gaussian_filter1d
from scipy.stats import binomtest

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.symmetry import crystal_systems, extinction_classes
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.evaluation.forest import predict_by_forest
from spacegrouper.evaluation.predictions import class_logits, probabilities
from spacegrouper.prediction.trained_model import load_trained_model
from spacegrouper.settings import load_settings
from spacegrouper.techniques.powder.diffractograms import shown_curves
from spacegrouper.techniques.powder.measured.network_axis import (
    measured_for_network,
    on_network_axis,
)
from spacegrouper.techniques.powder.measured.scan import Scan
from spacegrouper.techniques.powder.settings import Diffractogram, Powder
from spacegrouper.training.images import PatternReader, presentation_of

GROUPS = np.arange(1, 231)
TREES = 60
FOREST_POINTS = 4  # of the network's, of which the forest sees the highest
# Of the comparison with single crystals: on an axis of log(sin theta), an isotropic change of the
# cell is a shift.
LOG_STEP = 0.002
BLUR = 1.5  # steps: computed cells are wrong by some tenths of a percent in each direction
SHIFTS = np.arange(-12, 13, 2)  # steps: by 2.4 % either way
THERMAL = 1.0  # B, Angstrom^2
ROWS = 4096

console = Console(stderr=True)


def read_scans(path: Path) -> tuple[list[Scan], NDArray[np.int64]]:
    """Return the scans of a file of measured minerals, and their space groups."""
    with np.load(path) as stored:
        first, last, step = stored["two_theta"]
        intensity, groups = stored["intensity"].astype(float), stored["spacegroup"].astype(int)
    angles = np.linspace(first, last - step, intensity.shape[1])
    return [Scan(angles, row) for row in intensity], groups


def by_network(scans: list[Scan], folder: Path) -> NDArray[np.float64]:
    """Return a network's probabilities of the 230 groups, calibrated if it is."""
    model = load_trained_model(folder)
    shown = model.labels.presentation
    inputs = [measured_for_network(scan, "", shown, None).inputs for scan in scans]
    logits = class_logits(model.network, [np.stack(each) for each in zip(*inputs, strict=True)])
    found = np.zeros((len(scans), GROUPS.size))
    found[:, model.labels.classes.astype(int) - 1] = probabilities(logits, model.temperature or 1)
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


def by_nearest(scans: list[Scan], dataset: Dataset) -> NDArray[np.float64]:
    """Return, for each group, the likeness of its crystal that is most alike.

    Likeness: the cosine between square roots of the diffractograms, at the best shift. Sticks are
    compared as they are, with one displacement parameter and blurred.
    """
    powder = Powder.model_validate(dataset.settings["powder"])
    theta = np.radians(powder.two_theta[0] + powder.step * np.arange(powder.angles)) / 2
    logarithm = np.log(np.sin(theta))
    place = np.rint((logarithm - logarithm[0]) / LOG_STEP).astype(int)
    thermal = np.exp(-2 * THERMAL * (np.sin(theta) / powder.wavelength / 1e10) ** 2)
    profile = Diffractogram(baseline=4)
    curves = np.stack([on_network_axis(scan, powder, powder.angles, None)[0] for scan in scans])
    curves = shown_curves(curves, powder, profile)
    measured = np.concatenate(
        [np.roll(normalised(curves, place), shift, axis=1) for shift in SHIFTS]
    )
    groups = dataset.label("spacegroup")
    found = np.zeros((len(scans), GROUPS.size))
    for rows in parts(dataset):
        known = normalised(dataset.read(rows, ["raw"])["raw"][:, 0, 0] * thermal, place)
        likeness = (measured @ known.T).reshape(SHIFTS.size, len(scans), -1).max(axis=0)
        for group in np.unique(groups[rows]):
            of_group = likeness[:, groups[rows] == group].max(axis=1)
            found[:, group - 1] = np.maximum(found[:, group - 1], of_group)
    return found


def normalised(values: NDArray[np.floating], place: NDArray[np.int64]) -> NDArray[np.float32]:
    """Add up values (n, angles) at their places, blur them, and return unit roots (n, places)."""
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    sums = np.zeros((len(values), place[-1] + 1), dtype=np.float32)
    sums[:, place[starts]] = np.add.reduceat(values, starts, axis=1)
    roots = np.sqrt(np.maximum(gaussian_filter1d(sums, BLUR, axis=1), 0))
    return roots / np.linalg.norm(roots, axis=1, keepdims=True)


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
    dataset: Annotated[Path | None, typer.Option(help="for --forest and --nearest")] = None,
    nearest: Annotated[bool, typer.Option(help="compare with every crystal")] = False,
) -> None:
    """Print how often each way names what minerals are, with 95 % intervals."""
    if not measured.is_file():
        console.print(f"{measured}: no such file; the repository holds no measured data")
        raise typer.Exit(1)
    scans, true = read_scans(measured)
    ways = {str(folder): by_network(scans, folder) for folder in model or []}
    if dataset is not None and forest is not None:
        ways["forest"] = by_forest(scans, forest, Dataset(dataset))
    if dataset is not None and nearest:
        ways["nearest crystal"] = by_nearest(scans, Dataset(dataset))
    print(f"| n = {len(true)} | system | extinction class | group, top 1 | top 3 | top 5 |")
    print("|---|---|---|---|---|---|")
    for name, found in ways.items():
        print(f"| {name} | " + " | ".join(scores(found, true, name.startswith("nearest"))) + " |")
    with written_aside(output) as aside:
        answers = {name: (1 + found.argmax(axis=1)).tolist() for name, found in ways.items()}
        aside.write_text(json.dumps({"true": true.tolist()} | answers), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
