"""Project the time from JSON lines to the dataset on a cluster, out of what was measured."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

RESULTS = Path(__file__).with_name("results")

# CPU seconds of a job before its program begins its work: Snakemake twice, and our imports.
START_UP = 4.1
# Seconds after the end of a stage until Snakemake has noticed, submitted the next, and it runs.
BETWEEN_STAGES = 60.0
CORES, MEGABYTES = 16, 64_000  # of a node
# What shaping takes of memory for each crystal of a block.
SHAPING_MEGABYTES = 0.39
# At which raw shards are held against their digests before they are shaped.
DIGESTED_BYTES_PER_SECOND = 500e6
JOBS_AT_MOST = 200  # of the profile

STAGES = ("acquire", "standardise", "plan", "simulate", "shape", "between")
RUNS = ((108_658, 512), (108_658, 8192), (10**7, 512), (10**7, 24_576))


@dataclass(frozen=True)
class Costs:
    """Core-seconds of a crystal in each stage, and bytes of its raw patterns."""

    acquire: float
    standardise: float
    plan: float
    simulate: float
    shape: float
    raw_bytes: float


def main(
    results: Annotated[
        Path, typer.Option(help="folder of workflow.json and simulate.json")
    ] = RESULTS,
    submissions: Annotated[
        float, typer.Option(help="jobs that Snakemake submits in a second")
    ] = 25,
) -> None:
    """Print the seconds of each stage, of 108,658 and 10 million crystals on 1 to 100 nodes."""
    costs = measured_costs(results)
    headings = ("crystals", "block", "jobs", "nodes", *STAGES, "total")
    print(f"| {' | '.join(headings)} |\n|{'---|' * len(headings)}")
    for crystals, block_size in RUNS:
        for nodes in (1, 10, 100):
            seconds = project(costs, crystals, block_size, nodes, submissions)
            numbers = (crystals, block_size, math.ceil(crystals / block_size), nodes)
            row = (*numbers, *seconds.values(), sum(seconds.values()))
            print(f"| {' | '.join(f'{value:,.0f}' for value in row)} |")


def measured_costs(results: Path) -> Costs:
    """Take the costs from bench_simulate.py, and from two sizes of bench_workflow.py's."""
    workflow = json.loads((results / "workflow.json").read_text(encoding="utf-8"))
    simulate = json.loads((results / "simulate.json").read_text(encoding="utf-8"))
    first, last = workflow["runs"][0], workflow["runs"][-1]

    def slope(stage: str, cores: int) -> float:
        taken = last["stages"][stage]["seconds"] - first["stages"][stage]["seconds"]
        return float(taken * cores / (last["crystals"] - first["crystals"]))

    return Costs(
        acquire=slope("acquire", 1),
        standardise=slope("standardise", 2),
        plan=slope("plan", 1),
        simulate=1 / simulate["8_bit"]["one_thread"]["structures_per_cpu_second"],
        shape=slope("shape", 2),
        raw_bytes=last["bytes"]["raw_shards"] / last["crystals"],
    )


def project(
    costs: Costs, crystals: int, block_size: int, nodes: int, submissions: float
) -> dict[str, float]:
    """Return the seconds of each stage, with all cores of the nodes as soon as asked for.

    `simulate` has one core for each job; `shape` a worker for each core, as far as the memory
    goes; `standardise` one node; `acquire` and `plan` one core.
    """
    blocks = math.ceil(crystals / block_size)
    block_size = min(block_size, crystals)
    job = START_UP + block_size * costs.simulate
    at_once = min(blocks, nodes * CORES, JOBS_AT_MOST)
    workers = nodes * max(1, min(CORES, int(MEGABYTES / (SHAPING_MEGABYTES * block_size))))
    rounds = math.ceil(blocks / workers)
    return {
        "acquire": START_UP + crystals * costs.acquire,
        "standardise": START_UP + crystals * costs.standardise / CORES,
        "plan": START_UP + crystals * costs.plan,
        "simulate": max(math.ceil(blocks / at_once) * job, blocks / submissions + job),
        "shape": START_UP
        + crystals * costs.raw_bytes / DIGESTED_BYTES_PER_SECOND
        + rounds * block_size * costs.shape,
        "between": (len(STAGES) - 1) * BETWEEN_STAGES,
    }


if __name__ == "__main__":
    typer.run(main)
