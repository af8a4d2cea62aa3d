import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
Benchmark = Callable[..., dict[str, Any]]


@pytest.fixture
def benchmark(tmp_path: Path) -> Benchmark:
    """Run a benchmark, such as `shape`, with arguments, and return the results it writes."""

    def run(name: str, *arguments: object) -> dict[str, Any]:
        command = [sys.executable, BENCHMARKS / f"bench_{name}.py", *map(str, arguments)]
        done = subprocess.run(
            [*command, "--output", tmp_path / "out"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        results = (tmp_path / "out" / f"{name}.json").read_text()
        # They are published.
        assert str(tmp_path) not in results
        for picture in (tmp_path / "out").glob("*.png"):
            assert picture.stat().st_size > 10_000
        found: dict[str, Any] = json.loads(results)
        return found

    return run
