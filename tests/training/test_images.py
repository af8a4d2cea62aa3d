import shutil

import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

from spacegrouper.dataset.store import open_dataset
from spacegrouper.errors import UserError
from spacegrouper.techniques.patterns.settings import Shape
from spacegrouper.techniques.patterns.shaping import normalise
from spacegrouper.techniques.powder.diffractograms import (
    IMAGE_POINTS,
    diffractograms,
    draw_images,
    generators,
)
from spacegrouper.techniques.powder.settings import Augment, Diffractogram, Powder
from spacegrouper.training.images import PatternReader, read_patterns, resize_patterns


def test_nearest_takes_the_pixel_under_the_centre() -> None:
    row = np.arange(8, dtype=np.uint8)
    image = 10 * row[:, None] + row

    # Centres of 3 pixels over 8: 1.33, 4.0 and 6.67, in pixels 1, 4 and 6.
    assert resize_patterns(image, 3, "nearest").tolist() == [
        [11, 14, 16],
        [41, 44, 46],
        [61, 64, 66],
    ]


def test_maximum_keeps_every_spot_of_the_pixels_that_fall_together() -> None:
    image = np.zeros((8, 8), dtype=np.uint8)
    image[0, 7], image[3, 4], image[2, 4] = 9, 5, 4

    assert resize_patterns(image, 2, "maximum").tolist() == [[0, 9], [0, 0]]
    assert resize_patterns(image, 4, "maximum")[1].tolist() == [0, 0, 5, 0]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_maximum_agrees_with_its_definition(length: int, size: int, seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (length, length), dtype=np.uint8)
    resized = resize_patterns(image, size, "maximum")

    assert resized.shape == (size, size)
    if size >= length:
        np.testing.assert_array_equal(resized, resize_patterns(image, size, "nearest"))
    else:
        home = ((np.arange(length) + 0.5) * size / length + 1e-9).astype(int)
        expected = np.zeros((size, size), dtype=np.uint8)
        np.maximum.at(expected, np.ix_(home, home), image)
        np.testing.assert_array_equal(resized, expected)


def test_height_and_width_may_differ() -> None:
    image = np.arange(8, dtype=np.uint8).reshape(2, 4)

    assert resize_patterns(image, 2, "maximum").tolist() == [[1, 3], [5, 7]]
    assert resize_patterns(image, 2, "nearest").tolist() == [[1, 3], [5, 7]]
    assert resize_patterns(image, 3, "maximum")[:, 0].tolist() == [0, 4, 4]


@pytest.mark.parametrize("method", ["nearest", "maximum"])
def test_the_same_size_changes_nothing(method) -> None:
    image = np.random.default_rng(0).integers(0, 256, (2, 3, 9, 9), dtype=np.uint8)

    np.testing.assert_array_equal(resize_patterns(image, 9, method), image)


def test_reads_just_the_wanted_rows(store) -> None:
    dataset = open_dataset(store)
    settings = Shape.model_validate(dataset.attrs["shape_settings"])
    rows = np.array([1, 2, 9, 30, 35])

    patterns = read_patterns(dataset, rows, 32, "nearest", "shaped")

    for place, row in enumerate(rows):
        np.testing.assert_array_equal(patterns[place, 1], dataset["shaped"][row])
        for view in range(3):
            normalised = normalise(dataset["raw"][row, view], settings)
            assert normalised.max() == 256
            expected = np.clip(normalised, 0, 255).astype(np.uint8)
            np.testing.assert_array_equal(patterns[place, 0, view], expected)


@pytest.mark.parametrize("damage", ["overwritten", "cut short"])
def test_a_damaged_chunk_is_an_error_that_says_where_and_what_to_do(
    store, tmp_path, damage
) -> None:
    damaged = shutil.copytree(store, tmp_path / "damaged.zarr")
    shard = damaged / "shaped" / "c" / "1" / "0" / "0" / "0"
    content = shard.read_bytes()
    shard.write_bytes(content[:30] if damage == "cut short" else b"\xff" * 30 + content[30:])
    dataset = open_dataset(damaged)

    message = r"damaged\.zarr: `shaped` cannot be read from row 12 on .*verify_dataset\.py"
    with pytest.raises(UserError, match=message):
        read_patterns(dataset, np.array([3, 14]), 16, "nearest", "shaped")
    assert len(read_patterns(dataset, np.array([3, 14]), 16, "nearest", "raw")) == 2


