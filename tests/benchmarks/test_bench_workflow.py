"""The benchmark of the workflow, on few crystals."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import write_crystals

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "bench_workflow.py"


@pytest.mark.slow
def test_costs_are_measured_and_projected(tmp_path: Path) -> None:
    crystals = [
        Crystal(str(n), np.eye(3) * (3 + 0.01 * n), ("Po",), np.zeros((1, 3))) for n in range(9)
    ]
    write_crystals(tmp_path / "in.jsonl.gz", crystals)
    sizes = ("--crystals", "4", "--crystals", "8")
    command = [sys.executable, SCRIPT, "--structures", tmp_path / "in.jsonl.gz", *sizes]
    done = subprocess.run(
        [*command, "--output", tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "workflow.json").read_text())
    assert [run["crystals"] for run in results["runs"]] == [4, 8]
    for run, projected in zip(results["runs"], results["projected"], strict=False):
        assert run["stages"]["simulate"]["jobs"] == 1
        assert run["files"]["raw_shards"] == 2
        assert projected["seconds"] == pytest.approx(run["seconds"])
        assert projected["bytes"] == pytest.approx(sum(run["bytes"].values()))
