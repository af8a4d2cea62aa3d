"""Draw the diffraction patterns of one crystal: JSON lines in, a figure out."""

from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.crystals.one_crystal import find_crystal, heading, in_standard_cell
from spacegrouper.errors import UserError
from spacegrouper.programs.command_line import Crystals, log, progress
from spacegrouper.settings import load_settings
from spacegrouper.techniques.patterns.settings import Shape


def main(
    structures: Crystals,
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
    # Imported here, so that --help does not wait for the compiler.
    from spacegrouper.figures.toolkit import check_format, save_figure_as
    from spacegrouper.techniques.patterns.indexed_figure import indexed_figure
    from spacegrouper.techniques.patterns.shaping import shape_patterns
    from spacegrouper.techniques.patterns.simulation import simulate_crystals

    check_format(output, "png", "svg")
    settings = load_settings(config)
    with progress("searching", None) as advance:
        crystal = in_standard_cell(find_crystal(structures, id, advance), settings.standardise)
    simulate = settings.simulate
    if simulate.bit_depth == 32:
        # Shaping takes grey levels.
        simulate = simulate.model_copy(update={"bit_depth": 8})
    (patterns,) = simulate_crystals([crystal], simulate, settings.seed, threads=1)
    if patterns.reasons[0]:
        raise UserError(f"{structures}: {id} cannot be simulated: {patterns.reasons[0]}")
    raw = patterns.values[0]
    shaped = shape_patterns(raw, settings.of(Shape))
    figure = indexed_figure(heading(crystal), simulate, raw, shaped, crystal.lattice, spots)
    save_figure_as(figure, output)
    log.info("%s drawn in %s", heading(crystal), output)
