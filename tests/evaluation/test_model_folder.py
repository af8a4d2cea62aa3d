import numpy as np
import pandas as pd
import pytest
from model_files import write_labels
from small_dataset import patterns_settings, write_small_dataset

from spacegrouper.dataset.made_with import with_defaults
from spacegrouper.errors import UserError
from spacegrouper.evaluation.model_folder import (
    check_rows,
    read_history,
    read_labels,
    read_parts,
    read_split,
    read_test_part,
    uncalibrated_because,
)
from spacegrouper.settings import Model, Simulate, Train, make_settings, write_settings
from spacegrouper.techniques.patterns.settings import Shape

SETTINGS = make_settings(
    seed=7, simulate=Simulate(pixels=64), model=Model(image_size=64), train=Train(resize="maximum")
)
CRYSTALS = {
    "raw": np.zeros((5, 3, 64, 64), dtype=np.uint8),
    "spacegroup": [62, 62, 225, 225, 225],
    "material_id": ["NA", "007", "mp-2", "mp-3", "mp-4"],
    "status": np.array([1, 1, 1, 1, 2], dtype=np.uint8),
}


@pytest.fixture
def dataset(tmp_path):
    return write_small_dataset(tmp_path / "dataset.zarr", **CRYSTALS)


@pytest.fixture
def model(tmp_path):
    write_labels(tmp_path, SETTINGS, [62, 225], best_epoch=3)
    split = pd.DataFrame(
        {
            "row": [2, 1, 0, 3],
            "material_id": ["mp-2", "007", "NA", "mp-3"],
            "spacegroup": [225, 62, 62, 225],
            "class": [225, 62, 62, 225],
            "label": [1, 0, 0, 1],
            "part": ["test", "train", "test", "validation"],
        }
    )
    split.to_csv(tmp_path / "split.csv", index=False)
    return tmp_path


def test_labels(model, dataset):
    labels = read_labels(model, dataset)
    assert labels.label == "spacegroup"
    assert labels.classes.tolist() == [62, 225]
    shown = labels.presentation
    assert (shown.image_size, shown.resize, shown.descriptor) == (64, "maximum", "shaped")
    assert (shown.seed, shown.sections) == (7, {})
    # A key at a default that products of earlier versions do not have may be left out.
    known = with_defaults({"settings": shown.made_with})
    assert known == with_defaults({"settings": dataset.settings})
    assert labels.technique.name == "patterns"


def test_a_network_of_powders_knows_their_profile(tmp_path):
    settings = make_settings(
        simulate=Simulate(engine="pymatgen"),
        model=Model(name="powder_cnn", image_size=711),
        train=Train(descriptor="diffractogram"),
        diffractogram={"lorentzian": 0.25},
    )
    write_labels(tmp_path, settings, [62, 225])
    labels = read_labels(tmp_path)
    assert labels.technique.name == "powder"
    assert labels.presentation.sections["diffractogram"]["lorentzian"] == 0.25


def test_test_part_comes_in_order_of_row_and_ids_stay_text(model, dataset):
    test = read_test_part(model, dataset)
    assert test["row"].tolist() == [0, 2]
    assert test["material_id"].tolist() == ["NA", "mp-2"]
    assert test["spacegroup"].tolist() == [62, 225]
    assert test["label"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("name", "read"), [("labels.json", read_labels), ("split.csv", read_test_part)]
)
def test_a_missing_file_is_named_with_what_makes_it(model, dataset, name, read):
    (model / name).unlink()
    with pytest.raises(UserError, match=rf"{name}: no such file.*scripts/train.py"):
        read(model, dataset)


def test_a_dataset_shaped_otherwise_is_refused(model, tmp_path):
    shape = Shape(reach=1.8).written_out(64).model_dump(mode="json")
    settings = patterns_settings(64) | {"shape": shape}
    other = write_small_dataset(tmp_path / "other.zarr", **CRYSTALS, settings=settings)
    with pytest.raises(UserError, match=r"labels\.json: .*trained on data whose `shape` settings"):
        read_labels(model, other)
    # To a network that sees raw patterns the shaping does not matter.
    write_labels(model, SETTINGS, [62, 225], descriptor="raw")
    assert read_labels(model, other).presentation.descriptor == "raw"


def test_a_dataset_of_other_cells_is_refused(model, tmp_path):
    settings = patterns_settings(64) | {"standardise": {"setting": "reduced"}}
    other = write_small_dataset(tmp_path / "other.zarr", **CRYSTALS, settings=settings)
    with pytest.raises(UserError, match=r"on standard cells .*, but those of the dataset are red"):
        read_labels(model, other)


