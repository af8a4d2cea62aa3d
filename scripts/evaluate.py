"""Measure a trained network on the test crystals: scores, tables and figures."""

import logging
import os
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from command_line import progress, run_program

from spacegrouper.atomic import written_aside
from spacegrouper.config import load_settings
from spacegrouper.evaluation import figures
from spacegrouper.evaluation.model_folder import read_labels, read_test_part
from spacegrouper.evaluation.scores import describe_scores, score_answers, write_scores
from spacegrouper.storage.dataset import open_dataset
from spacegrouper.training.horovod_world import World

log = logging.getLogger("spacegrouper")


def main(
    dataset: Annotated[Path, typer.Option(help="Zarr store made by shape.py")],
    model: Annotated[Path, typer.Option(help="folder of the trained network made by train.py")],
    config: Annotated[Path, typer.Option(help="configuration, YAML")],
    output: Annotated[Path, typer.Option(help="folder of the results; replaced as a whole")],
) -> None:
    """Measure a trained network on the crystals of the test part.

    Reads patterns from DATASET, and the network and the split from MODEL. Writes to OUTPUT:
    metrics.json, predictions.csv, top_k.csv, per_space_group.csv, per_crystal_system.csv,
    confusion.csv, and figures/ with each figure as SVG and PNG.
    """
    settings = load_settings(config)
    group = open_dataset(dataset)
    labels = read_labels(model, group)
    test = read_test_part(model, group)

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from spacegrouper.evaluation.predictions import load_network, predict_probabilities
    from spacegrouper.training.devices import prepare_backend

    prepare_backend(World())
    network = load_network(model / "model.keras")
    with progress("predicting", len(test)) as advance:
        probabilities = predict_probabilities(
            network, labels, group, test["row"].to_numpy(), settings.evaluate.batch_size, advance
        )

    scores = score_answers(test, probabilities, labels.space_groups, settings.seed)
    with written_aside(output) as folder:
        folder.mkdir()
        write_scores(scores, folder)
        drawn = {
            "top_k": figures.top_k_figure(scores.top_k, len(test)),
            "per_space_group": figures.per_space_group_figure(scores.per_space_group),
            "per_crystal_system": figures.per_crystal_system_figure(scores.per_crystal_system),
            "confusion": figures.confusion_figure(scores.confusion),
            "history": figures.history_figure(pd.read_csv(model / "history.csv")),
        }
        for name, figure in drawn.items():
            figures.save_figure(figure, folder / "figures", name)
    log.info("%s; written to %s", describe_scores(scores), output)


if __name__ == "__main__":
    run_program(main)
