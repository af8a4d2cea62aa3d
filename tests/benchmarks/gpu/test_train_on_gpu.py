"""The whole run, on a processor, by a Python that has no more packages than a GPU's."""

import json
import os
import subprocess
from pathlib import Path

import pandas as pd
import pytest
import yaml
from programs import call
from small_run import CONFIG

from spacegrouper.dataset.dataset import Dataset
from spacegrouper.settings import load_settings
from spacegrouper.training.split import split_dataset

GPU = Path(__file__).parents[3] / "benchmarks/gpu"


@pytest.fixture
def bare_python() -> str:
    python = os.environ.get("SPACEGROUPER_JAX_PYTHON")
    if python is None:
        pytest.skip("JAX is not locked: SPACEGROUPER_JAX_PYTHON names a Python 3.12 that has it")
    if not (GPU / "travels/wheels").is_dir():
        pytest.skip("needs the wheels of benchmarks/gpu/fetch_wheels.sh")
    return python


@pytest.mark.slow
def test_a_run_is_measured_alike_by_the_workflow(bare_python: str, tmp_path: Path) -> None:
    """Patterns, split, network and scores: JAX and a file of cells, or TensorFlow and a dataset."""
    config, structures, ours = tmp_path / "config.yaml", tmp_path / "s.jsonl.gz", tmp_path / "ours"
    train = CONFIG["train"] | {"batch_size": 32, "epochs": 100, "schedule": "cosine"}
    config.write_text(yaml.safe_dump(CONFIG | {"train": train}))

    def run(stage: str, *arguments: object) -> None:
        ended = call(stage, "--config", config, *arguments)
        assert ended.returncode == 0, ended.stderr

    rejected = ("--rejected", tmp_path / "rejected.csv")
    run("acquire", "--output", tmp_path / "a.jsonl.gz", *rejected)
    run("standardise", "--structures", tmp_path / "a.jsonl.gz", "--output", structures, *rejected)
    run("pack_cells", "--structures", structures, "--output", tmp_path / "cells.npz")
    options = ("--cells", tmp_path / "cells.npz", "--output", ours, "--seconds", "200")
    done = subprocess.run(
        [GPU / "run.sh", *options],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHON": bare_python},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((ours / "run.json").read_text())
    assert sum(report["seconds"].values()) < 200
    assert report["training"]["epochs"] > 1

    run("plan", "--structures", structures, "--output", tmp_path / "blocks")
    raw = [tmp_path / f"raw/{block.name[:6]}.h5" for block in (tmp_path / "blocks").glob("*.gz")]
    for shard in raw:
        block = tmp_path / "blocks" / f"{shard.stem}.jsonl.gz"
        run("simulate", "--structures", block, "--output", shard)
    store = ("--dataset", tmp_path / "data.zarr")
    run("shape", "--raw", *sorted(raw), "--output", tmp_path / "data.zarr", "--workers", 1)
    run("evaluate", *store, "--model", ours, "--output", tmp_path / "theirs")

    settings = load_settings(config)
    split = split_dataset(Dataset(tmp_path / "data.zarr"), settings.split, settings.seed)
    written = pd.read_csv(ours / "model/split.csv", keep_default_na=False)
    assert written["part"].tolist() == split["part"].tolist()
    scores = [
        json.loads((folder / "metrics.json").read_text())
        for folder in (ours / "evaluation", tmp_path / "theirs")
    ]
    assert set(scores[0]) < set(scores[1])
    assert scores[0].pop("label") == scores[1].pop("label")
    for name, value in scores[0].items():
        assert scores[1][name] == pytest.approx(value, rel=1e-4), name
    answers = [
        pd.read_csv(folder / "predictions.csv")
        for folder in (ours / "evaluation", tmp_path / "theirs")
    ]
    pd.testing.assert_frame_equal(*answers, atol=1e-4)
