from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from structure_files import ROCK_SALT, write_cif
from tiny_model import SIZE, write_tiny_model

from spacegrouper.prediction.answers import Answer
from spacegrouper.prediction.inputs import answer_inputs, read_input
from spacegrouper.prediction.pictures import (
    answer_figure,
    png_address,
    raw_pictures,
    save_picture,
    seen_pictures,
    shaped_pictures,
)
from spacegrouper.prediction.trained_model import TrainedModel, load_trained_model
from spacegrouper.settings import Settings


@pytest.fixture
def answer(tmp_path: Path, model: TrainedModel) -> Answer:
    path = write_cif(tmp_path / "nacl.cif", ROCK_SALT)
    (answer,) = answer_inputs(read_input(path, model), model, 1)
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
        save_picture(answer_figure(answer, model), folder, "nacl.cif")
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert written[0] == written[1]
    assert set(written[0]) == {"mine.txt", "nacl.cif.png", "nacl.cif.svg"}
    image = imread(folder / "nacl.cif.png")[..., :3]
    assert (abs(image - (0, 0x72 / 255, 0xB2 / 255)).max(axis=-1) < 0.02).sum() > 1000


def test_pictures_show_raw_shaped_and_seen(answer: Answer, model: TrainedModel) -> None:
    raw, shaped, seen = (
        pictures(answer, model) for pictures in (raw_pictures, shaped_pictures, seen_pictures)
    )
    assert [picture.caption for picture in raw] == ["x view", "y view", "z view"]
    # Brightened or not, black stays black, and what is bright stays.
    for picture, pattern in zip(raw, answer.raw, strict=True):
        assert picture.values.max() >= 254  # rounding takes one off the brightest raw pixel
        assert (picture.values[pattern > 0] >= pattern[pattern > 0]).all()
        assert (picture.values == 0).any()
    assert answer.shaped is not None
    assert (np.stack([picture.values for picture in shaped]) == answer.shaped).all()
    assert [picture.values.shape for picture in seen] == [(SIZE, SIZE, 3)] * 3
    assert (seen[0].values == np.rint(255 * answer.seen[0])).all()


@pytest.mark.parametrize("descriptor", ["diffractogram", "powder"])
def test_powders_are_drawn_as_curves(tmp_path: Path, descriptor: str) -> None:
    settings = Settings.model_validate(
        {
            "simulate": {"engine": "xrayutilities"},
            "train": {"descriptor": "diffractogram"},
            "model": {"name": "powder_cnn", "image_size": 711},
        }
    )
    folder = write_tiny_model(tmp_path / "model", settings, descriptor=descriptor)
    model = load_trained_model(folder)
    path = write_cif(tmp_path / "nacl.cif", ROCK_SALT)
    (answer,) = answer_inputs(read_input(path, model), model, 1)
    assert isinstance(answer, Answer)
    (raw,) = raw_pictures(answer, model)
    assert raw.two_theta == (5, 90)
    assert raw.values.shape == (8501,)
    # Its strongest reflection is 200, at lambda = 2 (a / 2) sin(theta).
    angles = np.linspace(5, 90, 8501)
    strongest = 2 * np.degrees(np.arcsin(1.5406 / 5.64))
    assert angles[raw.values.argmax()] == pytest.approx(strongest, abs=0.01)
    assert shaped_pictures(answer, model) == []
    (seen,) = seen_pictures(answer, model)
    assert (seen.two_theta is None) == (descriptor == "powder")
    assert png_address(raw).startswith("data:image/png;base64,")
    save_picture(answer_figure(answer, model), tmp_path, "powder")
    assert imread(tmp_path / "powder.png").shape[0] > 400
