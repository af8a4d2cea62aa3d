"""Measure how a trained network bears imperfect crystals and experiments: curves and figures."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from spacegrouper.atomic import written_aside
from spacegrouper.backend import start_backend
from spacegrouper.contract.descriptor import DESCRIPTORS
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.evaluation.model_folder import find_model_folder, read_labels, read_test_part
from spacegrouper.programs.command_line import (
    CORES,
    Model,
    Results,
    Store,
    Structures,
    Threads,
    log,
    progress,
    run_program,
)
from spacegrouper.settings import load_settings


def main(
    dataset: Store,
    structures: Structures,
    model: Model,
    config: Annotated[Path, typer.Option(help="configuration, YAML; section `robustness` is used")],
    output: Results,
    threads: Threads = CORES,
) -> None:
    """Measure a network on test crystals with missing or displaced atoms, few photons and more.

    Takes crystals of the test part of MODEL from STRUCTURES, simulates them anew as DATASET was
    made, but for one thing at a time, and asks the network. Writes to OUTPUT: curves.csv,
    answers.csv, and figures/ with robustness and examples, each as SVG and PNG.
    """
    model = find_model_folder(model)
    settings = load_settings(config)
    group = Dataset(dataset)

    # Imported here, so that --help does not wait for the compiler.
    from spacegrouper.evaluation import perturbations
    from spacegrouper.evaluation.perturbations import UNPERTURBED, Point, simulate_point

    recipe = perturbations.read_recipe(group, settings.seed)
    labels = read_labels(model, group)
    shown = DESCRIPTORS[labels.presentation.descriptor]
    test = read_test_part(model, group)

    start_backend()
    from spacegrouper.crystals.class_names import class_name
    from spacegrouper.evaluation import robustness
    from spacegrouper.evaluation.predictions import load_network
    from spacegrouper.evaluation.structures import read_structures
    from spacegrouper.figures.robustness import examples_figure, robustness_figure
    from spacegrouper.figures.toolkit import save_figure
    from spacegrouper.training.devices import prepare_backend

    chosen = robustness.choose_crystals(test, settings.robustness.crystals, settings.seed)
    crystals = read_structures(structures, chosen["material_id"].tolist())
    if differing := robustness.differing_crystals(group, chosen, crystals, recipe, threads):
        log.warning(
            "%s: of %d crystals, %d have other patterns than in the dataset, such as %s: it was "
            "made of other structures, or on another kind of processor",
            structures,
            len(crystals),
            len(differing),
            differing[0],
        )
    prepare_backend()
    network = load_network(model / "model.keras")
    points = perturbations.points_of(settings.robustness)
    with progress("simulating and predicting", len(points) * len(crystals)) as advance:
        batch_size = settings.evaluate.batch_size
        answers = robustness.predict_points(
            network, labels, chosen, crystals, recipe, points, batch_size, threads, advance
        )
    curves = robustness.curves_table(answers, labels)
    unperturbed = simulate_point(crystals, recipe, UNPERTURBED, threads, lambda _: None)
    example = robustness.choose_example(answers, robustness.images_of(unperturbed, labels)[0])
    crystal = [crystal for crystal in crystals if crystal.id == example]
    images = {}
    for point in points:
        if point != UNPERTURBED and perturbations.changes_nothing(point, recipe.simulate):
            continue
        raw = simulate_point(crystal, recipe, point, 1, lambda _: None)
        seen = [values[0] for values in robustness.images_of(raw, labels)]
        images[point] = shown.drawn(seen)[0]
        if shown.arrays == ("raw",):
            images[point] = np.sqrt(images[point])  # most spots are too faint to see
    named = {
        Point(answer["perturbation"], answer["value"]): (
            class_name(labels.label, answer["predicted"]),
            answer["predicted"] == answer["true"],
        )
        for answer in answers[answers["material_id"] == example].to_dict("records")
    }
    with written_aside(output) as folder:
        folder.mkdir()
        curves.to_csv(folder / "curves.csv", index=False, float_format="%.6f")
        answers.to_csv(folder / "answers.csv", index=False)
        save_figure(robustness_figure(curves), folder / "figures", "robustness")
        title = f"{example}: the {shown.name} image that the network sees"
        save_figure(examples_figure(title, images, named), folder / "figures", "examples")
    log.info(
        "%d crystals, %.1f %% named right unperturbed; written to %s",
        len(crystals),
        100 * curves["accuracy"].iloc[0],
        output,
    )


if __name__ == "__main__":
    run_program(main)
