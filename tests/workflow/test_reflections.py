"""config/reflections_small.yaml run for real: the workflow on intensities by index."""

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from spacegrouper.dataset.dataset import Dataset

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("rule", "kind", "file"),
    [("train_ranker", "lists", "ranker"), ("train_zone_ranker", "zones", "zone_ranker")],
)
def test_a_ranker_is_trained_on_the_run_s_crystals_where_it_is_asked_for(
    workflow, rule: str, kind: str, file: str
) -> None:
    settings = yaml.safe_load((ROOT / "config/reflections_small.yaml").read_text())
    said = workflow.run(settings, "--dry-run", "--printshellcmds", rule)
    jobs = set(re.findall(r"^(\w+) +\d+$", said, re.M))
    assert jobs == {"fix_settings", "acquire", "plan", "collect", rule, "total"}
    folder = f"results/{settings['name']}"
    (command,) = re.findall("python scripts/train_ranker.*", said)
    assert f"--structures {folder}/structures/standardised.jsonl.gz" in command
    seed = settings.get("seed", 0)
    assert f"--output {folder}/ranker/{file}.npz --kind {kind} --seed {seed}" in command


@pytest.mark.slow
def test_the_network_names_space_groups(lasting_workflow) -> None:
    settings: dict[str, Any] = yaml.safe_load((ROOT / "config/reflections_small.yaml").read_text())
    lasting_workflow.run(settings)
    results = lasting_workflow.folder / "results" / settings["name"]
    dataset = Dataset(results / "dataset.zarr")
    assert dataset.shape == (9, 17, 17)
    assert set(dataset.read(slice(0, 2))) == {"raw", "cell"}
    labels = json.loads((results / "model" / "labels.json").read_text())
    assert labels["presentation"]["descriptor"] == "symmetry"
    assert len(pd.read_csv(results / "model" / "history.csv")) == settings["train"]["epochs"]
    metrics = json.loads((results / "evaluation" / "metrics.json").read_text())
    assert metrics["test_crystals"] == 6
    assert metrics["top_1_accuracy"] > metrics["chance_accuracy"]
    assert (results / "report" / "samples.html").is_file() or list(results.glob("**/samples.html"))
