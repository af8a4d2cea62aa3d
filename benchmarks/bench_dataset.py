"""Measure the dataset: how chunk size and codec decide on its size, its writing and its reading."""

import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from math import ceil
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
import zarr
from bench_simulate import RESULTS, Output, draw_crystals, machine
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
from rich.console import Console
from rich.table import Table
from zarr.codecs import BloscCodec, GzipCodec, ZstdCodec

from spacegrouper.atomic import written_aside
from spacegrouper.figures.toolkit import save_figure
from spacegrouper.settings import Dataset, Plan, Simulate
from spacegrouper.techniques.patterns.settings import Shape
from spacegrouper.techniques.patterns.shaping import shape_patterns
from spacegrouper.techniques.patterns.simulation import simulate_crystals

ROOT = Path(__file__).parents[1]
SEED = 0
BATCH = 32  # crystals read at a time, as a network might take them
PROJECTED_CRYSTALS = 108_658  # of the paper
SHARD_ROWS = Plan().shard_rows(PROJECTED_CRYSTALS)
CHUNK_ROWS = (1, 4, 8, 16, 64)
CODECS: Mapping[str, Any] = {
    "zstd 1": ZstdCodec(level=1),
    "zstd 3": ZstdCodec(level=3),
    "zstd 9": ZstdCodec(level=9),
    "zstd 19": ZstdCodec(level=19),
    "blosc zstd 3, bitshuffle": BloscCodec(
        typesize=1, cname="zstd", clevel=3, shuffle="bitshuffle"
    ),
    "gzip 1": GzipCodec(level=1),
    "none": None,
}
DEFAULT_CODEC = f"zstd {Dataset().compression_level}"
DEFAULT_CHUNK_ROWS = Dataset().chunk_crystals

console = Console()


@dataclass(frozen=True)
class Layout:
    """How patterns are stored."""

    chunk_rows: int
    codec: str


def main(
    structures: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="crystals as JSON lines, *.jsonl.gz; default: made from prototypes",
        ),
    ] = None,
    crystals: Annotated[int, typer.Option(min=64, help="how many to draw at random")] = 1024,
    rounds: Annotated[int, typer.Option(min=1, help="of everything; the fastest counts")] = 2,
    batches: Annotated[int, typer.Option(min=1, help="random batches read in a round")] = 16,
    output: Output = RESULTS,
) -> None:
    """Measure writing and reading of raw and shaped patterns in different chunks and codecs.

    Chunks of different sizes are compared with the default codec, codecs with the default chunks.
    Shards are of 512 crystals, the raw and the shaped patterns are of three views of 256 x 256
    pixels. The files are read again soon after they are written, so from memory and not from a
    disk: rates are those of zarr and of the codec. Writes dataset.json, dataset.svg and
    dataset.png, and prints a table.
    """
    with console.status("patterns"):
        patterns = make_patterns(structures, crystals)
    layouts = [Layout(rows, DEFAULT_CODEC) for rows in CHUNK_ROWS]
    layouts += [Layout(DEFAULT_CHUNK_ROWS, codec) for codec in CODECS if codec != DEFAULT_CODEC]
    # All layouts take turns, so that a machine that is busy for a while is fair to all of them.
    found: dict[Layout, list[dict[str, Any]]] = {layout: [] for layout in layouts}
    for number in range(rounds):
        for layout in layouts:
            with (
                console.status(f"round {number + 1}: {layout.chunk_rows} rows, {layout.codec}"),
                tempfile.TemporaryDirectory() as folder,
            ):
                found[layout].append(
                    measure(Path(folder) / "store.zarr", patterns, layout, batches)
                )
    results = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine() | {name: version(name) for name in ("zarr", "numcodecs")},
        "crystals": {
            "source": structures.name if structures else "prototypes",
            "count": len(patterns["raw"]),
        },
        "arrays": {name: list(values.shape) for name, values in patterns.items()},
        "shard_rows": SHARD_ROWS,
        "batch": BATCH,
        "random_batches": batches,
        "rounds": rounds,
        "layouts": [best(layout, measured) for layout, measured in found.items()],
    }
    output.mkdir(parents=True, exist_ok=True)
    with written_aside(output / "dataset.json") as aside:
        aside.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    save_figure(layouts_figure(results["layouts"], len(patterns["raw"])), output, "dataset")
    console.print(table_of(results["layouts"]))
    console.print(f"written to {output}: dataset.json, dataset.svg, dataset.png")


