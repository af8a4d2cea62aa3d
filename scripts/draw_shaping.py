"""Draw how the two methods of shaping differ: patterns in, a figure for each question out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from command_line import log, run_program

from spacegrouper.techniques.patterns.settings import Shape

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EXCERPT = Path(__file__).parents[1] / "tests" / "techniques" / "patterns" / "shaping_excerpt.npz"
SHOWN = ("sample2_y", "mp-1085_z", "mp-1103293_y", "mp-755640_x")  # patterns of the excerpt
MARGIN = 8  # pixels shown around the lines
TILE = 2.4  # edge of a pattern in the figures, inches
DOTS_PER_INCH = 110
# Of Okabe and Ito; the names are also written beside the lines' colours.
LINES = {"both": "#FFFFFF", "pixels only": "#E69F00", "nodes only": "#56B4E9"}
SPOT = "#606060"
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

    from spacegrouper.figures.toolkit import draw_image, enlarged, head_columns, new_figure
    from spacegrouper.techniques.patterns.shaping import as_8_bit, normalise, shape_pattern

    size = (4 * TILE, TILE * len(patterns) + 0.6)
    figure, grid = new_figure(*size, len(patterns), 4, squeeze=False)
    headings = ("raw, brightened", "method: pixels", "method: nodes", "their lines")
    head_columns(grid, headings, fontsize=9.6)
    for row, (name, raw) in zip(grid, patterns.items(), strict=True):
        shaped = [shape_pattern(raw, settings) for settings in (PIXELS, NODES)]
        kept = normalise(raw, PIXELS) > PIXELS.restore_above
        lines = [(values == 255) & ~kept for values in shaped]
        row[0].set_ylabel(name)
        draw_image(row[0], np.cbrt(enlarged(raw) / 255), white=1)
        for axes, values in zip(row[1:], shaped, strict=False):
            draw_image(axes, as_8_bit(values))
        colours = np.zeros((*raw.shape, 3))
        for mask, colour in (
            (kept, SPOT),
            (lines[0] & lines[1], LINES["both"]),
            (lines[0] & ~lines[1], LINES["pixels only"]),
            (lines[1] & ~lines[0], LINES["nodes only"]),
        ):
            colours[mask] = to_rgb(colour)
        draw_image(row[3], colours, white=1)
        window = shown_window(lines[0] | lines[1])
        for axes in row:
            axes.set(xlim=window, ylim=window[::-1], xticks=[], yticks=[])
    legend = {"spots": SPOT, **LINES}
    figure.legend(
        [Patch(facecolor=colour, edgecolor="black", linewidth=0.5) for colour in legend.values()],
        list(legend),
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
