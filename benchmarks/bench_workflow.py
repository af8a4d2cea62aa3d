"""Measure the workflow from JSON lines to the finished dataset, and project larger ones."""

import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from bench_simulate import ROOT, console, default_structures, draw_lines, machine
from rich.table import Table

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.blocks import planned_blocks
from spacegrouper.crystals.json_lines import read_lines, write_lines
from spacegrouper.crystals.rejections import write_rejections

STAGES = ("acquire", "plan", "standardise", "collect", "simulate", "shape")
PROJECTED = (108_658, 10_000_000)
BLOCK = 2000  # crystals drawn at random, whose stages are measured on their own


def main(
    structures: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="crystals as JSON lines, *.jsonl.gz; default: mp-2025.02.jsonl.gz",
        ),
    ] = default_structures(),  # noqa: B008
    crystals: Annotated[
        list[int] | None,
        typer.Option(min=2, help="how many to draw at random; give it twice or more"),
    ] = None,
    output: Annotated[Path, typer.Option(help="folder of the result")] = ROOT
    / "benchmarks"
    / "results",
) -> None:
    """Run the workflow on some thousand crystals, two sizes or more, and write workflow.json.

    Each size is run from the JSON lines to the dataset with the settings of config/config.yaml.
    The cost of any number of crystals is taken as a constant and a part for each crystal, from
    the smallest size and the largest; sizes in between check it. What single jobs do with all
    crystals is measured on the whole file besides.
    """
    if structures is None:
        console.print("no structures found, so the workflow is not measured: give --structures")
        return
    sizes = sorted(crystals or [1000, 5000])
    runs = []
    for size in sizes:
        with console.status(f"{size} crystals"), tempfile.TemporaryDirectory() as folder:
            runs.append(run_workflow(structures, size, Path(folder)))
    with console.status("single jobs"), tempfile.TemporaryDirectory() as folder:
        single_jobs = run_single_jobs(structures, Path(folder))
    results = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "structures": structures.name,
        "runs": runs,
        "single_jobs": single_jobs,
        "projected": [project(runs, count) for count in (*sizes, *PROJECTED)],
    }
    with written_aside(output / "workflow.json") as aside:
        aside.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    console.print(table_of(results))
    console.print(f"written to {output / 'workflow.json'}")


def run_workflow(structures: Path, size: int, folder: Path) -> dict[str, Any]:
    """Run the workflow in a folder of its own; return what it cost."""
    for name in ("workflow", "scripts", "cluster"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "in.jsonl").write_bytes(b"".join(draw_lines(structures, size)))
    source = {"source": "json_lines", "path": "in.jsonl"}
    (folder / "run.yaml").write_text(yaml.safe_dump({"name": "run", "acquire": source}))
    programs = Path(sys.executable).parent
    start = time.perf_counter()
    subprocess.run(
        [
            str(programs / "snakemake"),
            "results/run/dataset.zarr/zarr.json",
            *("--profile", "cluster/local", "--configfile", "run.yaml"),
        ],
        cwd=folder,
        env=os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        check=True,
        capture_output=True,
    )
    seconds = time.perf_counter() - start
    results = folder / "results" / "run"
    products = {
        "raw_shards": list((results / "blocks").glob("*")),
        "dataset": [path for path in (results / "dataset.zarr").rglob("*") if path.is_file()],
    }
    return {
        "crystals": size,
        "seconds": seconds,
        "crystals_per_second": size / seconds,
        "stages": {stage: stage_cost(results / "benchmarks", stage) for stage in STAGES},
        "files": {name: len(paths) for name, paths in products.items()},
        "bytes": {
            name: sum(path.stat().st_size for path in paths) for name, paths in products.items()
        },
    }


def run_single_jobs(structures: Path, folder: Path) -> dict[str, Any]:
    """Run acquire, plan and collect on a whole file; return its crystals and their CPU seconds."""
    source = {"source": "json_lines", "path": str(structures)}
    config, plan = folder / "run.yaml", folder / "plan"
    config.write_text(yaml.safe_dump({"name": "run", "acquire": source}))
    acquired, rejected = folder / "acquired.jsonl.gz", folder / "rejected.csv"
    processes = str(len(os.sched_getaffinity(0)))
    cost = {
        "acquire": cpu_seconds(
            "acquire",
            *("--config", config, "--output", acquired, "--rejected", rejected),
            *("--threads", processes),
        ),
        "plan": cpu_seconds("plan", "--structures", acquired, "--config", config, "--output", plan),
    }
    # Blocks take the place of what standardising would make of them.
    for planned in planned_blocks(plan) or []:
        write_rejections(plan / f"{planned.block}.csv", [])
    cost["collect"] = cpu_seconds(
        "collect",
        *("--plan", plan, "--standardised", plan, "--earlier-rejected", rejected),
        *("--config", config),
        *("--output", folder / "standardised.jsonl.gz", "--rejected", folder / "all.csv"),
    )
    crystals = sum(1 for _ in read_lines(acquired))
    block = folder / "block.jsonl.gz"
    write_lines(block, draw_lines(structures, min(BLOCK, crystals)))
    return {"crystals": crystals, "cpu_seconds": cost, "block": run_block(block, config, folder)}


