"""Draw the powder diffractogram of one crystal: JSON lines in, a figure and an image out."""

import logging
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from command_line import progress, run_program
from draw_patterns import find_crystal, in_standard_cell, title

from spacegrouper.atomic import written_aside
from spacegrouper.contract.technique import ENGINES
from spacegrouper.errors import UserError
from spacegrouper.settings import load_settings
from spacegrouper.techniques.powder.settings import Augment, Diffractogram, Powder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

log = logging.getLogger("spacegrouper")

LONGEST_LINE = 75  # of the heading, characters


class Engine(StrEnum):
    """What draws the image; `jitted` is what networks learn from."""

    jitted = "jitted"
    matplotlib = "matplotlib"


def main(
    structures: Annotated[Path, typer.Option(help="crystals as JSON lines (.jsonl or .jsonl.gz)")],
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
    engine: Annotated[
        Engine, typer.Option(help="what draws the image; matplotlib's is the reference")
    ] = Engine.jitted,
    epoch: Annotated[
        int | None,
        typer.Option(min=0, help="augment as in this epoch of a training; default: not at all"),
    ] = None,
) -> None:
    """Draw the powder diffractogram of a crystal as a labelled figure, and as a network sees it.

    The crystal is taken in its standard conventional cell, into which it is brought unless
    standardise.py has done so. The figure shows the diffractogram over its reflections.
    """
    if output.suffix not in (".png", ".svg"):
        raise UserError(f"{output}: cannot tell the format; name it *.png or *.svg")
    if image is not None and image.suffix != ".png":
        raise UserError(f"{image}: images are written as PNG; name it *.png")
    settings = load_settings(config)
    engines = [each.name for each in ENGINES if each.technique == "powder"]
    if settings.engine.name not in engines:
        raise UserError(
            f"{config}: `simulate.engine: {settings.engine.name}` simulates no powder; set "
            f"{' or '.join(engines)}"
        )
    with progress("searching", None) as advance:
        crystal = in_standard_cell(find_crystal(structures, id, advance), settings.standardise)

    # Imported here, so that --help and mistakes do not wait for the compiler.
    import matplotlib as mpl
    from PIL import Image

    from spacegrouper.figures.toolkit import STYLE
    from spacegrouper.techniques.powder import diffractograms as descriptor

    (patterns,) = settings.engine.simulate([crystal], settings, 1)
    if patterns.reasons[0]:
        raise UserError(f"{structures}: {id} cannot be simulated: {patterns.reasons[0]}")
    sticks = patterns.values[:, 0, 0]
    augment = None if epoch is None else settings.of(Augment)
    how = (settings.of(Powder), settings.of(Diffractogram))

    random = descriptor.generators([crystal.id], settings.seed, epoch)
    fine = descriptor.diffractograms(sticks, *how, settings.of(Powder).angles, augment, random)
    with mpl.rc_context(STYLE), written_aside(output) as aside:
        figure = draw(title(crystal), settings.of(Powder), sticks[0], fine[0])
        kind = output.suffix[1:]
        metadata = {"Date": None} if kind == "svg" else {}
        figure.savefig(aside, format=kind, dpi=150, metadata=metadata)
    log.info("%s drawn in %s", title(crystal), output)

    if image is not None:
        random = descriptor.generators([crystal.id], settings.seed, epoch)
        coarse = descriptor.diffractograms(sticks, *how, descriptor.IMAGE_POINTS, augment, random)
        if engine is Engine.jitted:
            images = descriptor.draw_images(coarse, size)
        else:
            images = descriptor.draw_images_with_matplotlib(coarse, size)
        if augment is not None:
            images = descriptor.augment_images(images, augment, random)
        with written_aside(image) as aside:
            Image.fromarray(images[0]).save(aside, format="PNG")
        log.info("image of %d x %d pixels in %s", size, size, image)


def draw(heading: str, powder: Powder, sticks: Any, diffractogram: Any) -> "Figure":
    """Draw a diffractogram (angles,) above its sticks (angles,), over 2 theta."""
    from matplotlib.figure import Figure

    from spacegrouper.figures.toolkit import BLUE

    figure = Figure(figsize=(8, 4.2), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": (4, 1)})
    # Ids of prototypes are long.
    above.set_title(heading if len(heading) <= LONGEST_LINE else heading.replace("   (", "\n("))
    above.plot(
        np.linspace(*powder.two_theta, diffractogram.size), diffractogram, color=BLUE, linewidth=0.9
    )
    above.set(ylabel="intensity, relative", ylim=(0, 1.05))
    (steps,) = np.nonzero(sticks)
    angles = powder.two_theta[0] + powder.step * steps
    below.vlines(angles, 0, sticks[steps] / sticks.max(), color="black", linewidth=0.7)
    below.set(
        xlabel=f"2θ (degrees), wavelength {powder.wavelength * 1e10:g} Å",
        ylabel="area",
        xlim=powder.two_theta,
        ylim=(0, 1.05),
    )
    figure.align_ylabels()
    return figure


if __name__ == "__main__":
    run_program(main)
