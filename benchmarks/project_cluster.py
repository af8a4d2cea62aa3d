"""Project the time from JSON lines to the dataset on a cluster, out of what was measured."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.crystals.block_size import block_size
from spacegrouper.settings import Plan, settings_from_mapping

RESULTS = Path(__file__).with_name("results")

# CPU seconds of a job before its program begins its work: Snakemake twice, and our imports.
START_UP = 4.0
# Seconds after the end of a stage until Snakemake has noticed, submitted the next, and it runs.
BETWEEN_STAGES = 60.0
CORES, MEGABYTES = 16, 64_000  # of a node
ACQUIRING = 4  # processes that share acquire
# What shaping takes of memory for each crystal of a block of the dataset.
SHAPING_MEGABYTES = 0.39
# At which raw shards are held against their digests before they are shaped.
DIGESTED_BYTES_PER_SECOND = 500e6

# Each begins when the one before has ended, but a block is simulated as soon as it is standardised.
STAGES = ("acquire", "plan", "standardise and simulate", "shape", "between")
CRYSTALS = (108_658, 10**7)
NODES = (1, 10, 100)


@dataclass(frozen=True)
class Costs:
    """Core-seconds of a crystal in each stage, and bytes of its raw patterns."""

    acquire: float
    plan: float
    standardise: float
    collect: float
    simulate: float
    shape: float
    raw_bytes: float


def main(
    results: Annotated[Path, typer.Option(help="folder of workflow.json")] = RESULTS,
    submissions: Annotated[
        float, typer.Option(help="jobs that Snakemake submits in a second")
    ] = 25,
    jobs: Annotated[int, typer.Option(help="jobs at a time, at most: `jobs` of the profile")] = 200,
) -> None:
    """Print the seconds of each stage, of 108,658 and 10 million crystals on 1 to 100 nodes."""
    costs = measured_costs(results)
    settings = settings_from_mapping({"workers": {"cluster": "slurm"}}, "")
    headings = ("crystals", "block", "blocks", "nodes", *STAGES, "total")
    print(f"| {' | '.join(headings)} |\n|{'---|' * len(headings)}")
    for crystals in CRYSTALS:
        size = block_size(settings, crystals, CORES)
        for nodes in NODES:
            seconds = project(costs, settings.plan, crystals, size, nodes, submissions, jobs)
            numbers = (crystals, size, math.ceil(crystals / size), nodes)
            row = (*numbers, *seconds.values(), sum(seconds.values()))
            print(f"| {' | '.join(f'{value:,.0f}' for value in row)} |")


def measured_costs(results: Path) -> Costs:
    """Take the costs from the CPU seconds that bench_workflow.py has measured.

    Those of single jobs are of a whole file, all others of a block. Wall seconds would be those of
    a machine that may have had other work.
    """
    workflow = json.loads((results / "workflow.json").read_text(encoding="utf-8"))
    last, single = workflow["runs"][-1], workflow["single_jobs"]
    return Costs(
        **{
            stage: cpu / measured["crystals"]
            for measured in (single, single["block"])
            for stage, cpu in measured["cpu_seconds"].items()
        },
        raw_bytes=last["bytes"]["raw_shards"] / last["crystals"],
    )


def project(
    costs: Costs,
    plan: Plan,
    crystals: int,
    size: int,
    nodes: int,
    submissions: float,
    jobs: int,
) -> dict[str, float]:
    """Return the seconds of each stage, with all cores of the nodes as soon as asked for.

    Jobs of blocks have a core each; `shape` has a worker for each core, as far as the memory goes;
    `acquire` four cores of one node, and `plan` and `collect` one core.
    """
    blocks = math.ceil(crystals / size)
    block = 2 * START_UP + min(size, crystals) * (costs.standardise + costs.simulate)
    at_once = min(blocks, nodes * CORES, jobs)
    collect = START_UP + crystals * costs.collect
    rows = min(plan.shard_rows(crystals), crystals)
    workers = nodes * max(1, min(CORES, int(MEGABYTES / (SHAPING_MEGABYTES * rows))))
    rounds = math.ceil(math.ceil(crystals / rows) / workers)
    return {
        "acquire": START_UP + crystals * costs.acquire / ACQUIRING,
        "plan": START_UP + crystals * costs.plan,
        "standardise and simulate": max(
            math.ceil(blocks / at_once) * block, 2 * blocks / submissions + block
        )
        + collect,
        "shape": START_UP
        + crystals * costs.raw_bytes / DIGESTED_BYTES_PER_SECOND
        + rounds * rows * costs.shape,
        "between": (len(STAGES) - 1) * BETWEEN_STAGES,
    }


if __name__ == "__main__":
    typer.run(main)
