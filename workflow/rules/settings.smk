# The checked settings of the run, and where its products go.
from pathlib import Path

from spacegrouper.settings import settings_from_mapping, write_settings
from spacegrouper.errors import UserError
from spacegrouper.storage.parent_run import (
    check_parent,
    parent_of,
    raw_shards_of,
    release_structures,
)

try:
    settings = settings_from_mapping(config, "configuration")
    RUN = f"results/{settings.name}"
    check_parent(Path(RUN), settings)
except UserError as error:
    raise WorkflowError(str(error)) from None

# The finished run of an earlier release, or None; its files are read, and never made again.
PARENT = parent_of(Path(RUN), settings)
TECHNIQUE = settings.simulate.technique
HAS_CRYSTALS = TECHNIQUE != "morphology" or settings.morphology.database is None
# Every program reads this file, so that a command copied from the log runs by hand. It is an
# input of no rule: rules depend on their own section, by their parameters, and not on the others.
CONFIG = f"{RUN}/config.yaml"
write_settings(settings, Path(CONFIG))


def section(*names):
    """Sections of the settings as plain values: a change to them makes a rule's products stale."""
    return settings.model_dump(mode="json", include=set(names))


def growing(amount):
    """Memory or minutes of a job: twice as much at each new try, which a profile may grant."""
    return lambda wildcards, attempt: amount * 2 ** (attempt - 1)


def tasks_of_ranks(train):
    """What tells SLURM, with `launcher: srun`, that the ranks are the tasks of one job.

    train.py starts them, which `mpi` says. Snakemake's plugin refuses to be told of one task a node.
    """
    if train.launcher == "local" or train.ranks == 1:
        return {}
    tasks = {"tasks": train.ranks}
    if train.ranks > train.nodes:
        tasks = {"tasks_per_node": train.ranks // train.nodes}
    return {"mpi": "srun", "nodes": train.nodes, "tasks_per_gpu": 0} | tasks
