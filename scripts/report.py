"""Write the report of a run: its front page, sample crystals with answers, and an overview."""

import json
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.json_lines import lattices_of
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError
from spacegrouper.evaluation.calibration import read_temperature
from spacegrouper.evaluation.model_folder import (
    check_rows,
    read_history,
    read_labels,
    read_parts,
    uncalibrated_because,
)
from spacegrouper.figures.front_page import front_page, read_evaluation
from spacegrouper.figures.overview import overview_figure
from spacegrouper.figures.run_stages import run_stages
from spacegrouper.figures.samples import choose_overview, choose_samples, read_sample
from spacegrouper.figures.samples_page import samples_page
from spacegrouper.figures.toolkit import save_figure
from spacegrouper.programs.command_line import Config, Model, Store, log, progress, run_program
from spacegrouper.settings import load_settings

SAMPLES_PER_CLASS = 2
OVERVIEW_CRYSTALS = 4
CRYSTALS_IN_FRONT = 3


def main(
    dataset: Store,
    model: Model,
    evaluation: Annotated[Path, typer.Option(help="folder of the results made by evaluate.py")],
    rejected: Annotated[Path, typer.Option(help="table of the records that were rejected")],
    config: Config,
    output: Annotated[Path, typer.Option(help="folder of the pages; replaced as a whole")],
    structures: Annotated[
        Path | None, typer.Option(help="the crystals as simulated, whose cells index spots")
    ] = None,
) -> None:
    """Write the front page of a run, and show test crystals of every class with their answers.

    Reads patterns from DATASET, what images the network takes and how it was trained from MODEL,
    and its answers and scores from EVALUATION. Writes to OUTPUT: index.html, the front page, and
    samples.html, two pages that hold their own images, and the overview of a few crystals, from
    pattern to answer, as overview.svg and overview.png.
    """
    settings = load_settings(config)
    group = Dataset(dataset)
    labels = read_labels(model, group)
    path = evaluation / "predictions.csv"
    if not path.is_file():
        raise UserError(f"{path}: no such file; make it with scripts/evaluate.py")
    number = int if labels.label == "spacegroup" else str
    columns = {"material_id": str, "true": number, "predicted": number}
    predictions = pd.read_csv(path, dtype=columns, keep_default_na=False)
    check_rows(predictions, group, path)
    summary = json.loads((evaluation / "metrics.json").read_text(encoding="utf-8"))
    found = read_evaluation(evaluation, summary)
    stages = run_stages(
        settings,
        group,
        read_parts(model / "split.csv", group),
        read_history(model),
        None if uncalibrated_because(model) else read_temperature(model),
        len(pd.read_csv(rejected)),
    )

    chosen = choose_samples(predictions, SAMPLES_PER_CLASS)
    ids = set(chosen["material_id"])
    lattices = lattices_of(structures, ids) if structures else {}
    samples = []
    with progress("reading", len(chosen)) as advance:
        for row in chosen.to_dict("records"):
            lattice = lattices.get(row["material_id"])
            samples.append(read_sample(group, row, labels, lattice))
            advance(1)
    overview, in_front = (
        [sample for sample in samples if sample.material_id in set(some["material_id"])]
        for some in (
            choose_overview(predictions, OVERVIEW_CRYSTALS),
            choose_overview(predictions, CRYSTALS_IN_FRONT),
        )
    )
    with written_aside(output) as folder:
        folder.mkdir()
        page = samples_page(samples, SAMPLES_PER_CLASS, summary, labels, settings.name)
        (folder / "samples.html").write_text(page, encoding="utf-8")
        front = front_page(settings.name, found, in_front, stages, labels.technique.caption)
        (folder / "index.html").write_text(front, encoding="utf-8")
        save_figure(overview_figure(overview, labels.label), folder, "overview")
    log.info(
        "open %s; %d test crystals are shown in samples.html", output / "index.html", len(samples)
    )


if __name__ == "__main__":
    run_program(main)
