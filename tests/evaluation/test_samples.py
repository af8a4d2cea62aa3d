import numpy as np
import pandas as pd
import zarr

from spacegrouper.config.sections import Shape
from spacegrouper.descriptors.shaped import as_8_bit, normalise
from spacegrouper.evaluation.samples import (
    Sample,
    choose_overview,
    choose_samples,
    raw_image,
    read_sample,
    shaped_images,
    spot_image,
)

PREDICTIONS = pd.DataFrame(
    {
        "material_id": ["e", "a", "d", "c", "b", "f"],
        "spacegroup": [225, 225, 62, 225, 62, 139],
    }
)


def sample():
    raw = (np.random.default_rng(2).random((3, 256, 256)) > 0.99).astype(np.uint8) * 64
    raw[0, 5, 7] = 255
    return Sample("mp-1", 225, 225, 0.5, raw, np.roll(raw, 1, axis=1), np.roll(raw, 2, axis=1))


def test_the_first_crystals_by_id_of_each_group_are_chosen():
    chosen = choose_samples(PREDICTIONS, 2)
    assert chosen["spacegroup"].tolist() == [62, 62, 139, 225, 225]
    assert chosen["material_id"].tolist() == ["b", "d", "f", "a", "c"]


def test_the_choice_does_not_depend_on_the_order_of_rows():
    chosen = choose_samples(PREDICTIONS, 2)
    assert chosen.equals(choose_samples(PREDICTIONS.iloc[::-1], 2))


def test_overview_spreads_over_the_space_groups():
    groups = np.arange(1, 11)
    predictions = pd.DataFrame({"material_id": [f"mp-{g}" for g in groups], "spacegroup": groups})
    assert choose_overview(predictions, 4)["spacegroup"].tolist() == [1, 4, 7, 10]
    assert choose_overview(PREDICTIONS, 4)["spacegroup"].tolist() == [62, 139, 225]


def test_brightening_keeps_black_and_white_and_takes_the_square_root():
    image = raw_image(sample())
    assert image.shape == (256, 256)
    assert image[5, 7] == 255
    # 255 * sqrt(64 / 255) = 127.7
    assert set(np.unique(image)) == {0, 128, 255}


def test_spot_image_has_a_view_in_each_colour():
    image = spot_image(sample())
    assert image.shape == (256, 256, 3)
    for view in range(3):
        assert np.array_equal(image[..., view] > 0, sample().raw[view] > 0)


def test_shaped_image_of_a_view_has_the_shape_in_its_own_colour():
    images = shaped_images(sample())
    assert images.shape == (3, 256, 256, 3)
    for view in range(3):
        for colour in range(3):
            part = sample().shaped if colour == view else sample().normalised
            expected = part[view]
            assert np.array_equal(images[view, ..., colour], expected)


def test_right_is_naming_the_true_group():
    patterns = np.zeros((3, 256, 256), dtype=np.uint8)
    assert Sample("a", 62, 62, 0.9, patterns, patterns, patterns).right
    assert not Sample("a", 62, 225, 0.9, patterns, patterns, patterns).right


def test_a_sample_is_read_with_its_own_patterns():
    patterns = (np.random.default_rng(5).random((4, 3, 256, 256)) > 0.99).astype(np.uint8) * 100
    group = zarr.group(zarr.storage.MemoryStore())
    group.create_array("raw", data=patterns)
    group.create_array("shaped", data=patterns[::-1].copy())
    group.attrs["shape_settings"] = Shape().model_dump(mode="json")
    chosen = {"row": 2, "material_id": "m", "spacegroup": 62, "predicted": 1, "probability": 0.5}
    read = read_sample(group, chosen)
    assert (read.material_id, read.spacegroup, read.predicted, read.probability) == (
        "m",
        62,
        1,
        0.5,
    )
    assert np.array_equal(read.raw, patterns[2])
    assert np.array_equal(read.shaped, patterns[1])
    for view in range(3):
        expected = as_8_bit(normalise(patterns[2, view], Shape()))
        assert np.array_equal(read.normalised[view], expected)
