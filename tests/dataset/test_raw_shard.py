import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacegrouper.contract.engine import Patterns
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.dataset.raw_shard import (
    RowLabels,
    labels_of,
    read_raw_patterns,
    read_raw_rows,
    write_raw_shard,
)
from spacegrouper.errors import UserError

MORPHOLOGY = {"settings": {"simulate": {"engine": "morphology"}}}


def test_what_is_written_is_read(raw_shards) -> None:
    path = raw_shards.write("000000.h5", range(6))
    patterns = raw_shards.patterns(range(6))
    rows = read_raw_rows(path)
    assert rows.material_id.tolist() == [f"crystal-{i}" for i in range(6)]
    assert rows.status.tolist() == [1, 1, 1, 1, 2, 1]
    assert rows.spacegroup.tolist() == [225] * 6
    assert rows.text_labels["prototype"].tolist() == ["AB_225_a_b"] * 6
    assert rows.made_with["settings"]["simulate"]["wavelength"] == 3.5e-12
    np.testing.assert_array_equal(rows.intensity_max, patterns.intensity_max)
    np.testing.assert_array_equal(read_raw_patterns(path, 2, 5), patterns.values[2:5])


def test_a_viewer_finds_the_patterns_by_the_nexus_attributes(raw_shards) -> None:
    with h5py.File(raw_shards.write("000000.h5", range(2))) as file:
        entry = file[file.attrs["default"]]
        data = entry[entry.attrs["default"]]
        signal = data[data.attrs["signal"]]
        assert signal.dtype == np.uint8
        assert signal.shape == (2, 3, 32, 32)
        assert len(data.attrs["axes"]) == signal.ndim


@pytest.mark.parametrize(
    ("simulate", "units"),
    [({}, "photons/pixel"), ({"form_factors": "electron"}, "electrons/pixel")],
)
def test_the_brightest_pixel_is_counted_in_what_was_scattered(tmp_path, simulate, units) -> None:
    made = {"settings": {"simulate": {"engine": "kinematic"} | simulate}}
    values = Patterns(np.ones((1, 1, 2, 2), np.uint8), np.ones((1, 1)), ("",))
    write_raw_shard(tmp_path / "0.h5", RowLabels(["a"], [1]), [values], made)
    with h5py.File(tmp_path / "0.h5") as file:
        assert file["entry/intensity_max"].attrs["units"] == units


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_rows_that_are_no_crystals_can_be_written(tmp_path: Path, dtype) -> None:
    labels = RowLabels(["7", "8"], [1, 230], {"crystal_system": ["triclinic", "cubic"]})
    values = np.arange(2 * 3 * 5, dtype=dtype).reshape(2, 1, 3, 5)
    batches = [
        Patterns(values[:1], np.full((1, 1), np.nan), ("",)),
        Patterns(values[1:], np.full((1, 1), np.nan), ("cut short",)),
    ]
    path = tmp_path / "0.h5"
    assert write_raw_shard(path, labels, batches, MORPHOLOGY) == {"8": "cut short"}
    rows = read_raw_rows(path)
    assert rows.material_id.tolist() == ["7", "8"]
    assert rows.spacegroup.tolist() == [1, 230]
    assert rows.status.tolist() == [1, 2]
    assert rows.text_labels["crystal_system"].tolist() == ["triclinic", "cubic"]
    assert rows.text_labels["prototype"].tolist() == ["", ""]
    assert (rows.pattern_shape, rows.pattern_dtype) == ((1, 3, 5), np.dtype(dtype))
    np.testing.assert_array_equal(read_raw_patterns(path, 0, 2), values)
    with h5py.File(path) as file:
        assert "units" not in file["entry/intensity_max"].attrs


def test_a_writer_that_is_interrupted_leaves_nothing(raw_shards, tmp_path: Path) -> None:
    def batches():
        yield raw_shards.patterns(range(2))
        raise KeyboardInterrupt

    labels = labels_of([raw_shards.crystal(number) for number in range(4)])
    with pytest.raises(KeyboardInterrupt):
        write_raw_shard(tmp_path / "0.h5", labels, batches(), {})
    assert not list(tmp_path.iterdir())


METADATA = st.dictionaries(
    st.sampled_from(["group", "prototype", "other"]),
    st.none() | st.text() | st.integers() | st.booleans() | st.lists(st.integers()),
)


