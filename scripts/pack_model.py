"""Pack a trained network to be shipped: rounded weights, and a model card."""

from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.errors import UserError
from spacegrouper.programs.command_line import Model, Results, log, run_program


def main(
    model: Model,
    evaluation: Annotated[
        list[str],
        typer.Option(
            metavar="SPLIT=FILE", help="metrics.json of an evaluation, as random=metrics.json"
        ),
    ],
    output: Results,
    data: Annotated[
        str, typer.Option(help="for the card: what it was trained on, and its licence")
    ] = "crystals of an unnamed source.",
    measured: Annotated[
        str, typer.Option(help="for the card: how well it does on measured data")
    ] = "not tested.",
) -> None:
    """Write a folder that predict.py takes as --model, without what only training needs.

    model.keras with weights of nine significant bits, labels.json, calibration.json, known crystals
    if there are any, settings.yaml without where the crystals came from, and CARD.md: classes,
    scores, limits, digests.
    """
    from spacegrouper.prediction.packing import pack_model

    evaluations = {}
    for given in evaluation:
        split, found, path = given.partition("=")
        if not found:
            raise UserError(f"--evaluation {given}: give SPLIT=FILE, as random=metrics.json")
        evaluations[split] = Path(path)
    pack_model(model, evaluations, data, measured, output)
    size = sum(path.stat().st_size for path in output.iterdir())
    log.info("%s: %.1f MB", output, size / 1e6)


if __name__ == "__main__":
    run_program(main)