def make_patterns(structures: Path | None, count: int) -> dict[str, Any]:
    """Return raw and shaped patterns of crystals in random order; (crystals, views, y, x) each."""
    crystals = draw_crystals(structures, count)
    threads = len(os.sched_getaffinity(0))
    batches = simulate_crystals(crystals, Simulate(), SEED, threads)
    raw = np.concatenate([batch.values for batch in batches])
    return {"raw": raw, "shaped": shape_patterns(raw, Shape())}


def measure(
    store: Path, patterns: Mapping[str, Any], layout: Layout, batches: int
) -> dict[str, Any]:
    """Write a store and read it in batches; rates are of raw and shaped patterns together."""
    crystals = len(patterns["raw"])
    arrays = {name: create_array(store / name, patterns[name], layout) for name in patterns}
    write_seconds, write_cpu = timed(lambda: write(arrays, patterns))
    files = [path for path in store.rglob("*") if path.is_file() and path.name != "zarr.json"]

    rng = np.random.default_rng(SEED)
    chosen = [rng.choice(crystals, BATCH, replace=False) for _ in range(batches)]
    random_seconds, random_cpu = timed(
        lambda: [read_rows(array, rows) for rows in chosen for array in arrays.values()]
    )
    starts = rng.permutation(np.arange(0, crystals, layout.chunk_rows))
    chunk_seconds, chunk_cpu = timed(
        lambda: [
            array[start : start + layout.chunk_rows]
            for start in starts.tolist()
            for array in arrays.values()
        ]
    )
    for name, array in arrays.items():
        if not np.array_equal(array[:], patterns[name]):
            raise RuntimeError(f"{layout}: {name} is not read as it was written")
    megabytes = sum(values.nbytes for values in patterns.values()) / 1e6
    return {
        "bytes_per_crystal": sum(path.stat().st_size for path in files) / crystals,
        "files": len(files),
        "write_mb_per_second": megabytes / write_seconds,
        "write_mb_per_cpu_second": megabytes / write_cpu,
        "random_crystals_per_second": batches * BATCH / random_seconds,
        "random_crystals_per_cpu_second": batches * BATCH / random_cpu,
        "chunkwise_crystals_per_second": crystals / chunk_seconds,
        "chunkwise_crystals_per_cpu_second": crystals / chunk_cpu,
    }


def create_array(path: Path, values: Any, layout: Layout) -> Any:
    """Create an array in the shards of the dataset."""
    return zarr.create_array(
        path,
        shape=values.shape,
        dtype=values.dtype,
        chunks=(layout.chunk_rows, *values.shape[1:]),
        shards=(SHARD_ROWS, *values.shape[1:]),
        compressors=CODECS[layout.codec],
    )


def write(arrays: Mapping[str, Any], patterns: Mapping[str, Any]) -> None:
    """Write shard by shard, as the pipeline does."""
    for name, array in arrays.items():
        for start in range(0, array.shape[0], SHARD_ROWS):
            array[start : start + SHARD_ROWS] = patterns[name][start : start + SHARD_ROWS]


def read_rows(array: Any, rows: Any) -> Any:
    """Return rows in any order; one by one, because zarr's own selection by a list is slower."""
    return np.stack([array[row] for row in rows.tolist()])


def timed(action: Callable[[], object]) -> tuple[float, float]:
    """Return wall and CPU seconds of an action."""
    cpu, wall = time.process_time(), time.perf_counter()
    action()
    return time.perf_counter() - wall, time.process_time() - cpu