@given(st.lists(METADATA, min_size=1, max_size=4))
def test_any_value_becomes_a_label(tmp_path_factory, metadata: list[dict]) -> None:
    crystals = [
        Crystal(str(row), np.eye(3), ("Na",), np.zeros((1, 3)), values)
        for row, values in enumerate(metadata)
    ]
    path = tmp_path_factory.mktemp("labels") / "0.h5"
    patterns = Patterns(
        np.zeros((len(crystals), 1, 1, 1), np.uint8),
        np.zeros((len(crystals), 1)),
        ("",) * len(crystals),
    )
    write_raw_shard(path, labels_of(crystals, ["group"]), [patterns], {})
    rows = read_raw_rows(path)
    assert rows.further_labels == ("group",)
    for name in ("group", "prototype"):
        values = [entry.get(name) for entry in metadata]
        # Of a text, only what no file can hold is changed.
        expected = ["" if value is None else str(value).replace("\0", "?") for value in values]
        assert rows.text_labels[name].tolist() == expected


def test_text_that_is_no_unicode_becomes_a_label_too(raw_shards) -> None:
    """JSON can hold halves of surrogate pairs, UTF-8 cannot."""
    crystal = raw_shards.crystal(0)
    crystal.metadata["group"] = json.loads('"\\ud800a"')
    assert labels_of([crystal], ["group"]).text_labels["group"] == ["?a"]


@pytest.mark.parametrize(
    "name", ["", "a/b", "..", "../x", "material group", ".hidden", "a\n", "\0"]
)
def test_a_name_that_could_lead_elsewhere_is_no_label(raw_shards, tmp_path: Path, name) -> None:
    labels = labels_of([raw_shards.crystal(0)], [name])
    with pytest.raises(UserError, match=r"standardise.labels: .* cannot be the name of a label"):
        write_raw_shard(tmp_path / "0.h5", labels, [raw_shards.patterns(range(1))], {})
    assert not list(tmp_path.iterdir())


def test_the_same_block_makes_the_same_bytes(raw_shards) -> None:
    first, second = (raw_shards.write(name, range(3)) for name in ("a.h5", "b.h5"))
    assert first.read_bytes() == second.read_bytes()


def test_patterns_and_ids_are_enough(tmp_path: Path) -> None:
    path = tmp_path / "foreign.h5"
    with h5py.File(path, "w") as file:
        file["entry/data/data"] = np.zeros((2, 3, 8, 8), dtype=np.uint8)
        file["entry/material_id"] = ["one", "two"]
    rows = read_raw_rows(path)
    assert rows.material_id.tolist() == ["one", "two"]
    assert rows.status.tolist() == [1, 1]
    assert rows.spacegroup.tolist() == [0, 0]
    assert rows.text_labels["crystal_system"].tolist() == ["", ""]


def test_a_damaged_file_is_named(raw_shards, tmp_path: Path) -> None:
    whole = raw_shards.write("000000.h5", range(2)).read_bytes()
    path = tmp_path / "damaged.h5"
    for content in (whole[: len(whole) // 2], b"not HDF5", b""):
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"damaged\.h5"):
            read_raw_rows(path)


@pytest.mark.parametrize(
    ("patterns", "ids", "message"),
    [
        (np.zeros((2, 8, 8), np.uint8), ["a", "b"], "must be uint8"),
        (np.zeros((2, 3, 8, 8), np.float32), ["a", "b"], "must be uint8"),
        (np.zeros((2, 3, 8, 8), np.uint8), ["a"], "one string for each crystal"),
        (np.zeros((2, 3, 8, 8), np.uint8), None, "has no /entry/material_id"),
    ],
)
def test_a_file_of_another_layout_is_refused(tmp_path: Path, patterns, ids, message: str) -> None:
    path = tmp_path / "foreign.h5"
    with h5py.File(path, "w") as file:
        file["entry/data/data"] = patterns
        if ids:
            file["entry/material_id"] = ids
    with pytest.raises(UserError, match=message):
        read_raw_rows(path)


def test_a_file_of_an_earlier_version_is_refused(raw_shards) -> None:
    path = raw_shards.write("0.h5", range(2))
    with h5py.File(path, "a") as file:
        del file["entry"].attrs["made_with"]
        file["entry"].attrs["program"] = "spacegrouper"
    with pytest.raises(UserError, match=r"0\.h5: made by an earlier version.*simulate it anew"):
        read_raw_rows(path)
