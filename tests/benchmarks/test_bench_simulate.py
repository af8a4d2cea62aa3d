"""The benchmark on two crystals: it runs, and what it compares is the same quantity."""

import numpy as np
import pytest

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import write_crystals


@pytest.mark.slow
def test_the_direct_sum_agrees(benchmark, tmp_path) -> None:
    sites = np.array([[0, 0, 0], [0.4, 0.5, 0.6]])
    crystals = [
        Crystal(
            element,
            np.array([[edge, 0, 0], [0, edge, 0], [0, 0.5, edge]]),
            (element, "O"),
            sites,
        )
        for element, edge in (("Mg", 4.0), ("Ca", 4.8))
    ]
    write_crystals(tmp_path / "two.jsonl.gz", crystals)
    results = benchmark("simulate", "--structures", tmp_path / "two.jsonl.gz", "--crystals", 2)
    assert results["crystals"]["count"] == 2
    assert results["crystals"]["source"] == "two.jsonl.gz"
    assert results["direct_sum"]["largest_difference_from_ours"] < 1e-10
