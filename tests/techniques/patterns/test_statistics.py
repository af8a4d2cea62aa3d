"""The statistics against counts made crystal by crystal, in plain Python."""

import statistics as plain
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies
from hypothesis.extra.numpy import arrays
from small_dataset import patterns_settings, write_small_dataset

from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError
from spacegrouper.techniques.patterns.settings import Shape
from spacegrouper.techniques.patterns.statistics import (
    MEASURES,
    Statistics,
    add_statistics,
    describe_dataset,
    histogram_table,
    measure_patterns,
    per_crystal_system_table,
    per_space_group_table,
    summary_table,
)

CRYSTALS, VIEWS, SIZE = 23, 2, 24


def write_dataset(path: Path, shard: int = 8, status: int = 1) -> Dataset:
    """Write crystals of three known space groups and an unknown one; two are not finished."""
    rng = np.random.default_rng(5)
    shape = (CRYSTALS, VIEWS, SIZE, SIZE)
    values = [
        (rng.integers(1, 256, shape, np.uint8) * (rng.random(shape) < share)).astype(np.uint8)
        for share in (0.05, 0.2)
    ]
    spacegroup = rng.choice([0, 14, 194, 225], CRYSTALS)
    statuses = np.full(CRYSTALS, status, dtype=np.uint8)
    statuses[[3, 17]] = 2, 0
    return write_small_dataset(
        path,
        values[0],
        spacegroup,
        patterns_settings(SIZE, views=[{"axis": axis, "angle": 45} for axis in "xy"]),
        chunk_rows=min(shard, 4),
        block_rows=shard,
        shaped=values[1],
        status=statuses,
        in_release=np.arange(CRYSTALS) != 5,
        prototype=rng.choice(["AB", "AB2", "A"], CRYSTALS),
    )


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return write_dataset(tmp_path / "data.zarr")


def nothing(_: int) -> None:
    pass


def finished(dataset: Dataset) -> dict[str, np.ndarray]:
    done = np.array([row for row in range(CRYSTALS) if row not in (3, 5, 17)])
    labels = {name: dataset.label(name)[done] for name in ("spacegroup", "prototype")}
    return {**dataset.read(done), **labels}


