"""Measure a trained network on the test crystals: scores, tables and figures."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.atomic import written_aside
from spacegrouper.backend import start_backend
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.evaluation.calibration import read_temperature
from spacegrouper.evaluation.comparison import comparison_table, read_forest
from spacegrouper.evaluation.model_folder import (
    find_model_folder,
    read_history,
    read_labels,
    read_parts,
    uncalibrated_because,
)
from spacegrouper.evaluation.overlap import share_met_before
from spacegrouper.evaluation.scores import describe_scores, score_answers, write_scores
from spacegrouper.figures.comparison import comparison_figure
from spacegrouper.figures.history import history_figure
from spacegrouper.figures.scores import draw_scores
from spacegrouper.figures.toolkit import save_figure
from spacegrouper.programs.command_line import Config, Results, Store, log, progress, run_program
from spacegrouper.settings import load_settings
from spacegrouper.training.images import tested_presentation


def main(
    dataset: Store,
    model: Annotated[
        Path, typer.Option(help="folder of the network made by train.py and calibrate.py")
    ],
    config: Config,
    output: Results,
    forest: Annotated[
        Path | None, typer.Option(help="folder of the baseline made by fit_forest.py")
    ] = None,
) -> None:
    """Measure a trained network on the crystals of the test part.

    Reads patterns from DATASET, and the network, its temperature and the split from MODEL. Writes
    to OUTPUT: metrics.json; predictions.csv, top_k.csv, per_class.csv, confusion.csv,
    reliability.csv, refusal.csv and comparison.csv, which has the baseline of FOREST too; where
    space groups are told apart also per_crystal_system.csv, crystal_system_errors.csv and
    symmetry.csv; and figures/ with each figure as SVG and PNG. What they hold says
    docs/evaluation.md. With `evaluate.measured` the crystals are changed at random by what CONFIG
    says, whatever the network was trained on, and metrics.json says by what.
    """
    model = find_model_folder(model)
    settings = load_settings(config)
    group = Dataset(dataset)
    labels = read_labels(model, group)
    split = read_parts(model / "split.csv", group)
    test = split[split["part"] == "test"].reset_index(drop=True)
    history = read_history(model)
    reason = uncalibrated_because(model)
    temperature = None if reason else read_temperature(model)

    start_backend()
    from spacegrouper.evaluation.predictions import load_network, predict_logits, probabilities
    from spacegrouper.training.devices import prepare_backend

    prepare_backend()
    network = load_network(model / "model.keras")
    rows, batch_size = test["row"].to_numpy(), settings.evaluate.batch_size
    shown, epoch = tested_presentation(labels.presentation, settings, group)
    labels = replace(labels, presentation=shown)
    changes = None if epoch is None else shown.sections
    with progress("predicting", len(rows)) as advance:
        logits = predict_logits(network, labels, group, rows, batch_size, advance, epoch)

    uncalibrated = None if reason else probabilities(logits)
    answers = probabilities(logits, temperature or 1)
    told_apart = labels.label, labels.classes
    scores = score_answers(split, answers, *told_apart, settings.seed, uncalibrated)
    scores.summary.update(
        measured=changes, temperature=temperature, **share_met_before(split, group)
    )
    baseline = None if forest is None else read_forest(forest, scores)
    scores.tables["comparison"] = comparison_table(scores, baseline)
    with written_aside(output) as folder:
        folder.mkdir()
        write_scores(scores, folder)
        drawn = {
            **draw_scores(scores),
            "comparison": comparison_figure(scores.tables["comparison"], len(test)),
            "history": history_figure(*history),
        }
        for name, figure in drawn.items():
            save_figure(figure, folder / "figures", name)
    if reason:
        log.warning("the probabilities are not calibrated: %s", reason)
    if repeated := round(scores.summary.get("crystal_met_before", 0) * len(test)):
        log.warning(
            "%d of %d test crystals are in the train or validation part too, under another id: "
            "they test nothing",
            repeated,
            len(test),
        )
    seen = "crystals as measured: " if changes else ""
    log.info("%s%s; written to %s", seen, describe_scores(scores), output)


if __name__ == "__main__":
    run_program(main)
