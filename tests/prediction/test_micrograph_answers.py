from pathlib import Path

import numpy as np
import pytest
from drawn_micrographs import any_intensity, drawn
from PIL import Image

from spacegrouper.crystals.crystal import Rejection
from spacegrouper.prediction.inputs import Asked, answer_inputs, gathered, read_input
from spacegrouper.prediction.micrographs import MicrographAnswer
from spacegrouper.prediction.outputs import answer_json, answer_picture, answer_text

STEP = 0.008  # 1/Angstrom of a pixel
CELL = "5.2,6.4,7.7,90,90,90"
EDGES = np.array([5.2, 6.4, 7.7])


def zone_image(path: Path, axes: tuple[int, int], allowed: str = "") -> Path:
    """Draw a zone of an orthorhombic crystal: hk0, h0l or 0kl by the two axes in its plane."""

    def intensity(h: int, k: int) -> float:
        if allowed == "even sums" and (h + k) % 2:
            return 0.0
        return any_intensity(abs(h), abs(k))

    turn = np.array([[np.cos(0.3), np.sin(0.3)], [-np.sin(0.3), np.cos(0.3)]])
    vectors = np.diag(1 / EDGES[list(axes)] / STEP) @ turn
    Image.fromarray(drawn(intensity, vectors).astype(np.uint16)).save(path)
    return path


def answers(paths: list[Path], asked: Asked) -> list[MicrographAnswer | Rejection]:
    read = (item for group in gathered(paths, asked) for item in read_input(group, asked))
    return list(answer_inputs(read, asked))  # type: ignore[arg-type]


def test_one_zone_on_a_cell_says_what_it_cannot_decide(tmp_path: Path) -> None:
    path = zone_image(tmp_path / "a.tif", (0, 1), "even sums")
    (answer,) = answers([path], Asked(None, cell=CELL, pixel_size=STEP))
    assert isinstance(answer, MicrographAnswer)
    (one,) = answer.given.indexed
    assert np.abs(one.zone.axis).tolist() == [0, 0, 1]
    assert one.measured.symmetry.name == "2mm"
    text = answer_text(answer, None, None)
    assert "limit: one zone shows neither" in text
    assert "cells C, I do, and of primitive ones" in text
    assert "would be told from" in text
    record = answer_json(answer, None, None)
    assert record["micrographs"][0]["zone"] == one.zone.axis.tolist()
    assert max(guess["probability"] for guess in record["answers"]) < 0.9
    assert answer_picture(answer, None, None).axes


def test_three_zones_of_one_cell_are_one_answer(tmp_path: Path) -> None:
    paths = [
        zone_image(tmp_path / "a.tif", (0, 1)),
        zone_image(tmp_path / "b.png", (0, 2)),
        zone_image(tmp_path / "c.tif", (1, 2)),
    ]
    (answer,) = answers(paths, Asked(None, cell=CELL, pixel_size=STEP))
    assert isinstance(answer, MicrographAnswer)
    axes = [np.abs(one.zone.axis).tolist() for one in answer.given.indexed]
    assert axes == [[0, 0, 1], [0, 1, 0], [1, 0, 0]]
    assert answer.ranked is not None
    assert answer.ranked.measured.radiation == "electron"


def test_without_a_cell_no_space_group_is_named(tmp_path: Path) -> None:
    paths = [zone_image(tmp_path / "a.tif", (0, 1)), zone_image(tmp_path / "b.tif", (0, 2))]
    found = answers(paths, Asked(None))
    assert len(found) == 2
    text = answer_text(found[0], None, None)  # type: ignore[arg-type]
    assert "the file has no scale, give it with --pixel-size" in text
    assert "2mm (Laue class 2/m or mmm" in text
    assert "decides no space group" in text
    assert answer_json(found[0], None, None)["answers"] == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("level", "words"), [(0, "all pixels have the value 0"), (255, "all pixels have the value 255")]
)
def test_what_is_no_pattern_is_one_line(tmp_path: Path, level: int, words: str) -> None:
    Image.new("L", (128, 128), level).save(tmp_path / "a.png")
    (found,) = answers([tmp_path / "a.png"], Asked(None, cell=CELL))
    assert isinstance(found, Rejection)
    assert words in found.reason
