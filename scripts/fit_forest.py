"""Measure the baseline, a forest of randomised trees, on the test crystals of a network."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from command_line import Results, Store, log, progress, run_program

from spacegrouper.atomic import written_aside
from spacegrouper.dataset.dataset import Dataset


def main(
    dataset: Store,
    split: Annotated[Path, typer.Option(help="split.csv of a trained network's folder")],
    output: Results,
    descriptor: Annotated[
        Literal["raw", "shaped"], typer.Option(help="the patterns that the forest sees")
    ] = "raw",
    seed: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="of the trees and of the interval")
    ] = 0,
) -> None:
    """Measure a forest of 300 extremely randomised trees, the baseline of every network.

    It is trained on the crystals of the train and validation parts of SPLIT, and answers those of
    the test part: the same as the network's. Reads patterns from DATASET, 64 x 64 pixels of each
    view, and the classes from labels.json beside SPLIT. Writes to OUTPUT metrics.json and the
    tables that evaluate.py writes; the forest's probabilities are not calibrated. Uses all cores,
    and 49 KB of memory for each crystal (108,000 crystals: 5 GB); the trees take at most 4 GB more
    (72 classes).
    """
    # They take seconds to import.
    from spacegrouper.evaluation.forest import TREES, predict_by_forest, read_features
    from spacegrouper.evaluation.model_folder import read_labels, read_parts
    from spacegrouper.evaluation.scores import describe_scores, score_answers, write_scores

    group = Dataset(dataset)
    crystals = read_parts(split, group)
    labels = read_labels(split.parent, group)

    testing = crystals["part"] == "test"
    known, test = crystals[~testing], crystals[testing]
    with progress("reading", len(crystals)) as advance:
        known_features, test_features = (
            read_features(group, part["row"].to_numpy(), descriptor, advance)
            for part in (known, test)
        )
    with progress("growing trees", TREES) as advance:
        truth, classes = known["label"].to_numpy(), len(labels.classes)
        probabilities = predict_by_forest(
            known_features, truth, test_features, classes, seed, advance
        )

    scores = score_answers(crystals, probabilities, labels.label, labels.classes, seed)
    with written_aside(output) as folder:
        folder.mkdir()
        write_scores(scores, folder)
    log.info(
        "forest on %s patterns: %s; written to %s", descriptor, describe_scores(scores), output
    )


if __name__ == "__main__":
    run_program(main)
