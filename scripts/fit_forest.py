"""Measure the baseline, a forest of randomised trees, on the test crystals of a network."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.atomic import written_aside
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError
from spacegrouper.programs.command_line import (
    CORES,
    Model,
    Results,
    Store,
    Threads,
    log,
    progress,
    run_program,
)
from spacegrouper.settings import load_settings


def main(
    dataset: Store,
    model: Model,
    output: Results,
    descriptor: Annotated[
        str | None, typer.Option(help="what the forest sees, if not what the network does")
    ] = None,
    trees: Annotated[int, typer.Option(min=1, help="of the forest")] = 300,
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="of the trees and of the intervals")
    ] = 0,
    threads: Threads = CORES,
    config: Annotated[
        Path | None, typer.Option(help="configuration, whose `evaluate.measured` is heeded")
    ] = None,
) -> None:
    """Measure a forest of extremely randomised trees, the baseline of every network.

    It is trained on the crystals of the training and validation sets of the network in MODEL, and
    answers those of the test set, as the network does; of MODEL it reads split.csv and labels.json
    alone. From DATASET it is shown the numbers that the network is shown, of images 64 x 64 pixels
    of each view. They are not changed at random, but with `evaluate.measured` in CONFIG those of
    all crystals are, as evaluate.py changes those of the test set. Writes to OUTPUT metrics.json
    and the tables that evaluate.py writes; the forest's probabilities are not calibrated. Uses 4
    bytes of memory for each number of each crystal (108,000 crystals of three views: 5 GB); the
    trees take at most 4 GB more (72 classes).
    """
    # They take seconds to import.
    from spacegrouper.evaluation.forest import predict_by_forest, read_features
    from spacegrouper.evaluation.model_folder import find_model_folder, read_labels, read_parts
    from spacegrouper.evaluation.scores import describe_scores, score_answers, write_scores
    from spacegrouper.training.images import tested_presentation

    model = find_model_folder(model)
    group = Dataset(dataset)
    crystals = read_parts(model / "split.csv", group)
    labels = read_labels(model, group)
    shown = labels.presentation
    if descriptor is not None:
        if descriptor not in group.technique.descriptors:
            raise UserError(
                f"--descriptor: {dataset} holds {group.technique.measures}, which can be "
                f"{' or '.join(group.technique.descriptors)}, not {descriptor}"
            )
        shown = replace(shown, descriptor=descriptor)
    epoch = None
    if config is not None:
        shown, epoch = tested_presentation(shown, load_settings(config), group)

    testing = crystals["part"] == "test"
    known, test = crystals[~testing], crystals[testing]
    with progress("reading", len(crystals)) as advance:
        known_features, test_features = (
            read_features(group, part["row"].to_numpy(), shown, advance, epoch)
            for part in (known, test)
        )
    with progress("growing trees", trees) as advance:
        truth, classes = known["label"].to_numpy(), len(labels.classes)
        probabilities = predict_by_forest(
            known_features, truth, test_features, classes, trees, seed, threads, advance
        )

    scores = score_answers(crystals, probabilities, labels.label, labels.classes, seed)
    scores.summary["measured"] = None if epoch is None else shown.sections
    with written_aside(output) as folder:
        folder.mkdir()
        write_scores(scores, folder)
    log.info("forest on %s: %s; written to %s", shown.descriptor, describe_scores(scores), output)


if __name__ == "__main__":
    run_program(main)
