import base64
import csv
import io
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image
from small_dataset import patterns_settings, write_small_dataset

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.dataset.export import export_csv, export_hdf5, select_rows
from spacegrouper.dataset.made_with import made_with
from spacegrouper.dataset.raw_shard import (
    labels_of,
    read_raw_patterns,
    read_raw_rows,
    write_raw_shard,
)
from spacegrouper.errors import UserError
from spacegrouper.settings import Standardise, settings_from_mapping


@pytest.fixture
def dataset(raw_shards, datasets, tmp_path: Path) -> Dataset:
    datasets.make(tmp_path / "dataset.zarr", [raw_shards.write("0.h5", range(10))])
    return Dataset(tmp_path / "dataset.zarr")


@pytest.mark.parametrize(
    ("spacegroups", "ids", "rows"),
    [
        ((), (), [0, 1, 2, 3, 5, 6, 7, 8, 9]),  # row 4 was rejected
        ((225,), (), [0, 1, 2, 3, 5, 6, 7, 8, 9]),
        ((1,), ("crystal-7", "crystal-2"), [2, 7]),
        ((), ("crystal-4", "crystal-2"), [2]),
    ],
)
def test_selects_what_is_asked_for_and_done(dataset, spacegroups, ids, rows) -> None:
    assert select_rows(dataset, spacegroups, ids).tolist() == rows


def test_a_selection_of_nothing_is_refused(dataset) -> None:
    with pytest.raises(UserError, match="--id crystal-99: no such crystal"):
        select_rows(dataset, (), ("crystal-1", "crystal-99"))
    with pytest.raises(UserError, match="no crystal of this selection"):
        select_rows(dataset, (1,), ())


def test_a_viewer_finds_both_plots_with_their_axes(dataset, tmp_path: Path) -> None:
    rows = np.array([2, 7])
    counted: list[int] = []
    export_hdf5(dataset, rows, tmp_path / "out.h5", counted.append)
    assert sum(counted) == 2
    with h5py.File(tmp_path / "out.h5") as file:
        entry = file[file.attrs["default"]]
        assert entry[entry.attrs["default"]] == entry["data"]
        for group, source in (("data", "raw"), ("shaped", "shaped")):
            plot = entry[group]
            assert plot.attrs["NX_class"] == "NXdata"
            signal = plot[plot.attrs["signal"]]
            np.testing.assert_array_equal(signal[:], dataset.read(rows)[source])
            axes = [plot[name] for name in plot.attrs["axes"]]
            assert tuple(axis.size for axis in axes) == signal.shape
            assert axes[0][:].tolist() == [2, 7]


def test_of_powders_only_what_there_is_is_exported(powder_shards, datasets, tmp_path: Path) -> None:
    powder_shards.settings = powder_shards.settings.model_copy(
        update={"standardise": Standardise(labels=("number",))}
    )
    datasets.make(tmp_path / "dataset.zarr", [powder_shards.write("0.h5", range(5))])
    dataset = Dataset(tmp_path / "dataset.zarr")
    export_hdf5(dataset, np.array([1, 3]), tmp_path / "out.h5", lambda count: None)
    with h5py.File(tmp_path / "out.h5") as file:
        assert "shaped" not in file["entry"]
        assert file["entry/intensity_max"].attrs["units"] == "electrons^2"
    exported = read_raw_rows(tmp_path / "out.h5")
    assert exported.made_with == read_raw_rows(tmp_path / "0.h5").made_with
    assert exported.text_labels["number"].tolist() == ["1", "3"]
    patterns = powder_shards.patterns(range(5)).values[[1, 3]]
    np.testing.assert_array_equal(read_raw_patterns(tmp_path / "out.h5", 0, 2), patterns)


def test_it_reads_as_a_raw_shard(dataset, raw_shards, tmp_path: Path) -> None:
    export_hdf5(dataset, np.arange(3), tmp_path / "out.h5", lambda count: None)
    original, exported = (read_raw_rows(tmp_path / name) for name in ("0.h5", "out.h5"))
    # It also says how the shaped patterns beside them were made.
    assert exported.made_with["settings"].items() >= original.made_with["settings"].items()
    assert exported.material_id.tolist() == original.material_id[:3].tolist()
    assert exported.text_labels["prototype"].tolist() == ["AB_225_a_b"] * 3
    np.testing.assert_array_equal(exported.intensity_max, original.intensity_max[:3])
    patterns = raw_shards.patterns(range(3)).values
    np.testing.assert_array_equal(read_raw_patterns(tmp_path / "out.h5", 0, 3), patterns)