def count_components(bright: np.ndarray) -> int:
    """Count the connected components over eight neighbours, by flooding."""
    waiting = set(zip(*map(np.ndarray.tolist, np.nonzero(bright)), strict=True))
    components = 0
    while waiting:
        components += 1
        flood = [waiting.pop()]
        while flood:
            row, column = flood.pop()
            near = {(row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & waiting
            waiting -= near
            flood.extend(near)
    return components


def test_each_space_group_is_counted_and_its_brightness_averaged(dataset: Dataset) -> None:
    table = per_space_group_table(describe_dataset(dataset, 1, nothing), VIEWS * SIZE**2)
    rows = finished(dataset)
    assert table["spacegroup"].tolist() == [14, 194, 225]
    assert table["crystal_system"].tolist() == ["monoclinic", "hexagonal", "cubic"]
    for row in table.itertuples():
        own = rows["spacegroup"] == row.spacegroup
        assert row.crystals == own.sum()
        assert row.prototypes == len(set(rows["prototype"][own].tolist()))
        for name in ("raw", "shaped"):
            means = rows[name][own].mean(axis=(1, 2, 3)).tolist()
            assert getattr(row, f"{name}_brightness") == pytest.approx(plain.fmean(means))
            assert getattr(row, f"{name}_spread") == pytest.approx(plain.pstdev(means))


def test_crystal_systems_are_sums_over_their_space_groups(dataset: Dataset) -> None:
    groups = per_space_group_table(describe_dataset(dataset, 1, nothing), VIEWS * SIZE**2)
    table = per_crystal_system_table(groups).set_index("crystal_system")
    assert len(table) == 7
    assert table.loc["triclinic"].tolist() == [0, 0, 0]
    assert table.loc["cubic", "crystals"] == groups["crystals"].iloc[2]
    assert table["crystals"].sum() == groups["crystals"].sum()
    assert table["space_groups"].sum() == 3


def test_patterns_are_counted_over_finished_crystals_of_every_space_group(
    dataset: Dataset,
) -> None:
    table = summary_table(describe_dataset(dataset, 1, nothing))
    rows = finished(dataset)
    assert table[["measure", "view"]].to_records(index=False).tolist() == [
        (measure, view) for measure in MEASURES for view in range(VIEWS)
    ]
    lit = table[table["measure"] == "shaped_lit"].set_index("view")
    for view in range(VIEWS):
        values = np.count_nonzero(rows["shaped"][:, view], axis=(1, 2))
        assert lit.loc[view, "patterns"] == CRYSTALS - 3
        assert lit.loc[view, "mean"] == pytest.approx(values.mean())
        percentiles = [
            int(np.percentile(values, percent, method="inverted_cdf"))
            for percent in (0, 5, 50, 95, 100)
        ]
        names = ["minimum", "percent_5", "median", "percent_95", "maximum"]
        assert lit.loc[view, names].tolist() == percentiles


def test_histograms_hold_every_pattern_once(dataset: Dataset) -> None:
    statistics = describe_dataset(dataset, 1, nothing)
    table = histogram_table(statistics)
    for (_, _), part in table.groupby(["measure", "view"]):
        assert part["patterns"].sum() == CRYSTALS - 3
        assert part["first"].iloc[0] == 0
        assert (part["first"].iloc[1:].to_numpy() == part["last"].iloc[:-1].to_numpy() + 1).all()
    values = statistics.patterns["nodes", 0]
    part = table[(table["measure"] == "nodes") & (table["view"] == 0)]
    for row in part.itertuples():
        assert row.patterns == sum(
            count for value, count in values.items() if row.first <= value <= row.last
        )


@pytest.mark.parametrize("shard", [4, 12, 24])
def test_shards_and_threads_do_not_matter(tmp_path: Path, dataset: Dataset, shard: int) -> None:
    other = write_dataset(tmp_path / "other.zarr", shard)
    advanced: list[int] = []
    assert describe_dataset(other, 3, advanced.append) == describe_dataset(dataset, 1, nothing)
    assert sum(advanced) == CRYSTALS


def test_adding_nothing_changes_nothing(dataset: Dataset) -> None:
    statistics = describe_dataset(dataset, 1, nothing)
    assert add_statistics(statistics, Statistics()) == statistics


@given(arrays(np.uint8, (9, 9), elements=strategies.sampled_from([0, 1, 49, 50, 51, 255])))
def test_measures_of_a_pattern(raw: np.ndarray) -> None:
    settings = Shape(central_window=(4, 4))
    counts = measure_patterns(raw[None], raw[None], settings)
    outside = raw.astype(float)
    outside[4, 4] = 0
    normalised = outside * 256 / outside.max() if outside.max() else raw.astype(float)
    normalised[4, 4] = raw[4, 4]
    assert {measure: values.tolist() for measure, values in counts.items()} == {
        "raw_lit": [(raw > 0).sum()],
        "raw_bright": [(normalised >= 50).sum()],
        "shaped_lit": [(raw > 0).sum()],
        "shaped_bright": [(raw >= 50).sum()],
        "nodes": [count_components(normalised >= 50)],
    }


def test_spots_that_touch_at_a_corner_are_one_node() -> None:
    raw = np.zeros((8, 8), dtype=np.uint8)
    raw[1, 1] = raw[2, 2] = raw[5, 5] = 200
    counts = measure_patterns(raw, raw, Shape(central_window=(7, 7)))
    assert counts["nodes"] == 2


def test_a_damaged_chunk_is_one_line(tmp_path: Path, dataset: Dataset) -> None:
    shard = tmp_path / "data.zarr" / "shaped" / "c" / "1" / "0" / "0" / "0"
    content = bytearray(shard.read_bytes())
    content[20] ^= 1
    shard.write_bytes(content)
    with pytest.raises(UserError, match=r"data.zarr: `shaped` cannot be read from row") as caught:
        describe_dataset(dataset, 2, nothing)
    assert len(str(caught.value).splitlines()) == 1


def test_a_dataset_without_finished_crystals_is_refused(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "data.zarr", status=0)
    with pytest.raises(UserError, match="no finished crystal"):
        describe_dataset(dataset, 1, nothing)


def test_sums_too_large_for_64_bits_are_exact() -> None:
    grey = 10**13
    statistics = Statistics(
        crystals=Counter({225: 3}),
        grey=Counter({("raw", 225): 3 * grey}),
        grey_squared=Counter({("raw", 225): 3 * grey**2}),
    )
    table = per_space_group_table(statistics, 10**12)
    assert table["raw_brightness"].tolist() == [10.0]
    assert table["raw_spread"].tolist() == [0.0]
