"""The results of the experiments of the grid, read and put side by side."""

import json
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from spacegrouper.crystals.copies import COPY_OF
from spacegrouper.errors import UserError
from spacegrouper.settings import Settings
from spacegrouper.settings.experiments import experiment_name, experiment_settings

# Scores of metrics.json that have an interval, by the name they have before `_interval_95`.
_SCORES = {
    "macro_f1": "macro_f1",
    "balanced_accuracy": "balanced",
    "extinction_class_accuracy": "extinction_class",
    "crystal_system_accuracy": "crystal_system",
    "physics_line_top_1_accuracy": "physics_line_top_1",
}
_TEXTS = {"material_id": str, "part": str}


@dataclass(frozen=True)
class Experiment:
    """A training of the grid: `network`, `classes` and `split` as named there, and its folder."""

    network: str
    descriptor: str
    classes: str
    split: str
    folder: Path

    @property
    def title(self) -> str:
        """What figures call the network: its name and what it sees, such as `msdn (shaped)`."""
        return network_title(self.network, self.descriptor)


def network_title(network: str, descriptor: str) -> str:
    """Return the name of a network and what it sees, such as `msdn (shaped)`."""
    return f"{network} ({descriptor})"


def list_experiments(settings: Settings, grid: Path) -> list[Experiment]:
    """Return all experiments of the grid, networks changing slowest; `grid`: their folder."""
    descriptors = {
        name: experiment.train.descriptor
        for name, experiment in experiment_settings(settings).items()
    }
    experiments = []
    networks = [network.name for network in settings.grid.networks]
    for network, classes, split in product(networks, settings.grid.classes, settings.grid.splits):
        name = experiment_name(network, classes, split)
        experiments.append(Experiment(network, descriptors[name], classes, split, grid / name))
    return experiments


def read_split_table(experiment: Experiment) -> pd.DataFrame:
    """Read which crystals an experiment used: columns row, material_id, spacegroup, part.

    Copies of crystals are left out. Raises UserError where there is no such file, as all functions
    of this module do.
    """
    table = _read_csv(experiment.folder / "model" / "split.csv")
    if COPY_OF in table:
        table = table[table[COPY_OF].isna()]
    return table[["row", "material_id", "spacegroup", "part"]]


def read_evaluation_table(experiment: Experiment, name: str) -> pd.DataFrame:
    """Read a table of an experiment's evaluation, such as `per_class`."""
    return _read_csv(experiment.folder / "evaluation" / f"{name}.csv")


def read_error_rates(experiment: Experiment) -> pd.DataFrame:
    """Read an experiment's crystal_system_errors.csv: true crystal systems by named ones."""
    table = read_evaluation_table(experiment, "crystal_system_errors")
    return table.set_index(table.columns[0])


def experiments_table(experiments: list[Experiment]) -> pd.DataFrame:
    """Return a row for each experiment, with its scores and the 95 % intervals of these.

    Columns network, descriptor, classes, split, groups (how many classes), n (test crystals),
    chance, top_1 to top_5 (empty where there are fewer classes), macro_f1, balanced_accuracy,
    extinction_class_accuracy, crystal_system_accuracy and physics_line_top_1_accuracy, each
    followed by <it>_low and <it>_high.
    """
    rows = []
    for experiment in experiments:
        metrics = _read_json(experiment.folder / "evaluation" / "metrics.json")
        row = _described(experiment, metrics["classes"], metrics["test_crystals"])
        row["chance"] = metrics["chance_accuracy"]
        top_k = read_evaluation_table(experiment, "top_k")
        for k, *scores in top_k[["k", "accuracy", "low", "high"]].itertuples(index=False):
            row |= _with_interval(f"top_{k}", *scores)
        for score, prefix in _SCORES.items():
            row |= _with_interval(score, metrics[score], *metrics[f"{prefix}_interval_95"])
        rows.append(row)
    return pd.DataFrame(rows)


def top_k_of_all(experiments: list[Experiment]) -> pd.DataFrame:
    """Return all top-k tables in one.

    Columns network, descriptor, classes, split, groups, n, k, accuracy, low, high, chance.
    """
    return _joined_top_k(experiments, "evaluation", "classes")