@pytest.mark.parametrize("descriptor", ["raw", "spot"])
def test_raw_patterns_are_read_as_they_are(store, descriptor) -> None:
    dataset, rows = open_dataset(store), np.array([0, 3, 35])

    patterns = read_patterns(dataset, rows, 32, "nearest", descriptor)

    assert patterns.shape == (3, 1, 3, 32, 32)
    np.testing.assert_array_equal(patterns[:, 0], np.asarray(dataset["raw"])[rows])


@pytest.mark.parametrize(("descriptor", "layers"), [("shaped", 2), ("raw", 1)])
def test_no_rows_give_no_patterns(store, descriptor, layers) -> None:
    empty = np.array([], dtype=np.int64)

    patterns = read_patterns(zarr.open_group(store), empty, 8, "nearest", descriptor)
    assert patterns.shape == (0, layers, 3, 8, 8)


POWDER = Powder(two_theta=(10, 50), step=0.05)
NOISE = Diffractogram(counts=100)
CHANGES = Augment(peak_area=0.3, zero_shift=0.5, rotation=5)


@pytest.fixture
def powders() -> zarr.Group:
    """Four powders of a few reflections each."""
    rng = np.random.default_rng(0)
    sticks = rng.integers(1, 65536, (4, 1, 1, 801), dtype=np.uint16)
    sticks *= rng.random(sticks.shape) < 0.02
    group = zarr.group(zarr.storage.MemoryStore())
    group.create_array("raw", data=sticks, chunks=(2, 1, 1, 801))
    names = group.create_array("material_id", shape=(4,), dtype="string")
    names[:] = np.array([f"mp-{row}" for row in range(4)], dtype=object)
    settings = {"engine": "pymatgen", "powder": POWDER.model_dump_json()}
    group.attrs["simulate_settings"] = settings
    return group


@pytest.mark.parametrize("descriptor", ["powder", "diffractogram"])
def test_powders_are_drawn_in_the_size_that_the_network_takes(powders, descriptor) -> None:
    reader = PatternReader(powders, 48, "nearest", descriptor, NOISE, CHANGES, seed=3)
    rows = np.array([0, 2, 3])
    read = reader.read(rows)
    np.testing.assert_array_equal(read[:, 0], powders["raw"][:][rows])

    (found,) = reader.compose(read, rows)

    points = IMAGE_POINTS if descriptor == "powder" else 48
    names = ["mp-0", "mp-2", "mp-3"]
    curves = diffractograms(
        read[:, 0, 0, 0], POWDER, NOISE, points, None, generators(names, seed=3)
    )
    if descriptor == "powder":
        grey = draw_images(curves, 48) / np.float32(255)
        np.testing.assert_array_equal(found, np.repeat(grey[..., None], 3, axis=3))
    else:
        np.testing.assert_array_equal(found, curves[..., None])


@pytest.mark.parametrize("descriptor", ["powder", "diffractogram"])
def test_what_is_learnt_from_changes_from_epoch_to_epoch_and_not_with_the_batch(
    powders, descriptor
) -> None:
    reader = PatternReader(powders, 48, "nearest", descriptor, NOISE, CHANGES, seed=3)
    rows = np.array([1, 3])
    read = reader.read(rows)
    (plain,), (first,), (second,) = (reader.compose(read, rows, epoch) for epoch in (None, 1, 2))
    assert not (first == plain).all()
    assert not (first == second).all()
    # The same crystals in another batch, in another order.
    (turned,) = reader.compose(read[::-1], rows[::-1], 1)
    np.testing.assert_array_equal(turned[::-1], first)


@pytest.mark.parametrize("descriptor", ["shaped", "morphology"])
def test_a_descriptor_that_the_data_do_not_allow_is_refused(powders, descriptor) -> None:
    with pytest.raises(
        UserError, match=f"holds powder data.*powder or diffractogram, not {descriptor}"
    ):
        PatternReader(powders, 48, "nearest", descriptor)


def test_a_number_of_views_that_makes_no_image_is_refused() -> None:
    group = zarr.group(zarr.storage.MemoryStore())
    group.create_array("raw", data=np.zeros((3, 2, 8, 8), dtype=np.uint8))
    group.attrs["simulate_settings"] = {"engine": "morphology"}
    for descriptor, wanted in (("morphology", "1 or 3"), ("raw", "3")):
        with pytest.raises(
            UserError, match=f"has 2 views, but the descriptor {descriptor} needs {wanted}"
        ):
            PatternReader(group, 8, "nearest", descriptor)
