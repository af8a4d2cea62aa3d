"""The benchmark on few patterns: it runs, and what it compares has the same values."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_benchmark_runs_and_plain_numpy_agrees(tmp_path: Path) -> None:
    excerpt = ROOT / "tests" / "techniques" / "patterns" / "shaping_excerpt.npz"
    command = [sys.executable, str(ROOT / "benchmarks" / "bench_shape.py")]
    command += ["--patterns", str(excerpt), "--rounds", "1", "--output", str(tmp_path / "out")]
    # The program itself fails where its values and plain NumPy's differ.
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "out" / "shape.json").read_text())
    assert results["patterns"]["source"] == "shaping_excerpt.npz"
    assert results["patterns"]["count"] == 9
    for measured in results["methods"].values():
        assert measured["times_faster_than_plain_numpy"] > 1
    all_bright = [r for r in results["worst_cases"] if r["pattern"] == "all pixels bright"]
    assert [record["bright_pixels"] for record in all_bright] == [65536, 65536]
    assert str(tmp_path) not in json.dumps(results)
    for name in ("shape.svg", "shape.png"):
        assert (tmp_path / "out" / name).stat().st_size > 10_000
