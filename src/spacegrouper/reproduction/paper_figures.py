"""The figures of the paper that show results of a run, by name."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from spacegrouper.dataset.dataset import Dataset
from spacegrouper.reproduction import (
    accuracy_figures,
    comparison_figures,
    data_figures,
    image_figures,
    published,
    results,
    tables,
)
from spacegrouper.settings import Settings
from spacegrouper.techniques.patterns.settings import Shape


def _usage(run: Path, settings: Settings) -> Figure:
    network, split = settings.grid.networks[0].name, settings.grid.splits[0]
    experiments = [
        each
        for each in results.list_experiments(settings, run / "grid")
        if (each.network, each.split) == (network, split)
    ]
    unseen = {}
    if settings.evaluate.unseen_groups:
        (largest,) = results.experiments_of_largest_set(experiments, settings)
        unseen = {largest.classes: results.unseen_crystals(largest)}
    splits = {each.classes: results.read_split_table(each) for each in experiments}
    crystals = int(results.read_population(run)["crystals"].sum())
    return data_figures.usage_figure(tables.usage_table(splits, unseen, crystals))


def _accuracy(run: Path, settings: Settings) -> Figure:
    scores = results.experiments_table(results.list_experiments(settings, run / "grid"))
    return accuracy_figures.accuracy_figure(scores, published.published_accuracies())


def _top_k(run: Path, settings: Settings) -> Figure:
    experiments = [
        each
        for each in results.list_experiments(settings, run / "grid")
        if each.split == settings.grid.splits[0]
    ]
    return accuracy_figures.top_k_figure(results.top_k_of_all(experiments))


def _unseen_groups(run: Path, settings: Settings) -> Figure:
    experiments = results.list_experiments(settings, run / "grid")
    largest = results.experiments_of_largest_set(experiments, settings)
    return accuracy_figures.unseen_groups_figure(results.unseen_top_k_of_all(largest))


def _compared(
    run: Path,
    settings: Settings,
    table: str,
    draw: Callable[[dict[str, pd.DataFrame]], Figure],
) -> Figure:
    """Draw a table of the first network beside that of the best one on spot images."""
    shown = results.read_experiments_in_detail(settings, run / "grid")
    return draw({each.title: results.read_evaluation_table(each, table) for each in shown})


def _crystal_system_errors(run: Path, settings: Settings) -> Figure:
    shown = results.read_experiments_in_detail(settings, run / "grid")
    systems = results.read_evaluation_table(shown[0], "per_crystal_system")
    return comparison_figures.crystal_system_errors_comparison(
        {each.title: results.read_error_rates(each) for each in shown},
        dict(zip(systems["crystal_system"], systems["crystals"], strict=True)),
    )


def _shaping_steps(run: Path, settings: Settings) -> Figure:
    dataset = Dataset(run / "dataset.zarr")
    return image_figures.shaping_steps_figure(
        _example(dataset), dataset.view_names, Shape.model_validate(dataset.settings["shape"])
    )


def _examples(run: Path, settings: Settings) -> Figure:
    dataset = Dataset(run / "dataset.zarr")
    groups = published.published_examples()
    chosen: Any = image_figures.choose_examples(dataset, groups).to_dict("records")
    crystals = [image_figures.read_example(dataset, row) for row in chosen]
    return image_figures.examples_figure(crystals, dataset.view_names, groups)


def _spot_generation(run: Path, settings: Settings) -> Figure:
    dataset = Dataset(run / "dataset.zarr")
    return image_figures.spot_generation_figure(_example(dataset), dataset.view_names)


def _example(dataset: Dataset) -> image_figures.ExampleCrystal:
    return image_figures.read_example(dataset, image_figures.choose_example(dataset))


# Given the folder of the run (results/<name>) and the settings of the run.
PAPER_FIGURES: dict[str, Callable[[Path, Settings], Figure]] = {
    "population": lambda run, _: data_figures.population_figure(results.read_population(run)),
    "usage": _usage,
    "accuracy": _accuracy,
    "top_k": _top_k,
    "unseen_groups": _unseen_groups,
    "space_groups": partial(
        _compared, table="per_class", draw=comparison_figures.per_space_group_comparison
    ),
    "crystal_systems": partial(
        _compared, table="per_crystal_system", draw=comparison_figures.per_crystal_system_comparison
    ),
    "crystal_system_errors": _crystal_system_errors,
    "shaping_steps": _shaping_steps,
    "examples": _examples,
    "spot_generation": _spot_generation,
}
