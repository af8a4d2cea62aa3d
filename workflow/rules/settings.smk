# The checked settings of the run, and where its products go. Parsing writes nothing: a dry run, or a
# call that the lock refuses, leaves a run at work as it is.
import hashlib
import itertools
import json
import sys
from pathlib import Path

from spacegrouper.crystals.source_files import (
    are_as_listed,
    list_digest,
    source_files,
)
from spacegrouper.errors import UserError
from spacegrouper.settings import (
    load_settings,
    settings_from_mapping,
    write_settings,
)
from spacegrouper.settings.run_check import check_run, check_training
from spacegrouper.settings.yaml_file import read_yaml
from spacegrouper.dataset.other_setting import other_setting
from spacegrouper.dataset.parent_run import (
    check_parent,
    digests_of_chain,
    parent_of,
    raw_shards_of,
    release_structures,
)


def refuse(error):
    """End with the line of a mistake; of an exception Snakemake would show where it came up."""
    logger.error(str(error))
    raise SystemExit(1) from None


try:
    if workflow.is_main_process:
        # Snakemake has read them already, and of a key that is there twice it takes the last.
        for path in workflow.overwrite_configfiles:
            read_yaml(Path(path))
    settings = settings_from_mapping(config, "configuration")
    RUN = f"results/{settings.name}"
    # All settings of the run, written when it starts. Every program reads this file, so that a
    # command copied from the log runs by hand. It is an input of no rule: see `fixed`.
    CONFIG = f"{RUN}/config.yaml"
    if workflow.is_main_process:
        check_run(settings)
        check_parent(Path(RUN), settings)
    else:
        # A job parses all this again. Its settings are those that the run started with, whatever
        # has become of the configuration file since.
        settings = load_settings(Path(CONFIG))
except UserError as error:
    refuse(error)

# Whether Snakemake has started this process for a block alone, as its command line says: its own
# objects do not, until all is parsed.
IS_JOB_OF_A_BLOCK = not workflow.is_main_process and any(
    option == "--allowed-rules" and rule in ("standardise", "simulate")
    for option, rule in itertools.pairwise(sys.argv)
)
# The finished run of an earlier release, or None; its files are read, and never made again.
PARENT = parent_of(Path(RUN), settings)
TECHNIQUE = settings.technique
HAS_CRYSTALS = settings.engine.crystals
FIXED = {}
# The product of a stage, in the folder of the run or the experiment, that says what it was made with.
SAYS_ITSELF = {
    "acquire": "structures/provenance.json",
    "simulate": "blocks/{block}.h5",
    "shape": "dataset.zarr/zarr.json",
    "train": "model/settings.yaml",
}


def required(path, product=None, settings=settings):
    """The input `path`, which is made if it is missing, and all that depends on it then made anew.

    Without that, Snakemake does without a missing file as long as what was made of it is there.
    `product`: one that says itself what it was made with, and is made anew if those are not the
    settings; copied files may be newer than all they depend on.
    """

    def found(wildcards):
        # As Snakemake does it with files that are incomplete.
        if workflow.is_main_process and not Path(path).exists():
            workflow.dag.forcefiles.add(path)
        elif workflow.is_main_process and product:
            made = product.format(**wildcards)
            if made not in workflow.dag.forcefiles and (
                other := other_setting(Path(made), settings)
            ):
                logger.warning(f"{made} was made with {other}: it is made anew.")
                workflow.dag.forcefiles.add(made)
        return path

    return found


def fixed(stage, *names, settings=settings, folder=RUN, **values):
    """The input that holds those settings that a stage's products depend on: sections, and values.

    The file is named after what it holds, and replaces the one before. Other settings are thus a
    file that is missing, and the products are made anew, whatever records Snakemake has of them.
    """
    content = settings.model_dump(mode="json", include=set(names)) | values
    text = json.dumps(content, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    path = f"{folder}/settings/{stage}-{digest}.json"
    FIXED[path] = text
    product = SAYS_ITSELF.get(stage)
    return required(path, product and f"{folder}/{product}", settings)


def trainable(settings_of):
    """No file, but an input that refuses a training which can never work, when it is planned.

    A run to a target that comes before, such as the dataset, need not be able to.
    """

    def checked(wildcards):
        # Nothing runs these jobs where a report alone is made.
        if workflow.is_main_process and workflow.executor_plugin:
            how = workflow.executor_plugin.common_settings
            here = how.local_exec and not how.dryrun_exec
            try:
                check_training(settings_of(wildcards), workflow.cores if here else None)
            except UserError as error:
                refuse(error)
        return []

    return checked


def listed_sources():
    """The list of the files that the crystals come from, an input as `fixed` makes it; or nothing."""
    lists = sorted(Path(RUN).glob("settings/sources-*.csv"))
    if not workflow.is_main_process:
        return list(map(str, lists))
    try:
        files = source_files(settings)
    except UserError as error:
        # Crystals that are there already can do without their source.
        if lists and Path(RUN, "structures/acquired.jsonl.gz").exists():
            return list(map(str, lists))
        refuse(error)
    if not files:
        return []
    if len(lists) == 1 and are_as_listed(lists[0], files):
        return str(lists[0])
    return required(f"{RUN}/settings/sources-{list_digest(files)[:16]}.csv")


def digested_parent():
    """What the parent, and its parents, are made of, an input as `fixed` makes it; or nothing."""
    if not PARENT:
        return []
    if not workflow.is_main_process:
        return sorted(map(str, Path(RUN).glob("settings/parent-*.json")))
    return fixed("parent", **digests_of_chain(PARENT))


SOURCES = listed_sources()
PARENT_DIGESTS = digested_parent()


def growing(**amounts):
    """Memory and minutes of a job: twice as much at each new try, which a profile may grant."""

    def of_try(amount):
        return lambda wildcards, attempt: amount * 2 ** (attempt - 1)

    return {name: of_try(amount) for name, amount in amounts.items()}


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


def get_final_output():
    """What a run of its technique ends with."""
    source = rules.collect if HAS_CRYSTALS else rules.import_bitmaps
    return [
        source.output.rejected,
        *(rules.describe.output.figures if TECHNIQUE.describe else []),
        *rules.evaluate.output.figures,
        rules.report.output.front,
    ]
