"""The benchmark on few patterns: it runs, and what it compares has the same values."""

from pathlib import Path

import pytest

EXCERPT = Path(__file__).parents[1] / "techniques" / "patterns" / "shaping_excerpt.npz"


@pytest.mark.slow
def test_plain_numpy_agrees(benchmark) -> None:
    # The program itself fails where its values and plain NumPy's differ.
    results = benchmark("shape", "--patterns", EXCERPT, "--rounds", 1)
    assert results["patterns"]["source"] == "shaping_excerpt.npz"
    assert results["patterns"]["count"] == 9
    all_bright = [r for r in results["worst_cases"] if r["pattern"] == "all pixels bright"]
    assert [record["bright_pixels"] for record in all_bright] == [65536, 65536]
