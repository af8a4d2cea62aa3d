# The experiments of the grid, and what is asked about them where they are run and drawn.
import re

import pandas as pd

from spacegrouper.reproduction.results import (
    experiments_in_detail,
    experiments_of_largest_set,
    list_experiments,
)

GRID = f"{RUN}/grid"
ALL_EXPERIMENTS = list_experiments(settings, Path(GRID))
# Those with the classes and the split that are drawn in detail; the first is the first network's.
IN_DETAIL = experiments_of_largest_set(ALL_EXPERIMENTS, settings)
FIRST = IN_DETAIL[0]
HAS_SPOT = FIRST.descriptor != "spot" and any(
    experiment.descriptor == "spot" for experiment in IN_DETAIL
)
UNSEEN = (
    [f"{experiment.folder}/unseen/metrics.json" for experiment in IN_DETAIL]
    if settings.evaluate.unseen_groups
    else []
)
POPULATION = f"{RUN}/statistics/per_space_group.csv"
OTHER_MULTISTREAM = [
    experiment
    for experiment in IN_DETAIL[1:]
    if EXPERIMENTS[experiment.folder.name].model.name == "msvgg"
][:1]


# Settings of an experiment, for its programs to read, as CONFIG is for those of the run.
EXPERIMENT_CONFIG = f"{GRID}/{{experiment}}/config.yaml"


def fixed_for_experiment(stage, *names):
    """The same input as `fixed`, for each experiment."""

    def found(wildcards):
        settings = EXPERIMENTS[wildcards.experiment]
        folder = f"{GRID}/{wildcards.experiment}"
        return fixed(stage, *names, settings=settings, folder=folder)(wildcards)

    return found


def experiment_calibration(wildcards):
    """The temperature of an experiment's network, if there are crystals left to fit it on."""
    if EXPERIMENTS[wildcards.experiment].train.validation_is_trained_on:
        return []
    return expand(rules.calibrate_experiment.output.calibration, **wildcards)


def of_experiment(files):
    """Files of the run by name, in the folder of an experiment where its network makes them.

    They are not in the report, and inputs that are functions are left out.
    """

    def moved(path):
        of_all = path.startswith((f"{RUN}/dataset.zarr", f"{RUN}/structures"))
        return str(path) if of_all else path.replace(RUN, f"{GRID}/{{experiment}}", 1)

    return {
        name: moved(value) if isinstance(value, str) else list(map(moved, value))
        for name, value in files.items()
        if not callable(value)
    }


def of_each(file, experiments):
    return [f"{experiment.folder}/{file}" for experiment in experiments]


def each_in_report(path, names):
    """Files of the paper that are made by their names; the one caption is a template with all."""
    kind = KINDS.get(Path(path).suffix, "table")
    captions = json.dumps({name: SHOWN["Paper"][name].caption for name in names})
    return report(
        path,
        caption=caption_file(f"{{{{ {captions}[snakemake.wildcards.{kind}] }}}}"),
        category="Paper",
        subcategory=f"{kind}s".title(),
        labels=lambda wildcards: {kind: SHOWN["Paper"][getattr(wildcards, kind)].title},
    )


def best_spot_evaluation(wildcards):
    """Answers of the best network on spot images, which is known when all are evaluated."""
    scores = pd.read_csv(
        checkpoints.tabulate_paper.get(table="experiments").output.table
    )
    best = experiments_in_detail(ALL_EXPERIMENTS, settings, scores)[-1]
    return f"{best.folder}/evaluation/predictions.csv"


def get_paper():
    return [
        *rules.tabulate_networks.output,
        *expand(rules.tabulate_paper.output.table, table=PAPER_TABLES),
        *expand(rules.draw_paper.output.figure, figure=PAPER_FIGURES),
        rules.draw_feature_maps.output.maps,
        *([rules.draw_case_studies.output.figure] if HAS_SPOT else []),
        # Not every engine simulates crystals with defects.
        *of_each(
            "robustness/curves.csv",
            [FIRST] if settings.engine.knows_perturbations else [],
        ),
    ]