def experiments_of_largest_set(
    experiments: list[Experiment], settings: Settings
) -> list[Experiment]:
    """Return those with the last set of classes, the largest, and the first way of splitting.

    These networks, one experiment each, are tested with untrained groups too.
    """
    classes, split = _in_detail(settings)
    return [e for e in experiments if (e.classes, e.split) == (classes, split)]


def unseen_top_k_of_all(experiments: list[Experiment]) -> pd.DataFrame:
    """Return in one the top-k tables of the groups that networks were not trained on.

    Columns as of `top_k_of_all`, and untrained_accuracy, untrained_low, untrained_high.
    """
    return _joined_top_k(experiments, "unseen", "unseen_groups")


def unseen_crystals(experiment: Experiment) -> int:
    """Return how many crystals of untrained groups a network was tested with, and compared to."""
    metrics = _read_json(experiment.folder / "unseen" / "metrics.json")
    return int(metrics["reference_crystals"] + metrics["test_crystals"])


def read_unseen_groups(experiment: Experiment) -> pd.DataFrame:
    """Read, of each group that a network was not trained on, how well it names it."""
    return _read_csv(experiment.folder / "unseen" / "per_class.csv")


def read_population(run: Path) -> pd.DataFrame:
    """Read how many crystals each space group has; `run`: results/<name>."""
    return _read_csv(run / "statistics" / "per_space_group.csv")


def best_spot_network(scores: pd.DataFrame, classes: str, split: str) -> str | None:
    """Return the network on spot images with the highest top-1 accuracy; None: there is none.

    `scores`: as `experiments_table` returns it. Of equally good ones the first of the grid.
    """
    keys = scores[["descriptor", "classes", "split"]]
    of_spot = scores[(keys == ["spot", classes, split]).all(axis=1)]
    return None if of_spot.empty else str(of_spot["network"].iloc[of_spot["top_1"].argmax()])


def experiments_in_detail(
    experiments: list[Experiment], settings: Settings, scores: pd.DataFrame
) -> list[Experiment]:
    """Return what is drawn in detail: the first network, and the best one on spot images.

    Both with the last set of classes, the largest, and the first way of splitting; one alone
    where no other network sees spot images. `scores`: as `experiments_table` returns it.
    """
    classes, split = _in_detail(settings)
    first = settings.grid.networks[0].name
    best = best_spot_network(scores, classes, split)
    return [
        experiment
        for wanted in dict.fromkeys((first, best))
        for experiment in experiments
        if (experiment.network, experiment.classes, experiment.split) == (wanted, classes, split)
    ]


def read_experiments_in_detail(settings: Settings, grid: Path) -> list[Experiment]:
    """Return what is drawn in detail of the grid in a folder, by its results."""
    experiments = list_experiments(settings, grid)
    return experiments_in_detail(experiments, settings, experiments_table(experiments))


def _in_detail(settings: Settings) -> tuple[str, str]:
    """Return the set of classes and the way of splitting that are drawn in detail."""
    return list(settings.grid.classes)[-1], settings.grid.splits[0]


def _described(experiment: Experiment, groups: int, crystals: int) -> dict[str, Any]:
    """Return what a row of a table says of its experiment."""
    return {
        "network": experiment.network,
        "descriptor": experiment.descriptor,
        "classes": experiment.classes,
        "split": experiment.split,
        "groups": groups,
        "n": crystals,
    }


def _joined_top_k(experiments: list[Experiment], results: str, groups: str) -> pd.DataFrame:
    """Join the tables in the folder `results`, whose metrics name the number of groups `groups`."""
    parts = []
    for experiment in experiments:
        metrics = _read_json(experiment.folder / results / "metrics.json")
        described = _described(experiment, metrics[groups], metrics["test_crystals"])
        table = _read_csv(experiment.folder / results / "top_k.csv")
        parts.append(pd.DataFrame(described, index=table.index).join(table))
    return pd.concat(parts, ignore_index=True)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise UserError(_missing(path)) from None
    return content


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        # Ids are text, even where they look like numbers or like pandas' names of missing values.
        return pd.read_csv(path, dtype=_TEXTS, keep_default_na=False, na_values=[""])
    except OSError:
        raise UserError(_missing(path)) from None


def _missing(path: Path) -> str:
    return f"{path}: no such result of an experiment; make all with `snakemake paper`"


def _with_interval(name: str, value: float, low: float, high: float) -> dict[str, float]:
    return {name: value, f"{name}_low": low, f"{name}_high": high}
