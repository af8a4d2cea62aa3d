import re

import numpy as np
import pandas as pd
from model_files import labels_of
from small_dataset import patterns_settings, settings_of, write_small_dataset
from structure_files import ROCK_SALT

from spacegrouper.contract.picture import Picture
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.figures.samples import (
    Sample,
    choose_overview,
    choose_samples,
    read_sample,
    visible,
)
from spacegrouper.randomness import generators
from spacegrouper.settings import Simulate, make_settings
from spacegrouper.techniques.images import in_view_colours
from spacegrouper.techniques.patterns.settings import Shape
from spacegrouper.techniques.patterns.shaping import as_levels, normalise
from spacegrouper.techniques.patterns.simulation import simulate_crystals
from spacegrouper.techniques.powder.curve_images import draw_images
from spacegrouper.techniques.powder.descriptors.powder import IMAGE_POINTS
from spacegrouper.techniques.powder.diffractograms import diffractograms
from spacegrouper.techniques.powder.settings import Diffractogram, Powder

PREDICTIONS = pd.DataFrame(
    {
        "material_id": ["e", "a", "d", "c", "b", "f"],
        "true": [225, 225, 62, 225, 62, 139],
    }
)

GROUPS = (62, 225)
CHOSEN = {"row": 2, "material_id": "m", "true": 62, "predicted": 1, "probability": 0.5}


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
    grown = visible(Picture("spots", image, spots=True))
    assert (grown[1:4, 2:5] == (9, 0, 200)).all()
    assert grown.sum() == 9 * 209
    assert visible(Picture("grey", image)) is image


def test_a_diffraction_sample_shows_raw_spot_and_shaped_patterns(tmp_path):
    patterns = (np.random.default_rng(5).random((4, 3, 256, 256)) > 0.99).astype(np.uint8) * 64
    patterns[2, 0, 5, 7] = 255
    other = patterns[::-1].copy()
    dataset = write_small_dataset(tmp_path / "data.zarr", patterns, [62] * 4, shaped=other)

    read = read_sample(dataset, CHOSEN, labels_of(make_settings(), GROUPS))

    assert (read.material_id, read.true, read.predicted, read.probability) == ("m", 62, 1, 0.5)
    raw, spot, *shaped = read.pictures
    # sin(arctan(128 x 40 um / 0.1 m)) = 0.0511, over 0.035 Angstrom.
    assert raw.caption == "raw, x view,\nedges at 1.46 Å⁻¹"
    # Brightened: 255 cbrt(64 / 255) = 160.9, and black and white stay.
    assert set(np.unique(raw.values)) == {0, 161, 255}
    assert np.array_equal(spot.values.any(axis=-1), (patterns[2] > 0).any(axis=0))
    assert [picture.caption for picture in shaped] == [f"shaped, {axis} view" for axis in "xyz"]
    for view, picture in enumerate(shaped):
        normalised = as_levels(normalise(patterns[2, view], Shape()), patterns.dtype)
        channels = np.stack([normalised] * 3, axis=-1)
        channels[..., view] = patterns[1, view]
        assert np.array_equal(picture.values, in_view_colours(channels))


def test_spots_have_the_indices_that_a_face_centred_lattice_allows(tmp_path):
    settings = make_settings(simulate=Simulate(pixels=128, views="zone_axes"))
    cell = (ROCK_SALT.lattice.matrix, ("Na",) * 4 + ("Cl",) * 4, ROCK_SALT.frac_coords)
    salt = Crystal("m", *cell)
    (patterns,) = simulate_crystals([salt], settings.simulate, 0, threads=1)
    made_with = patterns_settings(128, views="zone_axes")
    dataset = write_small_dataset(tmp_path / "data.zarr", patterns.values, [225], made_with)
    chosen = CHOSEN | {"row": 0}

    raw, *others = read_sample(dataset, chosen, labels_of(settings, GROUPS), cell[0]).pictures

    indices = {mark.text: (mark.row, mark.column) for mark in raw.marks}
    assert len(indices) == 4
    assert indices["$0\\ 0\\ 0$"] == (64, 64)
    for mark in raw.marks:
        assert len({int(index) % 2 for index in re.findall(r"\d", mark.text)}) == 1
        assert raw.values[mark.row, mark.column] > 0
    assert not any(picture.marks for picture in others)
    assert not read_sample(dataset, chosen, labels_of(settings, GROUPS)).pictures[0].marks


def test_a_logarithmic_sample_of_16_bits_is_shown_as_it_is(tmp_path):
    patterns = np.zeros((3, 3, 256, 256), dtype=np.uint16)
    patterns[2, :, 5, 7:10] = 65535, 64 * 257, 1
    made_with = patterns_settings(256, bit_depth=16, grey_scale="logarithmic")
    dataset = write_small_dataset(tmp_path / "data.zarr", patterns, [62] * 3, made_with)
    simulate = Simulate(bit_depth=16, grey_scale="logarithmic")

    raw, spot, *shaped = read_sample(
        dataset, CHOSEN, labels_of(make_settings(simulate=simulate), GROUPS)
    ).pictures

    assert raw.values[5, 7:10].tolist() == [255, 64, 0]
    assert spot.values[5, 7:10].tolist() == [[255] * 3, [64] * 3, [0] * 3]
    assert {picture.values.dtype for picture in (raw, spot, *shaped)} == {np.dtype(np.uint8)}
    assert [picture.values[5, 7].tolist() for picture in shaped] == [[255] * 3] * 3


def test_a_powder_sample_shows_the_diffractogram(tmp_path):
    settings = settings_of(
        "pymatgen",
        seed=7,
        powder=Powder(two_theta=(10, 50), step=0.05),
        diffractogram=Diffractogram(counts=50),
    )
    sticks = np.zeros((3, 1, 1, 801), dtype=np.uint16)
    sticks[2, 0, 0, [100, 400]] = (65535, 20000)
    made_with = settings.technique.record(settings)
    dataset = write_small_dataset(tmp_path / "data.zarr", sticks, [62] * 3, made_with)

    (picture,) = read_sample(dataset, CHOSEN, labels_of(settings, GROUPS)).pictures

    profile = settings.of(Diffractogram)
    curve = diffractograms(
        sticks[2:, 0, 0],
        settings.of(Powder),
        profile,
        IMAGE_POINTS,
        None,
        generators(7, ["m"], "diffractogram"),
    )
    np.testing.assert_array_equal(picture.values, draw_images(curve, 224)[0])
    assert picture.caption == "diffractogram"


def test_a_morphology_sample_shows_its_bitmaps(tmp_path):
    settings = settings_of("morphology")
    bitmaps = np.random.default_rng(1).integers(0, 256, (3, 2, 16, 16), dtype=np.uint8)
    made_with = settings.technique.record(settings)
    dataset = write_small_dataset(tmp_path / "data.zarr", bitmaps, [62] * 3, made_with)

    pictures = read_sample(dataset, CHOSEN, labels_of(settings, GROUPS)).pictures

    assert [picture.caption for picture in pictures] == ["direction 1", "direction 2"]
    for picture, bitmap in zip(pictures, bitmaps[2], strict=True):
        np.testing.assert_array_equal(picture.values, bitmap)
