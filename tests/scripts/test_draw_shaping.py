"""The program that draws the figures of docs/shaping.md, as a person would run it."""

from pathlib import Path

from matplotlib.image import imread
from programs import call, spawn

FIGURES = ("shaping_methods.png", "shaping_cases.png")


def test_figures_show_where_the_methods_differ_and_have_the_same_bytes_each_time(
    tmp_path: Path,
) -> None:
    for folder, run in (("a", spawn), ("b", call)):
        done = run("draw_shaping", "--output", tmp_path / folder)
        assert done.returncode == 0, done.stderr
    for name in FIGURES:
        path = tmp_path / "a" / name
        assert path.read_bytes() == (tmp_path / "b" / name).read_bytes()
        image = imread(path)[..., :3]
        for colour in ((0.90, 0.62, 0.0), (0.34, 0.71, 0.91)):  # of lines of one method only
            assert (abs(image - colour).max(axis=-1) < 0.02).sum() > 200