@pytest.mark.parametrize("descriptor", ["raw", "shaped"])
def test_a_dataset_of_another_grey_scale_is_refused(model, tmp_path, descriptor):
    scale = {"bit_depth": 16, "grey_scale": "logarithmic"}
    fine = dict(CRYSTALS) | {"raw": CRYSTALS["raw"].astype(np.uint16)}
    other = write_small_dataset(
        tmp_path / "other.zarr", **fine, settings=patterns_settings(64, **scale)
    )
    write_labels(model, SETTINGS, [62, 225], descriptor=descriptor)
    reason = (
        "patterns of bit_depth 8, grey_scale linear, .* are of bit_depth 16, grey_scale logarithmic"
    )
    with pytest.raises(UserError, match=rf"labels\.json: .*{reason}, decades 6;"):
        read_labels(model, other)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"descriptor": "waves"}, "no descriptor is called 'waves'"),
        ({"made_with": {"program": "spacegrouper", "settings": {}}}, "made with engine None"),
    ],
)
def test_what_this_version_does_not_know_is_named_with_the_file(model, changed, reason):
    write_labels(model, SETTINGS, [62, 225], **changed)
    with pytest.raises(UserError, match=rf"labels\.json: .*{reason}"):
        read_labels(model)


@pytest.mark.parametrize("content", ["{", "[]", '{"space_groups": [62, 225]}'])
def test_labels_of_another_version_are_one_line(model, dataset, content):
    (model / "labels.json").write_text(content)
    with pytest.raises(UserError, match=r"labels.json: damaged, or of another version"):
        read_labels(model, dataset)


@pytest.mark.parametrize(
    ("row", "material_id", "spacegroup", "found"),
    [
        (2, "mp-9", 225, "it is mp-2 of space group 225"),
        (2, "mp-2", 221, "it is mp-2 of space group 225"),
        (4, "mp-4", 225, "no finished crystal"),
        (5, "mp-5", 225, "no finished crystal"),
    ],
)
def test_rows_that_are_other_crystals_are_refused(
    tmp_path, dataset, row, material_id, spacegroup, found
):
    table = pd.DataFrame(
        {"row": [0, row], "material_id": ["NA", material_id], "spacegroup": [62, spacegroup]}
    )
    with pytest.raises(UserError, match=f"row {row} is {material_id} .*{found}"):
        check_rows(table, dataset, tmp_path / "split.csv")


def test_a_crystal_that_has_left_the_release_is_refused(model, tmp_path):
    left = np.array([True, True, False, True, True])
    dataset = write_small_dataset(tmp_path / "next.zarr", **CRYSTALS, in_release=left)
    with pytest.raises(UserError, match=r"row 2 is mp-2 .*no finished crystal of the release"):
        read_split(model / "split.csv", dataset)


def test_a_split_comes_in_order_of_row(model, dataset):
    # Other columns, such as the prototype, play no role.
    path = model / "split.csv"
    pd.read_csv(path, keep_default_na=False).assign(prototype="x").to_csv(path, index=False)
    split = read_split(path, dataset)
    assert list(split) == ["row", "material_id", "spacegroup", "class", "label", "part"]
    assert split["row"].tolist() == [0, 1, 2, 3]
    assert split["part"].tolist() == ["test", "train", "test", "validation"]


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00", b"row,part\nx,test\n", "no test part"]
)
def test_a_file_that_is_no_split_is_named_with_what_makes_it(model, dataset, content):
    path = model / "split.csv"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(path.read_text().replace("test", "train"))
    with pytest.raises(UserError, match=r"split.csv: not a split.*scripts/train.py"):
        read_split(path, dataset)


def test_classes_in_another_order_than_in_labels_json_are_refused(model, dataset):
    assert read_parts(model / "split.csv", dataset)["label"].tolist() == [0, 0, 1, 1]
    path = model / "labels.json"
    path.write_text(path.read_text().replace("[62, 225]", "[225, 62]"))
    with pytest.raises(UserError, match=r"split\.csv: NA is of class 62, label 0, but .* is 225;"):
        read_parts(model / "split.csv", dataset)


HISTORY = "epoch,loss,accuracy,validation_loss,validation_accuracy\n"


def test_the_kept_epoch_is_the_one_that_training_names(model):
    # Of the smallest validation loss is epoch 1.
    (model / "history.csv").write_text(HISTORY + "1,3,0,1,1\n2,2,0,3,0\n3,1,1,2,0\n")
    history, kept = read_history(model)
    assert (len(history), kept) == (3, 3)


@pytest.mark.parametrize(
    "content", ["", "epoch,loss\n3,1\n", HISTORY + "1,3,0.3,3.1,0.3\n", HISTORY, "no table"]
)
def test_a_history_without_the_kept_epoch_is_named(model, content):
    (model / "history.csv").write_text(content)
    with pytest.raises(UserError, match=r"history\.csv: damaged, or without the epoch that labels"):
        read_history(model)


@pytest.mark.parametrize(
    ("train", "calibrates"),
    [
        (Train(epochs=30), True),
        (Train(epochs=30, rotation_epochs=30), True),
        (Train(epochs=31, rotation_epochs=30), False),
        (Train(epochs=300, rotation_epochs=30), False),
    ],
)
def test_only_crystals_that_were_never_trained_on_calibrate(tmp_path, train, calibrates):
    """The folds of a rotation, counted: which of them does no epoch before the last train on?"""
    untouched = set(range(10))
    for epoch in range(train.epochs):
        validating = epoch // train.rotation_epochs % 10 if train.rotation_epochs else 0
        untouched &= {validating}
    assert bool(untouched) == calibrates

    write_settings(make_settings(train=train), tmp_path / "settings.yaml")
    reason = uncalibrated_because(tmp_path)
    assert (reason is None) == calibrates
    assert calibrates or "train.rotation_epochs" in reason
