from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st
from small_dataset import write_small_dataset

from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError
from spacegrouper.techniques.morphology.statistics import (
    BitmapStatistics,
    add_statistics,
    brightness_distribution_table,
    brightness_table,
    decidability_table,
    describe,
    mean_images,
    measure_bitmaps,
    measure_dataset,
    per_space_group_table,
    pixel_value_table,
    shared_bitmap_table,
)

VIEWS, SIZE = 2, 6
HABITS = {"simulate": {"engine": "morphology"}}
# Of which the first three are of one point group, 4/mmm and m-3m being two Laue classes.
GROUPS = (123, 129, 139, 221)


def bitmap(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (VIEWS, SIZE, SIZE), dtype=np.uint8)


def statistics_of(kinds: list[tuple[int, int]]) -> BitmapStatistics:
    """`kinds`: of each crystal its space group and which bitmap it has."""
    groups = np.array([group for group, _ in kinds])
    return measure_bitmaps(np.arange(len(kinds)), groups, np.stack([bitmap(n) for _, n in kinds]))


def test_what_can_be_decided_at_most() -> None:
    kinds = [(123, 0)] * 3 + [(129, 0)] * 2 + [(221, 0)] + [(221, 1)] * 4 + [(139, 2)]

    table = decidability_table(statistics_of(kinds)).set_index("level")

    assert (table["crystals"] == 11).all()
    assert (table["distinct_bitmaps"] == 3).all()
    assert (table["crystals_of_repeated"] == 10).all()
    # Of bitmap 0: three of group 123, or five of the point group 4/mmm, of six.
    assert table["ceiling"]["space group"] == pytest.approx((3 + 4 + 1) / 11)
    for level in ("point group", "Laue class", "crystal system"):
        assert table["ceiling"][level] == pytest.approx((5 + 4 + 1) / 11)
        assert table["ceiling_of_repeated"][level] == pytest.approx(9 / 10)
        assert table["majority"][level] == pytest.approx(6 / 11)
        assert table["classes"][level] == 2
    assert table["majority"]["space group"] == pytest.approx(5 / 11)
    assert table["shared_bitmaps"].tolist() == [1, 1, 1, 1]
    assert table["crystals_of_shared"].tolist() == [6, 6, 6, 6]


def test_a_point_group_can_be_decided_where_its_space_groups_cannot() -> None:
    table = decidability_table(statistics_of([(123, 0), (129, 0), (221, 1)])).set_index("level")

    assert table["ceiling"].tolist() == [pytest.approx(2 / 3), 1, 1, 1]
    assert table["shared_bitmaps"].tolist() == [1, 0, 0, 0]


def test_without_repeated_bitmaps_all_is_decided_and_nothing_said() -> None:
    table = decidability_table(statistics_of([(123, 0), (129, 1)]))

    assert (table["ceiling"] == 1).all()
    assert table["ceiling_of_repeated"].isna().all()


@given(st.lists(st.tuples(st.sampled_from(GROUPS), st.integers(0, 4)), min_size=1, max_size=40))
def test_no_classifier_passes_the_ceiling_and_one_reaches_it(kinds: list[tuple[int, int]]) -> None:
    table = decidability_table(statistics_of(kinds)).set_index("level")

    # Every classifier there is: a group for each bitmap.
    best = 0
    for number in {number for _, number in kinds}:
        best += max(sum(kind == (group, number) for kind in kinds) for group in GROUPS)
    assert table["ceiling"]["space group"] == pytest.approx(best / len(kinds))
    # Coarser classes are never harder.
    assert table["ceiling"].is_monotonic_increasing
    assert (table["majority"] <= table["ceiling"] + 1e-12).all()


def test_shared_bitmaps_are_named_with_their_crystals() -> None:
    kinds = [(123, 0), (129, 0), (129, 0), (221, 1), (139, 2), (123, 2)]

    table = shared_bitmap_table(statistics_of(kinds), [f"id {row}" for row in range(6)])

    assert table["crystals"].tolist() == [3, 2]
    assert table["spacegroups"].tolist() == [2, 2]
    assert table["crystals_of_each"].tolist() == ["129: 2, 123: 1", "123: 1, 139: 1"]
    assert table["examples"].tolist() == ["id 1 id 0", "id 5 id 4"]
    assert shared_bitmap_table(statistics_of([(1, 0), (2, 1)]), ["a", "b"]).empty


