"""A run that trains on synthetic crystals besides its own: the workflow on them for real."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from spacegrouper.dataset.dataset import Dataset

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def test_synthetic_crystals_are_in_the_training_set_alone(lasting_workflow) -> None:
    settings: dict[str, Any] = yaml.safe_load((ROOT / "config/reflections_small.yaml").read_text())
    settings["train"] |= {"ranks": 1, "epochs": 1}
    real = lasting_workflow.folder / "results" / settings["name"]
    lasting_workflow.run(settings, f"results/{settings['name']}/model/split.csv")
    settings |= {
        "name": "both",
        "acquire": {
            "source": "synthetic",
            "path": str(real / "structures" / "standardised.jsonl.gz"),
            "split": str(real / "model" / "split.csv"),
            "crystals": 30,
        },
        "standardise": {"labels": ["synthetic"]},
        "split": settings["split"] | {"training_only": "synthetic"},
    }
    lasting_workflow.run(settings)
    both = lasting_workflow.folder / "results" / "both"
    dataset = Dataset(both / "dataset.zarr")
    assert (dataset.label("synthetic") == "yes").tolist() == [False] * 60 + [True] * 30
    columns = ["material_id", "label", "part"]
    before = pd.read_csv(real / "model" / "split.csv")[columns]
    split = pd.read_csv(both / "model" / "split.csv")[columns]
    pd.testing.assert_frame_equal(split[:60], before)
    assert split[60:]["part"].tolist() == ["train"] * 30
    # They have the space groups that they were drawn for.
    logs = [path.read_text() for path in (both / "logs" / "standardise").glob("*.log")]
    assert len(logs) == 6  # blocks of 16 crystals
    assert not any("say" in log for log in logs)
