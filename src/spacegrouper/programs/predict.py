"""Name the space group of one's own crystals, with a trained network."""

import json
import re
import sys
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spacegrouper.crystals.crystal import Rejection
from spacegrouper.errors import UserError
from spacegrouper.programs.command_line import CORES, Threads, Threshold, log, progress
from spacegrouper.techniques.reflections.ranking.priors import USUAL, Prior

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spacegrouper.prediction.inputs import Input
    from spacegrouper.prediction.trained_model import TrainedModel


def main(
    inputs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[INPUT]...",
            # One that cannot be read is named among the answers to the others.
            readable=False,
            help="structures (CIF, POSCAR, pymatgen's Structure as JSON, JSON lines), folders of "
            "patterns (x.png, y.png, z.png), arrays of patterns (*.npy), measured "
            "diffractograms (.xy, .xye, .dat, .csv, .xrdml, .brml, .raw, CIF), lists of "
            "reflections (.hkl with .ins, .res or .p4p, CIF, .fcf, .cif_pets, MTZ, XDS), electron "
            "micrographs (.dm3, .dm4, .mrc, .mib, .blo, .hspy, .tvips, .tif, .png)",
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            help="folder of the trained network, or of its run; by default structures and "
            "diffractograms are shown to those that ship, and lists of reflections need none"
        ),
    ] = None,
    patterns: Annotated[
        tuple[Path, Path, Path] | None,
        typer.Option(
            metavar="X Y Z", help="the patterns of one crystal: images of its x, y and z view"
        ),
    ] = None,
    wavelength: Annotated[
        float | None,
        typer.Option(min=0.05, max=10, help="of diffractograms whose file lacks it, Angstrom"),
    ] = None,
    cell: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,C,AL,BE,GA",
            help="cell of the list of reflections where no file says it, or of micrographs, which "
            "then are of one crystal; Å and degrees",
        ),
    ] = None,
    pixel_size: Annotated[
        float | None,
        typer.Option(min=1e-5, max=1, help="of micrographs whose files lack it, 1/Å of a pixel"),
    ] = None,
    prior: Annotated[
        Prior,
        typer.Option(help="how frequent space groups are, for lists of reflections"),
    ] = USUAL,
    ranker: Annotated[
        Path | None,
        typer.Option(
            help="of lists of reflections or of micrographs, by train_ranker.py; "
            "by default that of the package",
            show_default=False,
        ),
    ] = None,
    threshold: Threshold = None,
    output: Annotated[
        Path | None,
        typer.Option(help="folder for a picture of each answer, SVG and PNG; made if need be"),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="print one JSON document, see docs/prediction.md")
    ] = False,
    threads: Threads = CORES,
) -> None:
    """Name the space group of crystals: the five most probable ones, with their probabilities.

    A list of measured reflections is ranked by what it says alone, without a network. SHELX's
    instructions (.ins, .res) belong to the list of the same name; beside it they are found.

    Micrographs are indexed on the cell, and their reflections are ranked likewise; without a cell
    the lattice and the symmetry of each zone are given.

    A structure is standardised, and its patterns are simulated like those that the network in MODEL
    was trained on. Patterns are grey images (PNG, TIFF or BMP) as simulate.py makes them, of as
    many bits, not brightened, of the crystal turned about x, y and z. Give those of one crystal
    with --patterns; those of many as a folder with x.png, y.png and z.png for each, or as a NumPy
    array, dtype uint8 or uint16, of shape (3, pixels, pixels) or (crystals, 3, pixels, pixels).
    Networks trained on powders take measured diffractograms, resampled as the answer says, and
    compared with known crystals where known_crystals.npz lies beside the network.

    Answers go to standard output. An input that cannot be used is named on standard error, with
    the reason; the others are answered, and the exit status is 1.
    """
    if not inputs and not patterns:
        raise UserError("no input: give structures, folders or arrays of patterns, or --patterns")

    # A terminal that lacks a letter gets its number.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    from spacegrouper.prediction.descriptions import model_record
    from spacegrouper.prediction.inputs import (
        Asked,
        answer_inputs,
        gathered,
        read_input,
        read_views,
    )
    from spacegrouper.prediction.outputs import answer_json, answer_picture, answer_text

    network = load_network(model) if model else None
    asked = Asked(network, wavelength, cell, prior, ranker, threads, pixel_size)
    together = gathered(inputs or [], asked)
    results: list[dict[str, Any]] = []
    errors: list[dict[str, str]] = []
    drawn: set[str] = set()
    used = {network.folder: network} if network else {}
    with progress("predicting", len(together) + bool(patterns)) as advance:

        def read() -> Iterator["Input"]:
            for paths in together:
                yield from read_input(paths, asked)
                advance(1)
            if patterns:
                yield read_views(patterns, asked)
                advance(1)

        for answer in answer_inputs(read(), asked):
            if isinstance(answer, Rejection):
                log.error("error: %s: %s", answer.id, answer.reason)
                errors.append({"input": answer.id, "reason": answer.reason})
                continue
            picture = None
            network = asked.network_of(answer)
            if network:
                used[network.folder] = network
            if output:
                figure = answer_picture(answer, network, threshold)
                picture = save(figure, output, answer.name, drawn)
            if as_json:
                results.append(answer_json(answer, network, threshold) | {"picture": picture})
            else:
                print(answer_text(answer, network, threshold), flush=True)
    if as_json:
        described = model_record(*used.values()) if len(used) == 1 else None
        document = {"model": described, "results": results, "errors": errors}
        print(json.dumps(document, indent=2, ensure_ascii=False))
    if errors:
        raise SystemExit(1)


def load_network(folder: Path) -> "TrainedModel":
    """Load a trained network, and say so if its probabilities are not calibrated."""
    from spacegrouper.evaluation.model_folder import uncalibrated_because
    from spacegrouper.prediction.trained_model import load_trained_model

    trained = load_trained_model(folder)
    if trained.temperature is None:
        absent = f"{folder}: there is no calibration.json; make it with scripts/calibrate.py"
        log.warning("probabilities are not calibrated: %s", uncalibrated_because(folder) or absent)
    return trained


def save(figure: "Figure", output: Path, input_name: str, drawn: set[str]) -> str:
    """Write the picture of an answer under the name of its input; return the path of the PNG."""
    from spacegrouper.figures.toolkit import save_figure

    file_name = " ".join(part.rsplit("/", 1)[-1] for part in input_name.split(" "))
    plain = re.sub(r"[^\w.+#-]+", "_", file_name).strip("._") or "crystal"
    name, number = plain, 2
    while name in drawn:  # inputs of one name from several folders
        name, number = f"{plain}-{number}", number + 1
    drawn.add(name)
    save_figure(figure, output, name)
    return (output / f"{name}.png").as_posix()
