"""Show sample crystals of the test part with the network's answers: a page and an overview."""

import json
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from spacegrouper.atomic import written_aside
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError
from spacegrouper.evaluation.model_folder import check_rows, read_labels
from spacegrouper.figures.overview import overview_figure
from spacegrouper.figures.samples import choose_overview, choose_samples, read_sample
from spacegrouper.figures.samples_page import samples_page
from spacegrouper.figures.toolkit import save_figure
from spacegrouper.programs.command_line import Config, Model, Store, log, progress, run_program
from spacegrouper.settings import load_settings

SAMPLES_PER_CLASS = 2
OVERVIEW_CRYSTALS = 4


def main(
    dataset: Store,
    model: Model,
    evaluation: Annotated[Path, typer.Option(help="folder of the results made by evaluate.py")],
    config: Config,
    output: Annotated[Path, typer.Option(help="folder of the page; replaced as a whole")],
) -> None:
    """Show test crystals of every class with the network's answers.

    Reads patterns from DATASET, what images the network takes from MODEL, and its answers from
    EVALUATION. Writes to OUTPUT: samples.html, a page that holds its own images, and the overview
    of a few crystals, from pattern to answer, as overview.svg and overview.png.
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

    chosen = choose_samples(predictions, SAMPLES_PER_CLASS)
    samples = []
    with progress("reading", len(chosen)) as advance:
        for row in chosen.to_dict("records"):
            samples.append(read_sample(group, row, labels))
            advance(1)
    in_overview = set(choose_overview(predictions, OVERVIEW_CRYSTALS)["material_id"])
    overview = [sample for sample in samples if sample.material_id in in_overview]
    with written_aside(output) as folder:
        folder.mkdir()
        page = samples_page(samples, SAMPLES_PER_CLASS, summary, labels, settings.name)
        (folder / "samples.html").write_text(page, encoding="utf-8")
        save_figure(overview_figure(overview, labels.label), folder, "overview")
    log.info("%d crystals of the test part shown in %s", len(samples), output / "samples.html")


if __name__ == "__main__":
    run_program(main)
