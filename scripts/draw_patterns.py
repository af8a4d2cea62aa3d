"""Draw the diffraction patterns of one crystal: JSON lines in, a figure out."""

import difflib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from command_line import progress, run_program

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.json_lines import read_crystals
from spacegrouper.errors import UserError
from spacegrouper.settings import Simulate, Standardise, View, load_settings
from spacegrouper.techniques.patterns.settings import Shape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from spacegrouper.techniques.patterns.indexing import Reflections

log = logging.getLogger("spacegrouper")

TILE = 4.0  # edge of a pattern in the figure, inches
FONT_SIZE = 9
MARK = "#F0E442"  # yellow of Okabe and Ito: seen on black by colour-blind readers too


def main(
    structures: Annotated[Path, typer.Option(help="crystals as JSON lines (.jsonl or .jsonl.gz)")],
    id: Annotated[str, typer.Option(help="which of them to draw, as mp-22862")],
    config: Annotated[
        Path, typer.Option(help="settings as YAML; used: standardise, simulate, shape, seed")
    ],
    output: Annotated[Path, typer.Option(help="figure to write, *.png or *.svg")],
    spots: Annotated[int, typer.Option(min=0, help="strongest spots to mark in a view")] = 8,
) -> None:
    """Draw the raw and the shaped patterns of a crystal, with indexed spots.

    The crystal is drawn in its standard conventional cell, into which it is brought unless
    standardise.py has done so. Every view has a column: the raw pattern, brightened and with
    spots enlarged, above the shaped one. The strongest reflections are marked with h k l of that
    cell; a view that adds up several turns is drawn without marks.
    """
    if output.suffix not in (".png", ".svg"):
        raise UserError(f"{output}: cannot tell the format; name it *.png or *.svg")
    settings = load_settings(config)
    with progress("searching", None) as advance:
        crystal = in_standard_cell(find_crystal(structures, id, advance), settings.standardise)

    # Imported here, so that --help and mistakes do not wait for the compiler.
    import matplotlib as mpl

    from spacegrouper.techniques.patterns.geometry import rotation_matrices
    from spacegrouper.techniques.patterns.indexing import strongest_reflections
    from spacegrouper.techniques.patterns.shaping import shape_patterns
    from spacegrouper.techniques.patterns.simulation import simulate_crystals

    # Shaping takes grey levels, whatever the run stores.
    simulate = settings.simulate.model_copy(update={"bit_depth": 8})
    (patterns,) = simulate_crystals([crystal], simulate, settings.seed, threads=1)
    if patterns.reasons[0]:
        raise UserError(f"{structures}: {id} cannot be simulated: {patterns.reasons[0]}")
    raw = patterns.values[0]
    reflections = [
        strongest_reflections(pattern, spots, simulate, rotation_matrices(view)[0], crystal.lattice)
        if len(view.angles) == 1
        else None
        for pattern, view in zip(raw, simulate.views, strict=True)
    ]
    # Without a fixed salt the names inside an SVG differ from run to run.
    style: Any = {"font.size": FONT_SIZE, "svg.hashsalt": "spacegrouper"}
    with mpl.rc_context(style), written_aside(output) as aside:
        figure = draw(crystal, simulate, raw, shape_patterns(raw, settings.of(Shape)), reflections)
        kind = output.suffix[1:]
        metadata = {"Date": None} if kind == "svg" else {}
        figure.savefig(aside, format=kind, dpi=150, metadata=metadata)
    log.info("%s drawn in %s", title(crystal), output)


def find_crystal(structures: Path, id: str, advance: Any) -> Crystal:
    """Return the crystal of this id; `advance` is called with 1 after each record."""
    seen = []
    for record in read_crystals(structures):
        if record.id == id:
            if isinstance(record, Rejection):
                raise UserError(f"{structures}: {id} is no crystal, mend it: {record.reason}")
            return record
        seen.append(record.id)
        advance(1)
    nearest = difflib.get_close_matches(id, seen, n=1, cutoff=0)
    hint = f"; the nearest of {len(seen)} ids is {nearest[0]!r}" if nearest else ", nor any other"
    raise UserError(f"{structures}: no crystal has the id {id!r}{hint}")


def in_standard_cell(crystal: Crystal, settings: Standardise) -> Crystal:
    """Return the crystal in its standard conventional cell."""
    if "structure_key" in crystal.metadata:
        return crystal
    from spacegrouper.crystals.standard_cell import standardise

    standardised = standardise(crystal, settings)
    if isinstance(standardised, Rejection):
        raise UserError(f"{crystal.id} cannot be standardised: {standardised.reason}")
    return standardised


