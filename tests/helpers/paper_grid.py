"""Results of a small grid, as its experiments leave them; of random answers, without training."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from spacegrouper.evaluation.scores import score_answers, write_scores
from spacegrouper.settings import Settings, settings_from_mapping, write_settings
from spacegrouper.settings.experiments import experiment_settings

SETS = {"few": (62, 225), "many": (2, 62, 166, 225)}
CRYSTALS = 30  # of each space group
# How much surer a network is of the true group than of others.
SKILLS = {"first": 3.0, "weak": 0.0, "strong": 2.0}
SETTINGS = {
    "name": "trial",
    "grid": {
        "networks": [
            {"name": "first", "model": {"name": "msdn"}, "train": {"descriptor": "shaped"}},
            {"name": "weak", "model": {"name": "ziletti"}, "train": {"descriptor": "spot"}},
            {"name": "strong", "model": {"name": "alexnet"}, "train": {"descriptor": "spot"}},
        ],
        "classes": SETS,
        "splits": ["random", "prototype"],
    },
}


def write_grid(folder: Path) -> Settings:
    """Write config.yaml, grid/ and the crystals per space group; return the settings of the run."""
    settings = settings_from_mapping(SETTINGS, "trial")
    write_settings(settings, folder / "config.yaml")
    groups = [*SETS["many"], 229]
    population = pd.DataFrame({"spacegroup": groups, "crystals": [CRYSTALS] * len(groups)})
    (folder / "statistics").mkdir()
    population.to_csv(folder / "statistics" / "per_space_group.csv", index=False)
    for name in experiment_settings(settings):
        network, classes, method = name.split("-")
        _write_experiment(folder / "grid" / name, SETS[classes], SKILLS[network])
        if (classes, method) == ("many", "random"):
            _write_unseen(folder / "grid" / name / "unseen", SKILLS[network])
    return settings


def _write_experiment(folder: Path, groups: tuple[int, ...], skill: float) -> None:
    rng = np.random.default_rng(0)
    label = np.arange(CRYSTALS * len(groups)) % len(groups)
    split = pd.DataFrame(
        {
            "row": np.arange(len(label)),
            "material_id": [f"{number:04d}" for number in range(len(label))],
            "spacegroup": np.array(groups)[label],
            "class": np.array(groups)[label],
            "label": label,
            "part": np.resize(["test", "train", "train", "validation", "train"], len(label)),
        }
    )
    (folder / "model").mkdir(parents=True)
    split.to_csv(folder / "model" / "split.csv", index=False)
    test = split.loc[split["part"] == "test", "label"]
    logits = rng.normal(size=(len(test), len(groups)))
    logits[np.arange(len(test)), test] += skill
    exponentials = np.exp(logits)
    probabilities = exponentials / exponentials.sum(axis=1, keepdims=True)
    scores = score_answers(split, probabilities, "spacegroup", np.array(groups), seed=0)
    (folder / "evaluation").mkdir()
    write_scores(scores, folder / "evaluation")


def _write_unseen(folder: Path, skill: float) -> None:
    folder.mkdir()
    summary = {"unseen_groups": 3, "reference_crystals": 20, "test_crystals": 19}
    (folder / "metrics.json").write_text(json.dumps(summary))
    k = np.arange(1, 4)
    table = pd.DataFrame({"k": k, "accuracy": 0.3 + 0.1 * skill * k / 3, "chance": k / 3})
    table["low"], table["high"] = table["accuracy"] - 0.05, table["accuracy"] + 0.05
    for name in ("accuracy", "low", "high"):
        table[f"untrained_{name}"] = table[name] - 0.2
    table.to_csv(folder / "top_k.csv", index=False)
    per_class = {"class": [3, 69, 229], "reference_crystals": [7, 7, 6], "crystals": [7, 6, 6]}
    pd.DataFrame(per_class).to_csv(folder / "per_class.csv", index=False)
