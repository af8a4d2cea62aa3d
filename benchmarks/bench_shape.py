"""Measure the shaping, both methods: against plain NumPy of the same rules, in the same run."""

import json
import resource
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from bench_simulate import RESULTS, SEED, SHARED, Output, console, draw_crystals, machine, timed
from matplotlib.figure import Figure
from rich.table import Table
from scipy.ndimage import center_of_mass, label

from spacegrouper.atomic import written_aside
from spacegrouper.figures.toolkit import save_figure
from spacegrouper.settings import Simulate
from spacegrouper.techniques.patterns.settings import Shape
from spacegrouper.techniques.patterns.shaping import as_levels, normalise, shape_pattern
from spacegrouper.techniques.patterns.simulation import simulate_crystals

METHODS = {"pixels": Shape(method="pixels"), "nodes": Shape(method="nodes")}
# Results of the reference programs, which are no part of the project.
GOLDEN = SHARED / "golden" / "shaping" / "condor.npz"
DEFAULT_PATTERNS = GOLDEN if GOLDEN.is_file() else None
REQUIRED = 2000  # patterns/s on one core
PROTOTYPE_CRYSTALS = 12
BRIGHT_PIXELS = (3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 65_536)
# Plain NumPy holds all pairs of pixels at once.
MOST_FOR_PLAIN = 300
LEAST_SECONDS = 0.005  # of a measurement, or the clock's steps show
# Of Okabe and Ito; markers differ too, for a print in black and white.
STYLES: dict[str, dict[str, Any]] = {
    "pixels": {"color": "#0072B2", "marker": "o"},
    "nodes": {"color": "#D55E00", "marker": "s"},
}


def main(
    patterns: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="*.npz whose arrays named *raw are 8-bit patterns; default: patterns of reference "
            "where they are found, else simulated from prototypes",
        ),
    ] = DEFAULT_PATTERNS,
    rounds: Annotated[int, typer.Option(min=1, help="of each rate; the fastest counts")] = 5,
    output: Output = RESULTS,
) -> None:
    """Measure the shaping of diffraction patterns on one core, at the default settings.

    Writes shape.json, shape.svg and shape.png, and prints a table. Plain NumPy follows the same
    rules; the run also compares its values with ours.
    """
    with console.status("patterns"):
        raw = read_patterns(patterns) if patterns else simulated_patterns()
    bright = [bright_pixels(pattern) for pattern in raw]
    with console.status("compiling"):
        for settings in METHODS.values():
            shape_pattern(raw[0], settings)
    results: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "settings": METHODS["pixels"].model_dump(mode="json", exclude={"method"}),
        "patterns": {
            "source": patterns.name if patterns else "prototypes",
            "count": len(raw),
            "bright_pixels_median": float(np.median(bright)),
            "bright_pixels_most": max(bright),
        },
    }
    # First, as the peak memory of a process never falls.
    with console.status("worst cases"):
        results["worst_cases"] = worst_cases()
    with console.status("rates"):
        results["methods"] = {method: rates(method, raw, rounds) for method in METHODS}
    with console.status("cost against bright pixels"):
        results["cost_of_patterns"] = [
            {"method": method, "bright_pixels": pixels, "ms": cost(shape_pattern, pattern, method)}
            for method in METHODS
            for pixels, pattern in zip(bright, raw, strict=True)
        ]
        results["cost_of_random_pixels"] = costs_of_random_pixels()
    output.mkdir(parents=True, exist_ok=True)
    with written_aside(output / "shape.json") as aside:
        aside.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    save_figure(cost_figure(results), output, "shape")
    console.print(table_of(results))
    console.print(f"written to {output}: shape.json, shape.svg, shape.png")


def read_patterns(path: Path) -> list[Any]:
    """Return the patterns, (height, width) each, of the arrays whose names end in raw."""
    with np.load(path) as content:
        stacks = [content[name] for name in content if name.endswith("raw")]
    return [pattern for stack in stacks for pattern in stack.reshape(-1, *stack.shape[-2:])]


def simulated_patterns() -> list[Any]:
    """Return the patterns of crystals made from prototypes."""
    crystals = draw_crystals(None, PROTOTYPE_CRYSTALS)
    simulated = simulate_crystals(crystals, Simulate(), SEED, threads=1)
    return [view for patterns in simulated for crystal in patterns.values for view in crystal]


def bright_pixels(pattern: Any) -> int:
    """Return how many pixels lines may begin at."""
    settings = METHODS["pixels"]
    return int(np.count_nonzero(normalise(pattern, settings) >= settings.threshold))