def run_block(structures: Path, config: Path, folder: Path) -> dict[str, Any]:
    """Standardise, simulate and shape a block; return its crystals and the CPU seconds of each.

    Start-up is in them. Snakemake's own account looks at a job every half minute only, once it has
    run so long, and misses what comes after.
    """
    standard, raw = folder / "standard.jsonl.gz", folder / "block.h5"
    of_run = ("--config", config)
    rejected = ("--rejected", folder / "block.csv")
    cost = {
        "standardise": cpu_seconds(
            "standardise", "--structures", structures, "--output", standard, *rejected, *of_run
        ),
        "simulate": cpu_seconds(
            "simulate", "--structures", standard, "--output", raw, "--threads", "1", *of_run
        ),
        "shape": cpu_seconds("shape", "--raw", raw, "--output", folder / "block.zarr", *of_run),
    }
    return {"crystals": sum(1 for _ in read_lines(structures)), "cpu_seconds": cost}


def cpu_seconds(program: str, *arguments: str | Path) -> float:
    """Run a program of scripts/; return the CPU seconds of it and of its processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, ROOT / "scripts" / f"{program}.py", *arguments],
        check=True,
        capture_output=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def stage_cost(benchmarks: Path, stage: str) -> dict[str, float]:
    """Return jobs, summed wall seconds and CPU seconds of a stage, by Snakemake's own account."""
    single = benchmarks / f"{stage}.tsv"
    paths = [single] if single.exists() else sorted((benchmarks / stage).glob("*.tsv"))
    rows = []
    for path in paths:
        with path.open(newline="") as file:
            rows += list(csv.DictReader(file, delimiter="\t"))
    return {
        "jobs": len(rows),
        "seconds": sum(float(row["s"]) for row in rows),
        "cpu_seconds": sum(float(row["cpu_time"]) for row in rows if row["cpu_time"] != "NA"),
    }


def project(runs: list[dict[str, Any]], crystals: int) -> dict[str, float]:
    """Return seconds, CPU hours and bytes of so many crystals, as straight lines."""

    def line(value: Any) -> float:
        first, last = runs[0], runs[-1]
        slope = (value(last) - value(first)) / (last["crystals"] - first["crystals"])
        return float(value(first) + slope * (crystals - first["crystals"]))

    return {
        "crystals": crystals,
        "seconds": line(lambda run: run["seconds"]),
        "core_hours": line(lambda run: sum(s["cpu_seconds"] for s in run["stages"].values()))
        / 3600,
        "bytes": line(lambda run: sum(run["bytes"].values())),
    }


def table_of(results: dict[str, Any]) -> Table:
    """Lay out what was measured, and what is projected from it."""
    table = Table(title="from JSON lines to the dataset")
    headings = ("crystals", "seconds", "crystals/s", "core-hours", "MB", "files")
    for heading in (*headings, *(f"{stage}, CPU s" for stage in STAGES)):
        table.add_column(heading, justify="right")
    for run in results["runs"]:
        cpu = sum(stage["cpu_seconds"] for stage in run["stages"].values())
        table.add_row(
            f"{run['crystals']:,}",
            f"{run['seconds']:.1f}",
            f"{run['crystals_per_second']:.1f}",
            f"{cpu / 3600:.3f}",
            f"{sum(run['bytes'].values()) / 1e6:.1f}",
            str(sum(run["files"].values())),
            *(f"{run['stages'][stage]['cpu_seconds']:.1f}" for stage in STAGES),
        )
    table.add_section()
    for row in results["projected"]:
        table.add_row(
            f"{row['crystals']:,} projected",
            f"{row['seconds']:,.0f}",
            f"{row['crystals'] / row['seconds']:.1f}",
            f"{row['core_hours']:.2f}",
            f"{row['bytes'] / 1e6:,.0f}",
        )
    return table


if __name__ == "__main__":
    typer.run(main)
