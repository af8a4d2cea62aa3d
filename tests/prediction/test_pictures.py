from base64 import b64decode
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from scipy.ndimage import maximum_filter
from structure_files import ROCK_SALT, write_cif
from tiny_model import SIZE, write_tiny_model

from spacegrouper.contract.technique import TECHNIQUES
from spacegrouper.figures.toolkit import save_figure
from spacegrouper.prediction.answers import Answer
from spacegrouper.prediction.inputs import Asked, answer_inputs, read_input
from spacegrouper.prediction.pictures import (
    answer_figure,
    measured_pictures,
    png_address,
    seen_pictures,
)
from spacegrouper.prediction.trained_model import TrainedModel, load_trained_model
from spacegrouper.settings import make_settings
from spacegrouper.techniques.images import in_view_colours


@pytest.fixture
def answer(tmp_path: Path, model: TrainedModel) -> Answer:
    path = write_cif(tmp_path / "nacl.cif", ROCK_SALT)
    (answer,) = answer_inputs(read_input([path], Asked(model)), Asked(model))
    assert isinstance(answer, Answer)
    return answer


def test_pictures_are_written_beside_others_with_the_same_bytes_each_time(
    tmp_path: Path, answer: Answer, model: TrainedModel
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "mine.txt").write_text("keep")
    written = []
    for _ in range(2):
        save_figure(answer_figure(answer, model), folder, "nacl.cif")
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert written[0] == written[1]
    assert set(written[0]) == {"mine.txt", "nacl.cif.png", "nacl.cif.svg"}
    image = imread(folder / "nacl.cif.png")[..., :3]
    assert (abs(image - (0, 0x72 / 255, 0xB2 / 255)).max(axis=-1) < 0.02).sum() > 1000


def test_pictures_of_other_grey_scales_are_of_8_bits_and_not_brightened() -> None:
    raw = np.array([[[65535, 30000], [257, 256]]] * 3, dtype=np.uint16)
    made_with = {"simulate": {"bit_depth": 16, "grey_scale": "square_root"}}
    pictures = TECHNIQUES["patterns"].pictures({"raw": raw, "shaped": raw // 2}, made_with)
    assert list(pictures) == ["Raw patterns", "Shaped patterns"]
    shown, shaped = (values[0].values for values in pictures.values())
    assert shown.tolist() == [[255, 117], [1, 1]]
    assert shaped.tolist() == [[127, 58], [0, 0]]
    assert shown.dtype == shaped.dtype == np.uint8


def test_pictures_show_raw_shaped_and_seen(answer: Answer, model: TrainedModel) -> None:
    measured = measured_pictures(answer, model)
    assert list(measured) == ["Raw patterns, brightened", "Shaped patterns"]
    raw, shaped = measured.values()
    seen = seen_pictures(answer, model)
    assert [picture.caption for picture in raw] == ["x view", "y view", "z view"]
    for picture, pattern in zip(raw, answer.arrays["raw"], strict=True):
        assert picture.spots
        np.testing.assert_array_equal(picture.values, np.rint(255 * np.cbrt(pattern / 255)))
    for picture, pattern in zip(shaped, answer.arrays["shaped"], strict=True):
        np.testing.assert_array_equal(picture.values, pattern)
    assert [picture.caption for picture in seen] == [
        f"shaped, {view} view, {SIZE} pixels" for view in "xyz"
    ]
    for picture, image in zip(seen, answer.seen, strict=True):
        levels = np.rint(255 * image).astype(np.uint8)
        np.testing.assert_array_equal(picture.values, in_view_colours(levels))


def test_spots_of_raw_patterns_are_grown_on_the_page(answer: Answer, model: TrainedModel) -> None:
    raw, shaped = measured_pictures(answer, model).values()
    grown, plain = (
        np.rint(255 * imread(BytesIO(b64decode(png_address(pictures[0]).partition(",")[2]))))
        for pictures in (raw, shaped)
    )
    np.testing.assert_array_equal(grown, maximum_filter(raw[0].values, 3))
    np.testing.assert_array_equal(plain, shaped[0].values)


@pytest.mark.parametrize("descriptor", ["diffractogram", "powder"])
def test_powders_are_drawn_as_curves(tmp_path: Path, descriptor: str) -> None:
    settings = make_settings(
        simulate={"engine": "xrayutilities"},
        train={"descriptor": "diffractogram"},
        model={"name": "powder_cnn", "image_size": 711},
    )
    folder = write_tiny_model(tmp_path / "model", settings, descriptor=descriptor)
    model = load_trained_model(folder)
    path = write_cif(tmp_path / "nacl.cif", ROCK_SALT)
    (answer,) = answer_inputs(read_input([path], Asked(model)), Asked(model))
    assert isinstance(answer, Answer)
    ((heading, (raw,)),) = measured_pictures(answer, model).items()
    assert heading == "Simulated"
    assert (raw.range, raw.axis) == ((5, 90), "2θ, degrees")
    assert raw.quantity == "intensity, strongest = 1"
    assert raw.values.shape == (8501,)
    # Its strongest reflection is 200, at lambda = 2 (a / 2) sin(theta).
    angles = np.linspace(5, 90, 8501)
    strongest = 2 * np.degrees(np.arcsin(1.5406 / 5.64))
    assert angles[raw.values.argmax()] == pytest.approx(strongest, abs=0.01)
    (seen,) = seen_pictures(answer, model)
    assert (seen.range is None) == (descriptor == "powder")
    assert seen.quantity == ("" if descriptor == "powder" else "the network's input")
    assert png_address(raw).startswith("data:image/png;base64,")
    save_figure(answer_figure(answer, model), tmp_path, "powder")
    assert imread(tmp_path / "powder.png").shape[0] > 400


@pytest.mark.parametrize(
    ("descriptor", "network"),
    [("zones", "zone_resnet"), ("grid", "grid_mlp"), ("symmetry", "symmetry_mlp")],
)
def test_of_reflections_the_zones_are_drawn_and_no_numbers(
    tmp_path: Path, descriptor: str, network: str
) -> None:
    settings = make_settings(
        simulate={"engine": "structure_factors"},
        train={"descriptor": descriptor},
        model={"name": network, "image_size": 17},
    )
    model = load_trained_model(write_tiny_model(tmp_path / "model", settings, image_size=17))
    path = write_cif(tmp_path / "nacl.cif", ROCK_SALT)
    (answer,) = answer_inputs(read_input([path], Asked(model)), Asked(model))
    assert isinstance(answer, Answer)
    (zones,) = measured_pictures(answer, model).values()
    assert [picture.caption[:3] for picture in zones] == ["hk0", "h0l", "0kl"]
    seen = seen_pictures(answer, model)
    assert [picture.caption for picture in seen] == ["zones, 17 pixels"] * (descriptor == "zones")
    for picture in seen:
        np.testing.assert_array_equal(picture.values, np.rint(255 * answer.seen[0]))
        assert png_address(picture).startswith("data:image/png")
    save_figure(answer_figure(answer, model), tmp_path, "nacl")
