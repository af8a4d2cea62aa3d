"""Draw how the two methods of shaping differ: patterns in, a figure for each question out."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from spacegrouper.programs.command_line import run_program
from spacegrouper.techniques.patterns.settings import Shape

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger("spacegrouper")

EXCERPT = Path(__file__).parents[1] / "tests" / "techniques" / "patterns" / "shaping_excerpt.npz"
SHOWN = ("sample2_y", "mp-1085_z", "mp-1103293_y", "mp-755640_x")  # patterns of the excerpt
MARGIN = 8  # pixels shown around the lines
TILE = 2.4  # edge of a pattern in the figures, inches
DOTS_PER_INCH = 110
# Of Okabe and Ito; the names are also written beside the colours.
COLOURS = {"spots": "#606060", "both": "#FFFFFF", "pixels only": "#E69F00", "nodes only": "#56B4E9"}
PIXELS, NODES = Shape(method="pixels"), Shape(method="nodes")


def main(
    output: Annotated[Path, typer.Option(help="folder of the figures")] = Path("docs/images"),
) -> None:
    """Draw the figures of docs/shaping.md.

    Writes shaping_methods.png (diffraction patterns, of the tests' excerpt, shaped by `pixels` and
    by `nodes`, and where the lines differ) and shaping_cases.png (made-up patterns that show why).
    """
    with np.load(EXCERPT) as content:
        excerpt = dict(zip(content["name"], content["raw"], strict=True))
    # Imported here, so that --help does not wait for it.
    import matplotlib as mpl

    from spacegrouper.atomic import written_aside

    with mpl.rc_context({"font.size": 8}):
        for name, figure in (
            ("shaping_methods", draw({name: excerpt[name] for name in SHOWN})),
            ("shaping_cases", draw(made_up_patterns())),
        ):
            with written_aside(output / f"{name}.png") as aside:
                figure.savefig(aside, format="png", dpi=DOTS_PER_INCH)
            log.info("drawn: %s", output / f"{name}.png")


def made_up_patterns() -> dict[str, Any]:
    """Return patterns that each show one difference of the methods."""
    grid, sizes, few = (np.zeros((64, 64), dtype=np.uint8) for _ in range(3))
    grid[14:52:14, 4:64:14] = 220
    for half, column in enumerate((10, 30, 52)):
        spot(sizes, 20, column, half)
        spot(sizes, 42, column + 6, half)
    for row, column in ((12, 10), (20, 24), (50, 54)):
        spot(few, row, column, 0)
    return {"single pixels in rows": grid, "large and small spots": sizes, "few pixels": few}


def spot(pattern: Any, row: int, column: int, half: int) -> None:
    """Put a square spot into a pattern, 2 half + 1 pixels along each edge."""
    pattern[row - half : row + half + 1, column - half : column + half + 1] = 220


def draw(patterns: dict[str, Any]) -> "Figure":
    """Draw a row for each pattern: raw, by pixels, by nodes, and both sets of lines."""
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Patch

    from spacegrouper.figures.toolkit import draw_image, enlarged, new_figure
    from spacegrouper.techniques.patterns.shaping import as_levels, normalise, shape_pattern

    rows = len(patterns)
    figure, grid = new_figure(4 * TILE, TILE * rows + 0.6, rows, 4, squeeze=False)
    headings = ("raw, brightened", "method: pixels", "method: nodes", "their lines")
    for axes, heading in zip(grid[0], headings, strict=True):
        axes.set_title(heading)
    for row, (name, raw) in zip(grid, patterns.items(), strict=True):
        shaped = [shape_pattern(raw, settings) for settings in (PIXELS, NODES)]
        kept = normalise(raw, PIXELS) > PIXELS.restore_above
        by_pixels, by_nodes = ((values == 255) & ~kept for values in shaped)
        masks = (kept, by_pixels & by_nodes, by_pixels & ~by_nodes, by_nodes & ~by_pixels)
        colours = np.zeros((*raw.shape, 3))
        for mask, colour in zip(masks, COLOURS.values(), strict=True):
            colours[mask] = to_rgb(colour)
        images = (
            np.cbrt(enlarged(raw) / 255),
            *(as_levels(v, raw.dtype) / 255 for v in shaped),
            colours,
        )
        window = shown_window(by_pixels | by_nodes)
        row[0].set_ylabel(name)
        for axes, image in zip(row, images, strict=True):
            draw_image(axes, image, white=1)
            axes.set(xticks=[], yticks=[], xlim=window, ylim=window[::-1])
    figure.legend(
        [Patch(facecolor=colour, edgecolor="black", linewidth=0.5) for colour in COLOURS.values()],
        list(COLOURS),
        loc="outside lower center",
        ncols=4,
        frameon=False,
    )
    return figure


def shown_window(lines: Any) -> tuple[float, float]:
    """Return where a square about the centre begins and ends that holds all lines."""
    centre = (len(lines) - 1) / 2
    farthest = abs(np.argwhere(lines) - centre).max() + MARGIN
    return max(-0.5, centre - farthest), min(len(lines) - 0.5, centre + farthest)


if __name__ == "__main__":
    run_program(main)
