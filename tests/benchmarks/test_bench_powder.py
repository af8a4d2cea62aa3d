"""The benchmark on few crystals: it runs, and ours draws what matplotlib does."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_benchmark_runs_and_images_agree(tmp_path: Path) -> None:
    records = [
        {
            "id": halogen,
            "species": ["Cs", halogen],
            "lattice": [[edge, 0, 0], [0, edge, 0], [0, 0, edge]],
            "frac_coords": [[0, 0, 0], [0.5, 0.5, 0.5]],
        }
        for halogen, edge in (("Cl", 4.12), ("Br", 4.30), ("I", 4.57))
    ]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (tmp_path / "crystals.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    command = [sys.executable, str(ROOT / "benchmarks" / "bench_powder.py"), "--crystals", "3"]
    command += ["--structures", str(tmp_path / "crystals.jsonl.gz")]
    command += ["--output", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "out" / "powder.json").read_text())
    assert results["crystals"]["count"] == 3
    assert results["drawing"]["times_faster_than_matplotlib"] > 1
    assert results["drawing"]["mean_absolute_difference_in_grey_levels"] < 0.1
    assert results["end_to_end"]["images_per_second"] > 0
    assert str(tmp_path) not in json.dumps(results)
