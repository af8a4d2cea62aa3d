from dataclasses import replace

import numpy as np
import pandas as pd
import zarr

from spacegrouper.evaluation.model_folder import Labels
from spacegrouper.figures.samples import (
    Picture,
    Sample,
    choose_overview,
    choose_samples,
    read_sample,
)
from spacegrouper.settings import Simulate
from spacegrouper.techniques.patterns.settings import Shape
from spacegrouper.techniques.patterns.shaping import as_8_bit, normalise
from spacegrouper.techniques.powder.diffractograms import (
    IMAGE_POINTS,
    diffractograms,
    draw_images,
    generators,
)
from spacegrouper.techniques.powder.settings import Diffractogram, Powder

PREDICTIONS = pd.DataFrame(
    {
        "material_id": ["e", "a", "d", "c", "b", "f"],
        "true": [225, 225, 62, 225, 62, 139],
    }
)


VIEWS = Simulate().views
CHOSEN = {"row": 2, "material_id": "m", "true": 62, "predicted": 1, "probability": 0.5}


def labels(descriptor):
    return Labels("spacegroup", np.array([62, 225]), 64, "maximum", descriptor)


def test_the_first_crystals_by_id_of_each_group_are_chosen():
    chosen = choose_samples(PREDICTIONS, 2)
    assert chosen["true"].tolist() == [62, 62, 139, 225, 225]
    assert chosen["material_id"].tolist() == ["b", "d", "f", "a", "c"]


def test_the_choice_does_not_depend_on_the_order_of_rows():
    chosen = choose_samples(PREDICTIONS, 2)
    assert chosen.equals(choose_samples(PREDICTIONS.iloc[::-1], 2))


def test_overview_spreads_over_the_space_groups():
    groups = np.arange(1, 11)
    predictions = pd.DataFrame({"material_id": [f"mp-{g}" for g in groups], "true": groups})
    assert choose_overview(predictions, 4)["true"].tolist() == [1, 4, 7, 10]
    assert choose_overview(PREDICTIONS, 4)["true"].tolist() == [62, 139, 225]


def test_text_classes_are_chosen_as_space_groups_are():
    named = PREDICTIONS.assign(
        true=PREDICTIONS["true"].map({225: "salt", 62: "oxide", 139: "metal"})
    )
    assert choose_samples(named, 1)["true"].tolist() == ["metal", "oxide", "salt"]


def test_right_is_naming_the_true_class():
    assert Sample("a", 62, 62, 0.9, ()).right
    assert not Sample("a", 62, 225, 0.9, ()).right
    assert Sample("a", "oxide", "oxide", 0.9, ()).right


def test_a_spot_is_visible_in_a_small_figure_and_other_pictures_are_as_they_are():
    image = np.zeros((5, 6, 3), dtype=np.uint8)
    image[2, 3] = (9, 0, 200)
    grown = Picture("spots", image, spots=True).visible
    assert (grown[1:4, 2:5] == (9, 0, 200)).all()
    assert grown.sum() == 9 * 209
    assert Picture("grey", image).visible is image


def test_a_diffraction_sample_shows_raw_spot_and_shaped_patterns():
    patterns = (np.random.default_rng(5).random((4, 3, 256, 256)) > 0.99).astype(np.uint8) * 64
    patterns[2, 0, 5, 7] = 255
    group = zarr.group(zarr.storage.MemoryStore())
    group.create_array("raw", data=patterns)
    group.create_array("shaped", data=patterns[::-1].copy())
    group.attrs["shape_settings"] = Shape().model_dump(mode="json")

    read = read_sample(group, CHOSEN, labels("shaped"), VIEWS)

    assert (read.material_id, read.true, read.predicted, read.probability) == ("m", 62, 1, 0.5)
    raw, spot, *shaped = read.pictures
    assert raw.caption == "raw, x view"
    # Brightened: 255 sqrt(64 / 255) = 127.7, and black and white stay.
    assert set(np.unique(raw.image)) == {0, 128, 255}
    for view in range(3):
        assert np.array_equal(spot.image[..., view] > 0, patterns[2, view] > 0)
    assert [picture.caption for picture in shaped] == [f"shaped, {axis} view" for axis in "xyz"]
    for view, picture in enumerate(shaped):
        normalised = as_8_bit(normalise(patterns[2, view], Shape()))
        for colour in range(3):
            expected = patterns[1, view] if colour == view else normalised
            assert np.array_equal(picture.image[..., colour], expected)


def test_a_powder_sample_shows_the_diffractogram():
    powder = Powder(two_theta=(10, 50), step=0.05)
    sticks = np.zeros((3, 1, 1, 801), dtype=np.uint16)
    sticks[2, 0, 0, [100, 400]] = (65535, 20000)
    group = zarr.group(zarr.storage.MemoryStore())
    group.create_array("raw", data=sticks)
    group.create_array("material_id", shape=(3,), dtype="string")[:] = np.array(list("klm"), object)
    group.attrs["simulate_settings"] = {"engine": "pymatgen", "powder": powder.model_dump_json()}

    noisy = replace(labels("diffractogram"), diffractogram=Diffractogram(counts=50), seed=7)
    (picture,) = read_sample(group, CHOSEN, noisy, VIEWS).pictures

    curve = diffractograms(
        sticks[2:, 0, 0], powder, noisy.diffractogram, IMAGE_POINTS, None, generators(["m"], 7)
    )
    np.testing.assert_array_equal(picture.image, draw_images(curve, 224)[0])
    assert picture.caption == "diffractogram"


def test_a_morphology_sample_shows_its_bitmaps():
    bitmaps = np.random.default_rng(1).integers(0, 256, (3, 2, 16, 16), dtype=np.uint8)
    group = zarr.group(zarr.storage.MemoryStore())
    group.create_array("raw", data=bitmaps)
    group.attrs["simulate_settings"] = {"engine": "morphology"}

    pictures = read_sample(group, CHOSEN, labels("morphology"), VIEWS).pictures

    assert [picture.caption for picture in pictures] == ["direction 1", "direction 2"]
    for picture, bitmap in zip(pictures, bitmaps[2], strict=True):
        np.testing.assert_array_equal(picture.image, bitmap)
