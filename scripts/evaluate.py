"""Measure a trained network on the test crystals: scores, tables and figures."""

import json
import logging
import os
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from command_line import progress, run_program

from spacegrouper.atomic import written_aside
from spacegrouper.config import load_settings
from spacegrouper.evaluation import figures, metrics
from spacegrouper.evaluation.model_folder import read_labels, read_test_part
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
    from spacegrouper.evaluation.predictions import (
        load_network,
        predict_probabilities,
        prediction_table,
    )
    from spacegrouper.training.devices import prepare_tensorflow

    prepare_tensorflow(World())
    network = load_network(model / "model.keras")
    with progress("predicting", len(test)) as advance:
        probabilities = predict_probabilities(
            network, labels, group, test["row"].to_numpy(), settings.evaluate.batch_size, advance
        )

    predictions = prediction_table(test, probabilities, labels.space_groups)
    truth, predicted = (predictions[name].to_numpy() for name in ("spacegroup", "predicted"))
    true_labels = test["label"].to_numpy()
    summary = metrics.summarise(probabilities, true_labels, labels.space_groups, settings.seed)
    tables = {
        "predictions": predictions,
        "top_k": metrics.top_k_table(probabilities, true_labels),
        "per_space_group": metrics.per_space_group(truth, predicted),
        "per_crystal_system": metrics.per_crystal_system(truth, predicted),
    }
    confusion = metrics.confusion_table(truth, predicted, labels.space_groups)
    with written_aside(output) as folder:
        folder.mkdir()
        (folder / "metrics.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
        for name, table in tables.items():
            table.to_csv(folder / f"{name}.csv", index=False, float_format="%.6f")
        confusion.to_csv(folder / "confusion.csv", index_label="true \\ predicted")
        drawn = {
            "top_k": figures.top_k_figure(tables["top_k"], len(test)),
            "per_space_group": figures.per_space_group_figure(tables["per_space_group"]),
            "per_crystal_system": figures.per_crystal_system_figure(tables["per_crystal_system"]),
            "confusion": figures.confusion_figure(confusion),
            "history": figures.history_figure(pd.read_csv(model / "history.csv")),
        }
        for name, figure in drawn.items():
            figures.save_figure(figure, folder / "figures", name)
    low, high = summary["top_1_interval_95"]
    log.info(
        "top-1 %.1f %% (95 %% interval %.1f to %.1f %%), chance %.1f %%, n = %d; written to %s",
        100 * summary["top_1_accuracy"],
        100 * low,
        100 * high,
        100 * summary["chance_accuracy"],
        len(test),
        output,
    )


if __name__ == "__main__":
    run_program(main)
