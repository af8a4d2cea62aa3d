"""Name the space group of one's own crystals, with a trained network."""

import json
import re
import sys
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from command_line import CORES, Threads, log, progress, run_program

from spacegrouper.crystals.crystal import Rejection
from spacegrouper.errors import UserError

if TYPE_CHECKING:
    from spacegrouper.prediction.answers import Answer
    from spacegrouper.prediction.inputs import Input
    from spacegrouper.prediction.trained_model import TrainedModel

_BAR = 30  # characters of a probability of 1


def main(
    model: Annotated[Path, typer.Option(help="folder of the trained network, or of its run")],
    inputs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[INPUT]...",
            help="structures (CIF, POSCAR, pymatgen's Structure as JSON, JSON lines), folders of "
            "patterns (x.png, y.png, z.png), arrays of patterns (*.npy), measured "
            "diffractograms (.xy, .xye, .dat, .csv, .xrdml, .brml, .raw, CIF)",
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

    A structure is standardised, and its patterns are simulated like those that the network in
    MODEL was trained on. Patterns are grey images (PNG, TIFF or BMP) as simulate.py makes them, of
    as many bits, not brightened, of the crystal turned about x, y and z. Give those of one crystal
    with --patterns; those of many as a folder with x.png, y.png and z.png for each, or as a NumPy
    array, dtype uint8 or uint16, of shape (3, pixels, pixels) or (crystals, 3, pixels, pixels).
    Networks trained on powders take measured diffractograms, resampled as the answer says.

    Answers go to standard output. An input that cannot be used is named on standard error, with
    the reason; the others are answered, and the exit status is 1.
    """
    if not inputs and not patterns:
        raise UserError("no input: give structures, folders or arrays of patterns, or --patterns")

    # A terminal that lacks a letter gets its number.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    from spacegrouper.evaluation.model_folder import uncalibrated_because
    from spacegrouper.prediction.descriptions import answer_record, model_record
    from spacegrouper.prediction.inputs import answer_inputs, read_input, read_views
    from spacegrouper.prediction.trained_model import load_trained_model

    trained = load_trained_model(model)
    if trained.temperature is None:
        absent = f"{model}: there is no calibration.json; make it with scripts/calibrate.py"
        log.warning("probabilities are not calibrated: %s", uncalibrated_because(model) or absent)
    results: list[dict[str, Any]] = []
    errors: list[dict[str, str]] = []
    drawn: set[str] = set()
    with progress("predicting", len(inputs or []) + bool(patterns)) as advance:

        def read() -> Iterator["Input"]:
            for path in inputs or []:
                yield from read_input(path, trained, wavelength)
                advance(1)
            if patterns:
                yield read_views(patterns, trained)
                advance(1)

        for answer in answer_inputs(read(), trained, threads):
            if isinstance(answer, Rejection):
                log.error("error: %s: %s", answer.id, answer.reason)
                errors.append({"input": answer.id, "reason": answer.reason})
                continue
            picture = draw(answer, trained, output, drawn) if output else None
            if as_json:
                results.append(answer_record(answer, trained) | {"picture": picture})
            else:
                print(described(answer, trained), flush=True)
    if as_json:
        document = {"model": model_record(trained), "results": results, "errors": errors}
        print(json.dumps(document, indent=2, ensure_ascii=False))
    if errors:
        raise SystemExit(1)


def described(answer: "Answer", trained: "TrainedModel") -> str:
    """Return an answer as lines of text."""
    from spacegrouper.prediction.descriptions import facts, percent, title

    width = max(len(guess.name) for guess in answer.guesses)
    lines = [title(answer)]
    for rank, guess in enumerate(answer.guesses, start=1):
        bar = "█" * round(_BAR * guess.probability)
        lines.append(f"  {rank}  {guess.name:{width}}  {percent(guess.probability):>7}  {bar}")
    lines += [f"  {heading}: {text}" for heading, text in facts(answer, trained)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def draw(answer: "Answer", trained: "TrainedModel", output: Path, drawn: set[str]) -> str:
    """Draw an answer under the name of its input; return the path of the PNG."""
    from spacegrouper.figures.toolkit import save_figure
    from spacegrouper.prediction.pictures import answer_figure

    file_name = " ".join(part.rsplit("/", 1)[-1] for part in answer.name.split(" "))
    plain = re.sub(r"[^\w.+#-]+", "_", file_name).strip("._") or "crystal"
    name, number = plain, 2
    while name in drawn:  # inputs of one name from several folders
        name, number = f"{plain}-{number}", number + 1
    drawn.add(name)
    save_figure(answer_figure(answer, trained), output, name)
    return (output / f"{name}.png").as_posix()


if __name__ == "__main__":
    run_program(main)
