"""The benchmark of the workflow, on few crystals."""

import numpy as np
import pytest

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import write_crystals


@pytest.mark.slow
def test_costs_are_measured_and_projected(benchmark, tmp_path) -> None:
    crystals = [
        Crystal(str(n), np.eye(3) * (3 + 0.01 * n), ("Po",), np.zeros((1, 3))) for n in range(9)
    ]
    write_crystals(tmp_path / "in.jsonl.gz", crystals)
    sizes = ("--crystals", 4, "--crystals", 8)
    results = benchmark("workflow", "--structures", tmp_path / "in.jsonl.gz", *sizes)
    assert [run["crystals"] for run in results["runs"]] == [4, 8]
    assert results["single_jobs"]["crystals"] == 9
    assert min(results["single_jobs"]["cpu_seconds"].values()) > 0
    for run, projected in zip(results["runs"], results["projected"], strict=False):
        blocks = run["stages"]["simulate"]["jobs"]
        assert run["stages"]["standardise"]["jobs"] == blocks
        assert run["files"]["raw_shards"] == 2 * blocks
        assert projected["seconds"] == pytest.approx(run["seconds"])
        assert projected["bytes"] == pytest.approx(sum(run["bytes"].values()))