def rates(method: str, raw: Sequence[Any], rounds: int) -> dict[str, float]:
    """Time ours and plain NumPy in turn, so that a busy machine slows down both."""
    settings, plain = METHODS[method], PLAIN[method]
    repeats = 10
    for pattern in raw:
        expected, found = plain(pattern, settings), shape_pattern(pattern, settings)
        np.testing.assert_array_equal(found, expected)
    ours, wall, theirs = [], [], []
    for _ in range(rounds):
        start = time.perf_counter()
        ours.append(timed(shape_all, raw, settings, repeats)[1] / repeats)
        wall.append((time.perf_counter() - start) / repeats)
        theirs.append(timed(lambda: [plain(pattern, settings) for pattern in raw])[1])
    return {
        "patterns_per_second": len(raw) / min(wall),
        "patterns_per_cpu_second": len(raw) / min(ours),
        "plain_numpy_patterns_per_cpu_second": len(raw) / min(theirs),
        "times_faster_than_plain_numpy": min(theirs) / min(ours),
    }


def shape_all(raw: Sequence[Any], settings: Shape, repeats: int) -> None:
    """Shape as the pipeline does, and throw the images away."""
    for _ in range(repeats):
        for pattern in raw:
            as_levels(shape_pattern(pattern, settings), pattern.dtype)


def cost(function: Callable[..., Any], pattern: Any, method: str) -> float:
    """Return CPU milliseconds for a pattern, the least of three measurements if they are short."""
    repeats = 1
    while (seconds := timed(repeat, repeats, function, pattern, METHODS[method])[1]) < (
        LEAST_SECONDS
    ):
        repeats *= 4
    if repeats > 1:
        for _ in range(2):
            again = timed(repeat, repeats, function, pattern, METHODS[method])[1]
            seconds = min(seconds, again)
    return 1000 * seconds / repeats


def repeat(times: int, function: Callable[..., Any], *arguments: Any) -> None:
    """Call a function again and again."""
    for _ in range(times):
        function(*arguments)


def costs_of_random_pixels() -> list[dict[str, Any]]:
    """Time patterns of bright pixels at random places, from few to all."""
    records = []
    for count in BRIGHT_PIXELS:
        pattern = np.zeros(256 * 256, dtype=np.uint8)
        pattern[np.random.default_rng(SEED).permutation(pattern.size)[:count]] = 255
        pattern = pattern.reshape(256, 256)
        for method in METHODS:
            record = {"method": method, "bright_pixels": count}
            record["ms"] = cost(shape_pattern, pattern, method)
            if count <= MOST_FOR_PLAIN:
                record["plain_numpy_ms"] = cost(PLAIN[method], pattern, method)
            records.append(record)
    return records


def worst_cases() -> list[dict[str, Any]]:
    """Time the fullest patterns: all pixels bright, and as many single-pixel spots as fit."""
    isolated = np.zeros((256, 256), dtype=np.uint8)
    isolated[::2, ::2] = 255
    crowded = np.full((256, 256), 255, dtype=np.uint8)
    records = []
    for name, pattern in (("single pixels two apart", isolated), ("all pixels bright", crowded)):
        for method in ("nodes", "pixels"):
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            ms = cost(shape_pattern, pattern, method)
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            records.append(
                {
                    "pattern": name,
                    "bright_pixels": bright_pixels(pattern),
                    "method": method,
                    "ms": ms,
                    "peak_memory_grows_by_mb": grown * 1024 / 1e6,
                }
            )
    return records


def plain_normalise(raw: Any, settings: Shape) -> Any:
    first, last = settings.window(len(raw))
    window = slice(first, last + 1)
    outside = raw.astype(np.float64)
    outside[window, window] = 0
    if outside.max() == 0:
        return raw.astype(np.float32)
    normalised = (outside / outside.max() * 256).astype(np.float32)
    normalised[window, window] = raw[window, window]
    return normalised


def plain_pixels(raw: Any, settings: Shape) -> Any:
    normalised = plain_normalise(raw, settings)
    rows, columns = np.nonzero(normalised >= settings.threshold)
    down, across = rows - rows[:, None], columns - columns[:, None]
    square = down**2 + across**2
    aslant = (down != 0) & (across != 0)
    distances = np.sqrt(square[aslant] - 2.0)
    distances = distances[distances >= settings.minimum_distance]
    limit = np.inf if distances.size <= 100 else settings.reach * distances.min()
    shaped = normalised.copy()
    for i, j in np.argwhere(aslant & (np.sqrt(square) <= limit)):
        points = max(abs(down[i, j]), abs(across[i, j]))
        line_rows = np.rint(np.linspace(rows[i], rows[j], points)).astype(int)
        line_columns = np.rint(np.linspace(columns[i], columns[j], points)).astype(int)
        shaped[line_rows, line_columns] = 255
    return np.where(normalised > settings.restore_above, normalised, shaped)