def test_a_csv_file_holds_every_pixel(dataset, raw_shards, tmp_path: Path) -> None:
    rows = select_rows(dataset, (), ())
    counted: list[int] = []
    export_csv(dataset, rows, tmp_path / "data.csv", counted.append)
    assert sum(counted) == 9
    with (tmp_path / "data.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["id"] for line in lines] == [f"crystal-{row}" for row in rows]
    assert {line["spacegroup"] for line in lines} == {"225"}
    patterns = raw_shards.patterns(range(10)).values[rows]
    for line, views in zip(lines, patterns, strict=True):
        image = Image.open(io.BytesIO(base64.b64decode(line["bitmap"], validate=True)))
        assert (image.format, image.mode) == ("PNG", "L")
        np.testing.assert_array_equal(np.asarray(image), np.vstack(list(views)))


def test_a_csv_file_holds_levels_of_16_bits(tmp_path: Path) -> None:
    raw = np.arange(3 * 64 * 64, dtype=np.uint16).reshape(1, 3, 64, 64) * 5
    settings = patterns_settings(64, bit_depth=16)
    dataset = write_small_dataset(tmp_path / "dataset.zarr", raw, [225], settings)
    export_csv(dataset, np.arange(1), tmp_path / "data.csv", print)
    with (tmp_path / "data.csv").open(newline="") as file:
        (line,) = csv.DictReader(file)
    image = Image.open(io.BytesIO(base64.b64decode(line["bitmap"])))
    assert (image.format, image.mode) == ("PNG", "I;16")
    np.testing.assert_array_equal(np.asarray(image), np.vstack(list(raw[0])))


def test_what_is_no_grey_level_goes_into_no_csv_file(powder_shards, datasets, tmp_path) -> None:
    datasets.make(tmp_path / "dataset.zarr", [powder_shards.write("0.h5", range(3))])
    with pytest.raises(UserError, match="holds powder reflections, of uint16 values, which are no"):
        export_csv(Dataset(tmp_path / "dataset.zarr"), np.arange(3), tmp_path / "o.csv", print)
    assert not (tmp_path / "o.csv").exists()


def test_the_same_selection_makes_the_same_bytes(dataset, tmp_path: Path) -> None:
    for name in ("a.h5", "b.h5"):
        export_hdf5(dataset, np.arange(3), tmp_path / name, lambda count: None)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_rows_of_earlier_releases_are_left_out(raw_shards, datasets, tmp_path: Path) -> None:
    old = raw_shards.write("0.h5", range(4))
    new = raw_shards.write("1.h5", range(5, 7), {5: "crystal-2"})
    release = {f"crystal-{number}" for number in (0, 1, 2, 6)}
    datasets.make(tmp_path / "dataset.zarr", [old, new], release)
    dataset = Dataset(tmp_path / "dataset.zarr")
    assert select_rows(dataset, (), ()).tolist() == [0, 1, 4, 5]
    assert select_rows(dataset, (), ("crystal-2",)).tolist() == [4]
    with pytest.raises(UserError, match="no crystal of this selection"):
        select_rows(dataset, (), ("crystal-3",))


def test_what_else_was_measured_is_exported(datasets, tmp_path: Path) -> None:
    settings = settings_from_mapping(
        {
            "simulate": {"engine": "structure_factors"},
            "model": {"name": "zone_resnet", "image_size": 17},
            "train": {"descriptor": "zones"},
        },
        "",
    )
    crystals = [
        Crystal(f"{edge}", np.eye(3) * edge, ("Po",), np.zeros((1, 3))) for edge in (3, 4, 5)
    ]
    patterns = settings.engine.simulate(crystals, settings, 1)
    write_raw_shard(tmp_path / "0.h5", labels_of(crystals), patterns, made_with(settings))
    datasets.make(tmp_path / "dataset.zarr", [tmp_path / "0.h5"])
    dataset = Dataset(tmp_path / "dataset.zarr")
    export_hdf5(dataset, np.array([0, 2]), tmp_path / "out.h5", lambda count: None)
    cells = read_raw_rows(tmp_path / "out.h5").further["cell"]
    np.testing.assert_allclose(cells, [[3, 3, 3, 90, 90, 90], [5, 5, 5, 90, 90, 90]])