def best(layout: Layout, measured: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the fastest of each rate, with what is the same in every round."""
    record: dict[str, Any] = {"chunk_rows": layout.chunk_rows, "codec": layout.codec}
    record |= {name: max(found[name] for found in measured) for name in measured[0]}
    images = 6  # raw and shaped patterns of three views
    for way in ("random", "chunkwise"):
        record[f"{way}_images_per_second"] = images * record[f"{way}_crystals_per_second"]
    record[f"files_of_{PROJECTED_CRYSTALS}_crystals"] = {
        "in_shards": 2 * ceil(PROJECTED_CRYSTALS / SHARD_ROWS),
        "without_shards": 2 * ceil(PROJECTED_CRYSTALS / layout.chunk_rows),
    }
    return record


def layouts_figure(records: Sequence[Mapping[str, Any]], crystals: int) -> Figure:
    """Draw reading against chunk size, and codecs by size and speed."""
    figure = Figure(figsize=(10.5, 4), layout="constrained")
    reading, size, codecs = figure.subplots(1, 3)
    by_rows = [record for record in records if record["codec"] == DEFAULT_CODEC]
    rows = [record["chunk_rows"] for record in by_rows]
    for way, colour, marker, label in (
        ("random", "#D55E00", "s", f"{BATCH} random crystals at a time"),
        ("chunkwise", "#0072B2", "o", "whole chunks in random order"),
    ):
        rates = [record[f"{way}_crystals_per_second"] for record in by_rows]
        reading.plot(rows, rates, marker=marker, color=colour, label=label)
    reading.set(xlabel="crystals in a chunk", ylabel="crystals read per second", yscale="log")
    reading.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
    reading.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    reading.yaxis.set_minor_formatter(NullFormatter())
    reading.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    kilobytes = [record["bytes_per_crystal"] / 1000 for record in by_rows]
    size.plot(rows, kilobytes, marker="o", color="#0072B2")
    size.set(xlabel="crystals in a chunk", ylabel="stored kB of a crystal")
    size.set_ylim(0, 1.2 * max(kilobytes))
    size.set_title(DEFAULT_CODEC, fontsize=10)
    for axes in (reading, size):
        axes.set_xscale("log", base=2)
        axes.set_xticks(rows, [str(number) for number in rows])
    compared = [
        record
        for record in records
        if record["chunk_rows"] == DEFAULT_CHUNK_ROWS and record["codec"] != "none"
    ]
    compared.sort(key=lambda record: float(record["bytes_per_crystal"]))
    for number, record in enumerate(compared):
        place = (record["write_mb_per_second"], record["bytes_per_crystal"] / 1000)
        default = record["codec"] == DEFAULT_CODEC
        codecs.plot(*place, marker="D" if default else "o", color="#0072B2")
        codecs.annotate(
            record["codec"].replace(", ", ",\n"),
            place,
            # Names of points of nearly one size stand on both sides of them.
            xytext=(-6 if number % 2 else 6, 0),
            textcoords="offset points",
            ha="right" if number % 2 else "left",
            va="center",
            fontsize=8,
        )
    codecs.set(xlabel="written, MB per second (uncompressed)", ylabel="stored kB of a crystal")
    codecs.margins(0.3)
    codecs.set_xlim(left=0)
    codecs.set_ylim(bottom=0)
    codecs.set_title(f"{DEFAULT_CHUNK_ROWS} crystals in a chunk", fontsize=10)
    for axes in (reading, size, codecs):
        axes.grid(color="#D9D9D9", linewidth=0.5)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel(f"n = {crystals} crystals, raw and shaped patterns of three views", fontsize=9)
    return figure


def table_of(records: Sequence[Mapping[str, Any]]) -> Table:
    """Return what was measured, a row for each layout."""
    table = Table(title=f"raw and shaped patterns in shards of {SHARD_ROWS} crystals")
    for name in ("chunk rows", "codec"):
        table.add_column(name)
    for name in ("kB/crystal", "files", "write MB/s", "random images/s", "chunks images/s"):
        table.add_column(name, justify="right")
    for record in records:
        table.add_row(
            str(record["chunk_rows"]),
            record["codec"],
            f"{record['bytes_per_crystal'] / 1000:.2f}",
            str(record["files"]),
            f"{record['write_mb_per_second']:.0f}",
            f"{record['random_images_per_second']:.0f}",
            f"{record['chunkwise_images_per_second']:.0f}",
        )
    return table


if __name__ == "__main__":
    typer.run(main)
