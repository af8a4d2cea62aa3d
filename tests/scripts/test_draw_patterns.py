"""The drawing program as a person would run it."""

import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from programs import Finished, Runner, call, spawn

PRIMITIVE = [[0, 2.82, 2.82], [2.82, 0, 2.82], [2.82, 2.82, 0]]
RECORDS = [
    {"id": "mp-22862", "species": ["Na", "Cl"], "frac_coords": [[0, 0, 0], [0.5, 0.5, 0.5]]},
    {"id": "mp-23193", "species": ["K", "Cl"], "frac_coords": [[0, 0, 0], [0.5, 0.5, 0.5]]},
    {"id": "mp-torn", "species": ["K"], "frac_coords": []},
    {"id": "mp-fused", "species": ["K", "K"], "frac_coords": [[0, 0, 0], [0.01, 0, 0]]},
]


def draw(folder: Path, *arguments: str, config: str = "", run: Runner = call) -> Finished:
    lines = [json.dumps(record | {"lattice": PRIMITIVE}) + "\n" for record in RECORDS]
    (folder / "crystals.jsonl").write_text("".join(lines))
    (folder / "config.yaml").write_text(config)
    files = ["--structures", "crystals.jsonl", "--config", "config.yaml"]
    return run("draw_patterns", *files, *arguments, folder=folder)


def marked_pixels(path: Path) -> int:
    """How many pixels are yellow, the colour of the marks and of nothing else."""
    red, green, blue = np.moveaxis(imread(path)[..., :3], -1, 0)
    return int(np.sum((red > 0.8) & (green > 0.8) & (blue < 0.4)))


def test_a_figure_has_marks_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name, run in (("a.png", spawn), ("b.png", call)):
        done = draw(tmp_path, "--id", "mp-22862", "--output", name, run=run)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert marked_pixels(tmp_path / "a.png") > 1000
    # Drawn in its conventional cell, not in the primitive one of the file.
    assert "NaCl   225 Fm3\u0305m   (5.64, 5.64, 5.64 Å; 90°, 90°, 90°)" in done.stderr


def test_sums_of_several_turns_have_no_marks(tmp_path: Path) -> None:
    # Whatever the run stores, what is drawn are grey levels.
    config = "simulate: {views: ziletti, bit_depth: 32}"
    done = draw(tmp_path, "--id", "mp-23193", "--output", "figure.png", config=config)
    assert done.returncode == 0, done.stderr
    assert marked_pixels(tmp_path / "figure.png") == 0


def test_an_svg_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        done = draw(tmp_path, "--id", "mp-22862", "--output", name, "--spots", "2")
        assert done.returncode == 0, done.stderr
    content = (tmp_path / "a.svg").read_text()
    assert content == (tmp_path / "b.svg").read_text()
    assert content.count("<image") == 6


@pytest.mark.parametrize(
    ("id", "output", "message"),
    [
        ("mp-2319", "x.png", "no crystal has the id 'mp-2319'; the nearest of 4 ids is 'mp-23193'"),
        ("mp-torn", "x.png", "mp-torn is no crystal, mend it: line 3: `frac_coords` must be"),
        ("mp-fused", "x.png", "mp-fused cannot be standardised: atoms 1 (K) and 2 (K) are closer"),
        ("mp-22862", "x.pdf", "x.pdf: cannot tell the format; name it *.png or *.svg"),
    ],
)
def test_a_mistake_gets_one_line(tmp_path: Path, id: str, output: str, message: str) -> None:
    done = draw(tmp_path, "--id", id, "--output", output)
    assert done.returncode == 1
    assert message in done.stderr
    assert len([line for line in done.stderr.splitlines() if "error" in line]) == 1
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("x*"))
