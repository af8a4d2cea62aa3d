import base64
import io
import re

import numpy as np
from model_files import labels_of
from PIL import Image
from small_dataset import settings_of

from spacegrouper.contract.picture import Picture
from spacegrouper.figures.samples import Sample
from spacegrouper.figures.samples_page import samples_page
from spacegrouper.settings import Model, Train, make_settings

LABELS = labels_of(
    make_settings(model=Model(image_size=64), train=Train(resize="maximum")), [62, 225]
)
METRICS = {
    "test_crystals": 40,
    "top_1_accuracy": 0.8125,
    "classes": 8,
    "chance_accuracy": 0.125,
    "measured": None,
}


def sample(material_id="mp-1", spacegroup=62, predicted=62, probability=0.987):
    patterns = np.random.default_rng(3).integers(0, 256, (2, 64, 64), dtype=np.uint8)
    pictures = tuple(Picture(f"pattern {n}", pattern) for n, pattern in enumerate(patterns))
    return Sample(material_id, spacegroup, predicted, probability, pictures)


def images_of(page):
    encoded = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(text)))) for text in encoded]


def test_page_says_when_the_test_crystals_were_changed_at_random():
    measured = METRICS | {"measured": {"measurement": {"largest_b": 5}}}
    assert "as if measured" in samples_page([sample()], 2, measured, LABELS, "small")
    assert "as if measured" not in samples_page([sample()], 2, METRICS, LABELS, "small")


def test_page_holds_the_images_themselves_and_refers_to_nothing_outside():
    shown = sample()
    page = samples_page([shown], 2, METRICS, LABELS, "small")
    expected = [picture.values for picture in shown.pictures]
    for found, image in zip(images_of(page), expected, strict=True):
        assert np.array_equal(found, image)
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", page)
    assert not re.search(r"url\(|@import|<script", page)


def test_right_and_wrong_differ_in_sign_and_word():
    page = samples_page(
        [sample("mp-1"), sample("mp-2", predicted=225, probability=0.5)],
        2,
        METRICS,
        LABELS,
        "small",
    )
    assert "✓ right: 62 Pnma, 98.7 %" in page
    assert "✗ wrong: 225 Fm3\u0305m, 50.0 %" in page


def test_each_space_group_has_a_section_that_the_index_leads_to():
    page = samples_page([sample(), sample("mp-2", 225, 225)], 2, METRICS, LABELS, "small")
    sections = re.findall(r'<section id="([^"]+)"', page)
    assert sections == ["class-1", "class-2"]
    assert re.findall(r'<a href="#([^"]+)"', page) == sections


def test_page_says_how_the_crystals_were_chosen_and_how_good_the_network_is():
    page = samples_page([sample()], 2, METRICS, LABELS, "small")
    text = " ".join(page.split())
    assert (
        "Each space group is shown with the first 2 crystals of the test part by material id"
        in text
    )
    assert "Of all 40 test crystals it names 81.2 % right" in text
    assert "8 classes would name 12.5 %." in text
    of_groups = METRICS | {"physics_line_top_1_accuracy": 0.78}
    text = " ".join(samples_page([sample()], 2, of_groups, LABELS, "small").split())
    assert (
        "12.5 %, and always naming the most frequent group of the true extinction class 78.0 %."
        in text
    )
    assert "64 pixels (the maximum of the pixels that fall together, where" in text
    assert "<title>Sample crystals: small</title>" in text


def test_a_material_id_cannot_break_the_page():
    page = samples_page([sample('<b>"x"&')], 1, METRICS, LABELS, "small")
    assert "<b>" not in page
    assert "&lt;b&gt;" in page


def test_same_samples_make_the_same_page():
    assert samples_page([sample()], 2, METRICS, LABELS, "small") == samples_page(
        [sample()], 2, METRICS, LABELS, "small"
    )


def test_the_page_of_other_labels_and_descriptors_speaks_of_them():
    labels = labels_of(settings_of("pymatgen"), ["oxide", "salt"], "material_group")
    shown = sample(spacegroup="oxide", predicted="salt")
    page = samples_page([shown], 1, METRICS, labels, "p")
    text = " ".join(page.split())
    assert "Each material group is shown with the first crystal of the test part" in text
    assert "True material group oxide" in text
    assert "✗ wrong: salt, 98.7 %" in text
    assert (
        "The network takes the powder images, of 224 \N{MULTIPLICATION SIGN} 224 pixels. " in text
    )
    assert "brightened" not in text


def test_the_page_of_a_morphology_does_not_speak_of_spots():
    page = samples_page(
        [sample()], 1, METRICS, labels_of(settings_of("morphology"), [62, 225]), "p"
    )
    assert "The network takes the morphology images" in " ".join(page.split())
    assert "spot" not in page
    assert "brightened" not in page


def test_the_page_of_numbers_does_not_speak_of_pixels():
    settings = make_settings(
        simulate={"engine": "structure_factors"},
        train={"descriptor": "symmetry"},
        model={"name": "symmetry_mlp", "image_size": 17},
    )
    page = samples_page([sample()], 1, METRICS, labels_of(settings, [62, 225]), "p")
    assert "The network takes symmetry tests and cell." in page
    assert "17" not in page.partition("<nav")[0].partition("<h1>")[2]
