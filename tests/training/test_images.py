import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from images_by_hand import images_by_hand
from small_dataset import write_small_dataset

from spacegrouper.contract.descriptor import Presentation
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError
from spacegrouper.settings import make_settings
from spacegrouper.techniques.powder.settings import Augment, Diffractogram, Powder
from spacegrouper.training.images import PatternReader, presentation_of


def reader_of(dataset: Dataset, descriptor: str, image_size: int = 16) -> PatternReader:
    shown = Presentation(descriptor, image_size, "nearest", 0, {}, dataset.settings)
    return PatternReader(dataset, shown)


@pytest.mark.parametrize("descriptor", ["shaped", "raw", "spot"])
def test_reads_just_the_wanted_rows_and_composes_any_of_them(dataset, descriptor) -> None:
    rows = np.array([1, 2, 9, 30, 35])
    reader = reader_of(dataset, descriptor)

    prepared = reader.read(rows)

    assert prepared.shape == (5, *reader.pattern_shape)
    assert prepared.dtype == reader.dtype
    some = [4, 0, 2]
    found = reader.compose(prepared[some], rows[some])
    expected = images_by_hand(dataset, rows, 16, descriptor)
    for image, right in zip(found, expected, strict=True):
        np.testing.assert_array_equal(image, right[some])


@pytest.mark.parametrize("descriptor", ["shaped", "raw"])
def test_no_rows_give_no_patterns(dataset, descriptor) -> None:
    reader = reader_of(dataset, descriptor)
    assert reader.read(np.array([], dtype=np.int64)).shape == (0, *reader.pattern_shape)


@pytest.mark.parametrize("damage", ["overwritten", "cut short"])
def test_a_damaged_chunk_is_an_error_that_says_where_and_what_to_do(
    store, tmp_path, damage
) -> None:
    damaged = shutil.copytree(store, tmp_path / "damaged.zarr")
    shard = damaged / "shaped" / "c" / "1" / "0" / "0" / "0"
    content = shard.read_bytes()
    shard.write_bytes(content[:30] if damage == "cut short" else b"\xff" * 30 + content[30:])
    dataset, rows = Dataset(damaged), np.array([3, 14])

    message = r"damaged\.zarr: `shaped` cannot be read from row 12 on .*verify_dataset\.py"
    with pytest.raises(UserError, match=message):
        reader_of(dataset, "shaped").read(rows)
    assert len(reader_of(dataset, "raw").read(rows)) == 2


@pytest.fixture
def powders(tmp_path: Path) -> Dataset:
    """Four powders of a few reflections each."""
    rng = np.random.default_rng(0)
    sticks = rng.integers(1, 65536, (4, 1, 1, 801), dtype=np.uint16)
    sticks *= rng.random(sticks.shape) < 0.02
    powder = Powder(two_theta=(10, 50), step=0.05).model_dump(mode="json")
    settings: dict[str, Any] = {"simulate": {"engine": "pymatgen"}, "powder": powder}
    return write_small_dataset(tmp_path / "powders.zarr", sticks, [1] * 4, settings, chunk_rows=2)


@pytest.mark.parametrize("epoch", [None, 1])
def test_noise_and_changes_are_the_runs_and_those_of_each_crystal(powders, epoch) -> None:
    settings = make_settings(
        seed=3,
        simulate={"engine": "pymatgen"},
        model={"name": "powder_cnn", "image_size": 711},
        train={"descriptor": "diffractogram"},
        diffractogram=Diffractogram(counts=100),
        augment=Augment(zero_shift=0.5),
    )
    shown = presentation_of(settings, powders)
    assert set(shown.sections) == {"diffractogram", "augment"}
    reader = PatternReader(powders, shown)
    rows = np.array([0, 2, 3])
    (all_of_them,) = reader.compose(reader.read(rows), rows, epoch)
    (turned,) = reader.compose(reader.read(rows)[::-1], rows[::-1], epoch)

    assert all_of_them.shape == (3, 711, 1)
    np.testing.assert_array_equal(turned[::-1], all_of_them)
    again = PatternReader(
        powders, presentation_of(settings.model_copy(update={"seed": 4}), powders)
    )
    assert (again.compose(reader.read(rows), rows, epoch)[0] != all_of_them).any()


@pytest.mark.parametrize("descriptor", ["shaped", "morphology"])
def test_a_descriptor_that_the_data_do_not_allow_is_refused(powders, descriptor) -> None:
    message = f"holds powder reflections.*diffractogram or powder, not {descriptor}"
    with pytest.raises(UserError, match=message):
        reader_of(powders, descriptor)


def test_a_number_of_views_that_makes_no_image_is_refused(tmp_path) -> None:
    raw = np.zeros((3, 2, 8, 8), dtype=np.uint8)
    settings = {"simulate": {"engine": "morphology"}, "morphology": {}}
    bitmaps = write_small_dataset(tmp_path / "bitmaps.zarr", raw, [1] * 3, settings)
    for descriptor, wanted in (("morphology", "1 or 3"), ("raw", "3")):
        message = f"has 2 views, but the descriptor {descriptor} needs {wanted}"
        with pytest.raises(UserError, match=message):
            reader_of(bitmaps, descriptor)
