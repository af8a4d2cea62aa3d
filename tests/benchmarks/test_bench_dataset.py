"""The benchmark on few crystals: it runs, and what does not depend on the machine is right."""

import pytest


@pytest.mark.slow
def test_every_layout_is_measured(benchmark) -> None:
    results = benchmark("dataset", "--crystals", 64, "--rounds", 1, "--batches", 1)
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
        assert layout["random_images_per_second"] == 6 * layout["random_crystals_per_second"]
        assert codec == "none" or layout["bytes_per_crystal"] < uncompressed / 10
