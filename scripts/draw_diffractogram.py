"""Draw the powder diffractogram of one crystal: JSON lines in, a figure and an image out."""

from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.atomic import written_aside
from spacegrouper.contract.descriptor import DESCRIPTORS, Presentation
from spacegrouper.contract.engine import ENGINES
from spacegrouper.contract.technique import TECHNIQUES
from spacegrouper.crystals.one_crystal import find_crystal, heading, in_standard_cell
from spacegrouper.errors import UserError
from spacegrouper.programs.command_line import Crystals, log, progress, run_program
from spacegrouper.settings import load_settings
from spacegrouper.techniques.powder.descriptors.diffractogram import curves_of
from spacegrouper.techniques.powder.settings import Powder


def main(
    structures: Crystals,
    id: Annotated[str, typer.Option(help="which of them to draw, as mp-22862")],
    config: Annotated[
        Path,
        typer.Option(
            help="settings as YAML; used: standardise, simulate.engine (`xrayutilities` or "
            "`pymatgen`), powder, diffractogram, augment, seed"
        ),
    ],
    output: Annotated[Path, typer.Option(help="labelled figure to write, *.png or *.svg")],
    image: Annotated[
        Path | None, typer.Option(help="image to write as a network sees it, *.png")
    ] = None,
    size: Annotated[int, typer.Option(min=2, help="pixels along each edge of the image")] = 224,
    epoch: Annotated[
        int | None,
        typer.Option(min=0, help="augment as in this epoch of a training; default: not at all"),
    ] = None,
) -> None:
    """Draw the powder diffractogram of a crystal as a labelled figure, and as a network sees it.

    The crystal is taken in its standard conventional cell, into which it is brought unless
    standardise.py has done so. The figure shows the diffractogram over its reflections.
    """
    # Imported here, as --help needs no drawing.
    from PIL import Image

    from spacegrouper.figures.toolkit import check_format, save_figure_as
    from spacegrouper.techniques.powder.figures import diffractogram_figure

    check_format(output, "png", "svg")
    if image is not None:
        check_format(image, "png")
    settings = load_settings(config)
    engines = [each.name for each in ENGINES if Powder in TECHNIQUES[each.technique].sections]
    if settings.engine.name not in engines:
        raise UserError(
            f"{config}: `simulate.engine: {settings.engine.name}` simulates no powder; set "
            f"{' or '.join(engines)}"
        )
    with progress("searching", None) as advance:
        crystal = in_standard_cell(find_crystal(structures, id, advance), settings.standardise)
    (patterns,) = settings.engine.simulate([crystal], settings, 1)
    if patterns.reasons[0]:
        raise UserError(f"{structures}: {id} cannot be simulated: {patterns.reasons[0]}")

    technique = settings.technique
    shown = Presentation(
        "powder",
        size,
        settings.train.resize,
        settings.seed,
        settings.model_dump(mode="json", include=set(technique.presented)),
        technique.record(settings),
    )
    powder, sticks = settings.of(Powder), patterns.values[:, 0, 0]
    (curve,), _ = curves_of(shown, powder.angles).draw(sticks, [crystal.id], epoch)
    save_figure_as(diffractogram_figure(heading(crystal), powder, sticks[0], curve), output)
    log.info("%s drawn in %s", heading(crystal), output)
    if image is not None:
        (drawn,) = DESCRIPTORS["powder"].composer(shown).compose(sticks, [crystal.id], epoch)
        with written_aside(image) as aside:
            Image.fromarray((drawn[0, :, :, 0] * 255).round().astype("uint8")).save(aside, "PNG")
        log.info("image of %d x %d pixels in %s", size, size, image)


if __name__ == "__main__":
    run_program(main)
