"""The benchmark on few crystals: it runs, and ours are gemmi's intensities."""

import numpy as np
import pytest

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import write_crystals


@pytest.mark.slow
def test_intensities_agree_with_gemmis(benchmark, tmp_path) -> None:
    sites = np.array([[0, 0, 0], [0.5, 0.5, 0.5]])
    crystals = [
        Crystal(halogen, edge * np.eye(3), ("Cs", halogen), sites)
        for halogen, edge in (("Cl", 4.12), ("Br", 4.30), ("I", 4.57))
    ]
    write_crystals(tmp_path / "three.jsonl.gz", crystals)
    results = benchmark("reflections", "--crystals", 3, "--structures", tmp_path / "three.jsonl.gz")
    assert results["crystals"]["count"] == 3
    assert results["largest_difference_from_gemmi"] < 1e-5