def draw(
    crystal: Crystal,
    settings: Simulate,
    raw: Any,
    shaped: Any,
    reflections: list["Reflections | None"],
) -> "Figure":
    """Draw the views side by side, raw above shaped; `raw`, `shaped`: (views, n, n)."""
    from matplotlib.figure import Figure

    from spacegrouper.figures.toolkit import enlarged

    views = settings.views
    figure = Figure(figsize=(TILE * len(views), 2 * TILE + 0.8), layout="constrained")
    figure.suptitle(title(crystal), fontsize=FONT_SIZE + 3)
    grid = figure.subplots(2, len(views), squeeze=False)
    for column, view in enumerate(views):
        above, below = grid[0, column], grid[1, column]
        above.set_title(f"raw, {turn(view)}")
        below.set_title(f"shaped, {turn(view)}")
        # Most spots are too faint to see, hence the cube root.
        above.imshow(np.cbrt(enlarged(raw[column])), cmap="gray", vmin=0, vmax=np.cbrt(255))
        below.imshow(shaped[column], cmap="gray", vmin=0, vmax=255)
        marked = reflections[column]
        if marked is not None:
            mark_reflections(above, marked, settings)
        for axes in (above, below):
            axes.set(xticks=[], yticks=[])
    figure.supxlabel(legend(settings), fontsize=FONT_SIZE)
    return figure


def title(crystal: Crystal) -> str:
    """Say which crystal it is, and its cell."""
    from pymatgen.core import Lattice

    from spacegrouper.crystals.class_names import space_group_name
    from spacegrouper.crystals.formula import formula_unit

    cell = Lattice(crystal.lattice)
    edges = ", ".join(f"{length:.2f}" for length in cell.abc)
    angles = ", ".join(f"{angle:.0f}°" for angle in cell.angles)
    group = space_group_name(crystal.metadata["spacegroup"])
    return f"{crystal.id}   {formula_unit(crystal)}   {group}   ({edges} Å; {angles})"


def turn(view: View) -> str:
    """Say how a view turns the crystal."""
    return f"{' and '.join(f'{angle:+g}°' for angle in view.angles)} about {view.axis}"


def legend(settings: Simulate) -> str:
    """Say what the marks and the extent of a pattern are."""
    edge = settings.pixels / 2 * settings.pixel_size / settings.detector_distance
    s = edge / np.hypot(1, edge) / (settings.wavelength * 1e10)
    cells = " x ".join(map(str, settings.cells))
    return (
        f"{cells} cells; {s:.2f} Å⁻¹ from the centre to the middle of an edge. "
        "Circles: the strongest reflections, with h k l of the standard conventional cell."
    )


def mark_reflections(axes: "Axes", reflections: "Reflections", settings: Simulate) -> None:
    """Ring the spots and write their indices beside them, where there is room."""
    unit = settings.pixels / 256  # sizes below are in pixels of a detector of 256
    spots = np.stack([reflections.columns, reflections.rows], axis=1).astype(float)
    # Of what is in a label's way: the middle, and half of the width and height.
    boxes = [(spot, np.array([5, 5]) * unit) for spot in spots]
    for spot, hkl in zip(spots, reflections.indices, strict=True):
        axes.plot(*spot, marker="o", markersize=9, markerfacecolor="none", color=MARK)
        label = r"\ ".join(rf"\bar{{{-index}}}" if index < 0 else str(index) for index in hkl)
        size = np.array([2.4 * sum(len(str(abs(index))) for index in hkl) + 6, 6]) * unit
        place = free_place(spot, size, boxes, settings.pixels)
        boxes.append((place, size))
        axes.annotate(
            f"${label}$",
            spot,
            place,
            color=MARK,
            ha="center",
            va="center",
            arrowprops={"arrowstyle": "-", "color": MARK, "linewidth": 0.5, "shrinkB": 4.5},
        )


def free_place(spot: Any, size: Any, boxes: list[tuple[Any, Any]], pixels: int) -> Any:
    """Return the middle of a label: as near its spot as others allow, outwards if possible."""
    centre = (pixels - 1) / 2
    outwards = np.arctan2(spot[1] - centre, spot[0] - centre)
    for distance in np.arange(14, 100, 6) * pixels / 256:
        for aside in np.radians([0, 30, -30, 60, -60, 90, -90, 120, -120, 150, -150, 180]):
            angle = outwards + aside
            place = spot + distance * np.array([np.cos(angle), np.sin(angle)])
            inside = np.all(abs(place - centre) + size <= centre)
            if inside and all(np.any(abs(place - other) >= size + half) for other, half in boxes):
                return place
    return spot


if __name__ == "__main__":
    run_program(main)
