# Everything the paper shows: `snakemake paper`. docs/paper.md says what is what.
from spacegrouper.settings import Grid
from spacegrouper.settings.experiments import experiment_settings

try:
    EXPERIMENTS = experiment_settings(settings)
except UserError as error:
    WHY_NO_PAPER = f"configuration: {error}"
    # The default grid's networks may need larger images than the run's own: that is a mistake only
    # where the paper is asked for.
    if settings.grid != Grid():
        refuse(WHY_NO_PAPER)
    EXPERIMENTS = {}


include: "tabulate_networks.smk"
include: "evaluate_unseen_groups.smk"


if EXPERIMENTS:

    include: "experiments.smk"
    include: "grid.smk"
    include: "tables.smk"
    include: "figures.smk"

    rule paper:
        input:
            rules.tabulate_networks.output.sizes,
            rules.tabulate_layers.output,
            rules.tabulate_experiments.output.table,
            rules.tabulate_crystals.output,
            expand(rules.draw_paper.output.figure, figure=PAPER_FIGURES),
            rules.draw_case_studies.output.figure if HAS_SPOT else [],
            rules.draw_feature_maps.output.maps,
            # Only our own engine simulates crystals with defects.
            (
                expand(
                    rules.evaluate_robustness_experiment.output.curves,
                    experiment=FIRST.folder.name,
                )
                if settings.engine.knows_perturbations
                else []
            ),

else:

    rule paper:
        input:
            lambda wildcards: refuse(WHY_NO_PAPER),
