"""The benchmark on two crystals: it runs, and what it compares is the same quantity."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_benchmark_runs_and_the_direct_sum_agrees(tmp_path: Path) -> None:
    records = [
        {
            "id": element,
            "lattice": [[edge, 0, 0], [0, edge, 0], [0, 0.5, edge]],
            "species": [element, "O"],
            "frac_coords": [[0, 0, 0], [0.4, 0.5, 0.6]],
        }
        for element, edge in (("Mg", 4.0), ("Ca", 4.8))
    ]
    path = tmp_path / "two.jsonl.gz"
    path.write_bytes(gzip.compress("".join(json.dumps(r) + "\n" for r in records).encode()))
    command = [sys.executable, str(ROOT / "benchmarks" / "bench_simulate.py")]
    command += ["--structures", str(path), "--crystals", "2", "--output", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "out" / "simulate.json").read_text())
    assert results["crystals"]["count"] == 2
    assert results["crystals"]["source"] == "two.jsonl.gz"
    assert results["direct_sum"]["largest_difference_from_ours"] < 1e-10
    assert results["times_faster_than"]["8_bit"]["direct_sum"] > 1
    assert str(tmp_path) not in json.dumps(results)
    for name in ("simulate.svg", "simulate.png"):
        assert (tmp_path / "out" / name).stat().st_size > 10_000
