"""The benchmark on few crystals: it runs, and what does not depend on the machine is right."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_benchmark_runs_and_every_layout_is_measured(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "bench_dataset.py"), "--crystals", "64"]
    command += ["--rounds", "1", "--batches", "1", "--output", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "out" / "dataset.json").read_text())
    assert results["crystals"] == {"source": "prototypes", "count": 64}
    assert results["arrays"] == {name: [64, 3, 256, 256] for name in ("raw", "shaped")}
    layouts = {(layout["chunk_rows"], layout["codec"]): layout for layout in results["layouts"]}
    assert {rows for rows, _ in layouts} == {1, 4, 8, 16, 64}
    assert len({codec for _, codec in layouts}) == 7
    uncompressed = 2 * 3 * 256 * 256
    # The index of a shard and the checksums are all that is added.
    assert 0 <= layouts[8, "none"]["bytes_per_crystal"] - uncompressed < 100
    for (_, codec), layout in layouts.items():
        assert layout["files"] == 2
        assert layout["write_mb_per_second"] > 0
        assert layout["random_images_per_second"] == 6 * layout["random_crystals_per_second"] > 0
        assert codec == "none" or layout["bytes_per_crystal"] < uncompressed / 10
    assert str(tmp_path) not in json.dumps(results)
    for name in ("dataset.svg", "dataset.png"):
        assert (tmp_path / "out" / name).stat().st_size > 10_000