def test_brightness_is_that_of_numpy() -> None:
    kinds = [(GROUPS[number % 3], number) for number in range(20)]
    bitmaps = np.stack([bitmap(number) for _, number in kinds]).astype(float)
    statistics = statistics_of(kinds)

    table = brightness_table(statistics).set_index("view")
    groups = per_space_group_table(statistics).set_index("spacegroup")

    assert table.index.tolist() == ["all", "0", "1"]
    assert table["mean"]["all"] == pytest.approx(bitmaps.mean())
    assert table["mean"]["1"] == pytest.approx(bitmaps[:, 1].mean())
    of_crystals = bitmaps.mean(axis=(1, 2, 3))
    assert table["standard_deviation"]["all"] == pytest.approx(of_crystals.std())
    own = np.sort(of_crystals[np.array([group for group, _ in kinds]) == 129])
    assert groups["mean"][129] == pytest.approx(own.mean())
    assert groups["minimum"][129] == pytest.approx(own[0])
    assert groups["median"][129] == pytest.approx(own[(len(own) - 1) // 2])
    assert groups["crystals"].sum() == 20
    assert groups["crystal_system"][129] == "tetragonal"
    distribution = brightness_distribution_table(statistics)
    assert distribution["crystals"].sum() == 20
    for _, row in distribution.iterrows():
        within = (of_crystals >= row["from"]) & (of_crystals < row["below"])
        groups_of = np.array([group for group, _ in kinds])
        assert np.count_nonzero(within & (groups_of == row["spacegroup"])) == row["crystals"]


def test_pixels_are_counted_by_value_and_view() -> None:
    statistics = statistics_of([(123, 0), (221, 1)])

    table = pixel_value_table(statistics)

    for view in range(VIEWS):
        expected = Counter(np.stack([bitmap(0), bitmap(1)])[:, view].ravel().tolist())
        part = table[(table["view"] == view) & (table["pixels"] > 0)]
        assert dict(zip(part["value"], part["pixels"], strict=True)) == expected
    assert len(table) == 256 * VIEWS


def write_dataset(path: Path, block: int = 6) -> tuple[Dataset, list[tuple[int, int]]]:
    kinds = [(GROUPS[number % 4], number // 3) for number in range(20)]
    bitmaps = np.stack([bitmap(number) for _, number in kinds])
    numbers = [0 if row == 5 else group for row, (group, _) in enumerate(kinds)]
    status = np.array([2 if row == 7 else 1 for row in range(20)], dtype=np.uint8)
    dataset = write_small_dataset(path, bitmaps, numbers, HABITS, chunk_rows=block, status=status)
    return dataset, kinds


@pytest.mark.parametrize("block", [3, 6])
@pytest.mark.parametrize("workers", [1, 3])
def test_a_dataset_is_measured_like_its_crystals_together(
    tmp_path: Path, workers: int, block: int
) -> None:
    dataset, kinds = write_dataset(tmp_path / "data.zarr", block)
    used = [row for row in range(20) if row not in (5, 7)]
    expected = statistics_of([kinds[row] for row in used])
    told: list[int] = []

    found = measure_dataset(dataset, workers, told.append)

    assert sum(told) == 20
    assert found.row.tolist() == used
    for name in ("spacegroup", "brightness", "sha256", "pixel_values"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
    images = mean_images(found)
    assert list(images) == sorted(GROUPS)
    own = [bitmap(kinds[row][1]) for row in used if kinds[row][0] == 221]
    np.testing.assert_allclose(images[221], np.mean(own, axis=0))


def test_statistics_of_parts_add_up_in_any_order() -> None:
    kinds = [(123, 0), (129, 1), (221, 1), (123, 2)]
    whole = statistics_of(kinds)
    halves = [
        measure_bitmaps(
            rows, whole.spacegroup[rows], np.stack([bitmap(kinds[row][1]) for row in rows])
        )
        for rows in (np.array([0, 2]), np.array([1, 3]))
    ]

    for first, second in (halves, halves[::-1]):
        found = add_statistics(first, second)
        pd.testing.assert_frame_equal(decidability_table(found), decidability_table(whole))
        np.testing.assert_array_equal(found.row, whole.row)
        np.testing.assert_array_equal(found.sha256, whole.sha256)
        np.testing.assert_array_equal(found.grey[123], whole.grey[123])


def test_a_description_holds_what_the_technique_promises(tmp_path: Path) -> None:
    # Those of groups 216 and 225 look alike.
    raw = np.repeat([bitmap(0), bitmap(1)], 4, axis=0)
    groups = [216, 216, 225, 225, 194, 194, 194, 194]
    dataset = write_small_dataset(tmp_path / "data.zarr", raw, groups, HABITS)

    found = describe(dataset, 1, lambda _: None)

    assert found.tables.keys() == dataset.technique.tables.keys()
    assert found.figures.keys() == dataset.technique.figures.keys()
    assert found.summary == (
        "8 crystals in 3 space groups, 2 different bitmaps; any classifier is right for at most "
        "75.0 % of them"
    )
    assert found.tables["decidability"]["ceiling"].tolist() == [6 / 8, 6 / 8, 1, 1]
    assert found.tables["shared_bitmaps"]["examples"].tolist() == ["crystal-0 crystal-2"]


def test_what_is_no_dataset_of_bitmaps_is_a_users_mistake(tmp_path: Path) -> None:
    dataset, _ = write_dataset(tmp_path / "data.zarr")
    space_groups = zarr.open_array(tmp_path / "data.zarr" / "spacegroup")
    space_groups[:] = 0
    with pytest.raises(UserError, match="no finished crystal of a known space group"):
        measure_dataset(dataset, 1, lambda _: None)
    space_groups[:] = 1
    (tmp_path / "data.zarr" / "raw" / "c" / "1" / "0" / "0" / "0").write_bytes(b"damage")
    with pytest.raises(UserError, match="`raw` cannot be read from row 6"):
        measure_dataset(dataset, 1, lambda _: None)
    grey = np.zeros((3, 1, 1, 9), dtype=np.uint16)
    powders = write_small_dataset(tmp_path / "other.zarr", grey, [1, 1, 1], HABITS)
    with pytest.raises(UserError, match="uint16 patterns are no bitmaps"):
        measure_dataset(powders, 1, lambda _: None)