def plain_nodes(raw: Any, settings: Shape) -> Any:
    normalised = plain_normalise(raw, settings)
    components, count = label(normalised >= settings.threshold, structure=np.ones((3, 3)))
    shaped = normalised.copy()
    if count > 1:
        centres = np.array(center_of_mass(raw.astype(int), components, range(1, count + 1)))
        radii = np.sqrt(np.bincount(components.ravel())[1:] / np.pi)
        pairs = np.array(list(combinations(range(count), 2)))
        spans = centres[pairs[:, 1]] - centres[pairs[:, 0]]
        distances = np.sqrt((spans**2).sum(axis=1))
        places = np.moveaxis(np.indices(raw.shape), 0, -1)
        for pair in np.flatnonzero(distances < settings.reach * distances.min()):
            start, span = centres[pairs[pair, 0]], spans[pair]
            along = np.clip((places - start) @ span / (span @ span), 0, 1)
            off = places - start - along[..., None] * span
            shaped[np.sqrt((off**2).sum(axis=-1)) <= radii[pairs[pair]].mean()] = 255
    return np.where(normalised > settings.restore_above, normalised, shaped)


PLAIN = {"pixels": plain_pixels, "nodes": plain_nodes}


def cost_figure(results: dict[str, Any]) -> Figure:
    """Draw CPU milliseconds of a pattern against its bright pixels, both axes logarithmic."""
    figure = Figure(figsize=(6.5, 4.6), layout="constrained")
    axes = figure.subplots()
    for method, style in STYLES.items():
        random = [r for r in results["cost_of_random_pixels"] if r["method"] == method]
        counts = [record["bright_pixels"] for record in random]
        axes.plot(
            counts,
            [record["ms"] for record in random],
            markersize=5,
            linewidth=1,
            label=f"{method}: pixels at random places",
            **style,
        )
        plain = [r for r in random if "plain_numpy_ms" in r]
        axes.plot(
            counts[: len(plain)],
            [record["plain_numpy_ms"] for record in plain],
            markersize=5,
            markerfacecolor="white",
            linestyle="--",
            linewidth=1,
            label=f"{method}: the same, plain NumPy",
            **style,
        )
        crystals = [r for r in results["cost_of_patterns"] if r["method"] == method]
        axes.plot(
            [record["bright_pixels"] for record in crystals],
            [record["ms"] for record in crystals],
            linestyle="none",
            markersize=3,
            alpha=0.5,
            label=f"{method}: patterns of crystals",
            **style,
        )
    axes.axhline(1000 / REQUIRED, color="#767676", linewidth=0.8, linestyle=":")
    axes.annotate(
        f"{REQUIRED:,} patterns/s",
        (700, 1000 / REQUIRED),
        color="#767676",
        ha="right",
        va="bottom",
    )
    axes.set(xscale="log", yscale="log")
    axes.set_xlabel("bright pixels in a pattern of 256 x 256")
    axes.set_ylabel("CPU time of a pattern, ms")
    axes.grid(color="#D9D9D9", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def table_of(results: dict[str, Any]) -> Table:
    """Summarise the results for the terminal."""
    patterns = results["patterns"]
    table = Table(
        title=f"shape, one core, {patterns['count']} patterns ({patterns['source']}), "
        f"{patterns['bright_pixels_median']:.0f} bright pixels (median)"
    )
    table.add_column("measured")
    for method in METHODS:
        table.add_column(method, justify="right")
    for caption, key, form in (
        ("patterns/s", "patterns_per_second", ",.0f"),
        ("patterns per CPU second", "patterns_per_cpu_second", ",.0f"),
        ("the same, plain NumPy", "plain_numpy_patterns_per_cpu_second", ",.1f"),
        ("times faster than plain NumPy", "times_faster_than_plain_numpy", ",.0f"),
    ):
        values = [format(results["methods"][method][key], form) for method in METHODS]
        table.add_row(caption, *values)
    table.add_section()
    worst = {(r["pattern"], r["method"]): r for r in results["worst_cases"]}
    for name in dict.fromkeys(record["pattern"] for record in results["worst_cases"]):
        cells = [worst[name, method] for method in METHODS]
        table.add_row(f"{name}, ms", *(f"{record['ms']:,.1f}" for record in cells))
        table.add_row(
            f"{name}, peak memory grows by",
            *(f"{record['peak_memory_grows_by_mb']:.1f} MB" for record in cells),
        )
    return table


if __name__ == "__main__":
    typer.run(main)
