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
        get_paper() if EXPERIMENTS else lambda wildcards: refuse(WHY_NO_PAPER),
