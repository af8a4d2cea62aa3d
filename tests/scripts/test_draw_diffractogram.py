"""The program that draws diffractograms, as a person would run it."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from programs import Finished, Runner, call, spawn

FACES = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
RECORD = {
    "id": "mp-22862",
    "species": ["Na"] * 4 + ["Cl"] * 4,
    "frac_coords": FACES + [[x + 0.5, y, z] for x, y, z in FACES],
    "lattice": [[5.64, 0, 0], [0, 5.64, 0], [0, 0, 5.64]],
    # As standardise.py leaves it, which is slow to import.
    "structure_key": "a key",
    "spacegroup": 225,
}
CONFIG = "simulate: {engine: xrayutilities}\naugment: {zero_shift: 1, rotation: 5}\n"


def draw(folder: Path, *arguments: str, config: str = CONFIG, run: Runner = call) -> Finished:
    (folder / "crystals.jsonl").write_text(json.dumps(RECORD) + "\n")
    (folder / "config.yaml").write_text(
        config + "train: {descriptor: powder}\nmodel: {name: vgg}\n"
    )
    files = ["--structures", "crystals.jsonl", "--config", "config.yaml"]
    return run("draw_diffractogram", *files, *arguments, folder=folder)


def test_figure_and_image_have_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name, run in (("a", spawn), ("b", call)):
        files = ["--output", f"{name}.svg", "--image", f"{name}.png"]
        done = draw(tmp_path, "--id", "mp-22862", *files, run=run)
        assert done.returncode == 0, done.stderr
    for suffix in ("svg", "png"):
        first = (tmp_path / f"a.{suffix}").read_bytes()
        assert first == (tmp_path / f"b.{suffix}").read_bytes()
    assert "NaCl   225 Fm3\u0305m" in done.stderr
    image = np.asarray(Image.open(tmp_path / "a.png"))
    assert image.shape == (224, 224)
    # The strongest reflection of halite, at 31.7 of 5 to 90 degrees, reaches the top.
    brightest = image[8:16].sum(axis=0).argmax()
    assert brightest == pytest.approx((31.7 - 5) / 85 * 224, abs=1)


@pytest.mark.parametrize(
    ("arguments", "config", "message"),
    [
        (["--output", "x.pdf"], CONFIG, "x.pdf: cannot tell the format; name it *.png or *.svg"),
        (
            ["--output", "x.png", "--image", "y.svg"],
            CONFIG,
            "y.svg: cannot tell the format; name it *.png",
        ),
        (
            ["--output", "x.png"],
            CONFIG + "powder: {two_theta: [5, 8]}\n",
            "mp-22862 cannot be simulated: no reflection between 5 and 8 degrees",
        ),
    ],
)
def test_a_mistake_gets_one_line(
    tmp_path: Path, arguments: list[str], config: str, message: str
) -> None:
    done = draw(tmp_path, "--id", "mp-22862", *arguments, config=config)
    assert done.returncode == 1
    assert message in done.stderr
    assert len([line for line in done.stderr.splitlines() if "error" in line]) == 1
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("[xy]*"))


def test_another_technique_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("simulate: {engine: kinematic}\n")
    (tmp_path / "crystals.jsonl").write_text(json.dumps(RECORD) + "\n")
    files = ["--structures", "crystals.jsonl", "--config", "config.yaml", "--output", "x.png"]
    done = call("draw_diffractogram", *files, "--id", "mp-22862", folder=tmp_path)
    assert done.returncode == 1
    assert "`simulate.engine: kinematic` simulates no powder" in done.stderr
