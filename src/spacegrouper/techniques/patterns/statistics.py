"""What a dataset holds: crystals of which kinds, and how bright and how full their patterns are.

A pattern's pixel is *lit* if its value is not 0, and *bright* if its normalised value reaches the
threshold of shaping (docs/shaping.md). *Nodes* are the bright spots of a raw pattern: its bright
pixels, joined where they touch by an edge or a corner. The direct beam counts as one of them.

The dataset is measured shard by shard and chunk by chunk, so memory does not grow with it. Only
whole numbers are added up: their sum is the same in any order and for blocks of any size.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import label

from spacegrouper.contract.descriptor import Levels
from spacegrouper.crystals.symmetry import crystal_systems
from spacegrouper.dataset.block_statistics import measure_in_blocks
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError
from spacegrouper.settings.space_groups import CRYSTAL_SYSTEMS
from spacegrouper.techniques.images import levels_of_one
from spacegrouper.techniques.patterns.settings import Shape
from spacegrouper.techniques.patterns.shaping import normalise

Measure = Literal["raw_lit", "raw_bright", "shaped_lit", "shaped_bright", "nodes"]
OCCUPIED: tuple[Measure, ...] = ("raw_lit", "raw_bright", "shaped_lit", "shaped_bright")
MEASURES: tuple[Measure, ...] = (*OCCUPIED, "nodes")
_PERCENTILES = {"minimum": 0, "percent_5": 5, "median": 50, "percent_95": 95, "maximum": 100}
_TOUCHING = np.ones((3, 3), dtype=int)  # the eight neighbours of a pixel


@dataclass(frozen=True)
class Statistics:
    """Counts over the usable crystals of a dataset.

    `crystals`: by space group, 0 where it is unknown; `prototypes`: the pairs of space group and
    prototype that occur; `grey` and `grey_squared`: by ("raw" or "shaped", space group), the sum
    over crystals of the sum of the grey levels of all their pixels, and of its square;
    `patterns`: by (measure, view), how many patterns have which value.
    """

    crystals: Counter[int] = field(default_factory=Counter)
    prototypes: frozenset[tuple[int, str]] = frozenset()
    grey: Counter[tuple[str, int]] = field(default_factory=Counter)
    grey_squared: Counter[tuple[str, int]] = field(default_factory=Counter)
    patterns: Mapping[tuple[Measure, int], Counter[int]] = field(default_factory=dict)


def describe_dataset(dataset: Dataset, workers: int, advance: Callable[[int], None]) -> Statistics:
    """Measure all usable crystals, over so many threads; `advance` is told of rows done.

    Raises UserError for patterns that cannot be read, and where no crystal is finished.
    """
    labels = {name: dataset.label(name) for name in ("spacegroup", "prototype")}
    shape = Shape.model_validate(dataset.settings["shape"])
    measure = partial(_measure_crystals, dataset, labels, shape)
    statistics = measure_in_blocks(dataset, measure, add_statistics, workers, advance)
    if not statistics.crystals:
        raise UserError(
            f"{dataset.path}: no finished crystal to describe; finish it with scripts/shape.py"
        )
    return statistics


def measure_patterns(
    raw: Levels, shaped: Levels, settings: Shape
) -> dict[Measure, NDArray[np.int64]]:
    """Count lit pixels, bright pixels and nodes of each pattern.

    `raw`, `shaped`: (..., height, width); the counts are (...). `settings`: those of shaping.
    """
    threshold = settings.threshold * levels_of_one(shaped.dtype)
    counts = {measure: np.zeros(raw.shape[:-2], dtype=np.int64) for measure in MEASURES}
    for index in np.ndindex(raw.shape[:-2]):
        bright = normalise(raw[index], settings) >= settings.threshold
        counts["raw_lit"][index] = np.count_nonzero(raw[index])
        counts["raw_bright"][index] = np.count_nonzero(bright)
        counts["shaped_lit"][index] = np.count_nonzero(shaped[index])
        counts["shaped_bright"][index] = np.count_nonzero(shaped[index] >= threshold)
        counts["nodes"][index] = label(bright, _TOUCHING)[1]
    return counts


def add_statistics(first: Statistics, second: Statistics) -> Statistics:
    """Return the statistics of two sets of crystals together."""
    return Statistics(
        first.crystals + second.crystals,
        first.prototypes | second.prototypes,
        first.grey + second.grey,
        first.grey_squared + second.grey_squared,
        {
            key: first.patterns.get(key, Counter()) + second.patterns.get(key, Counter())
            for key in {**first.patterns, **second.patterns}
        },
    )


def per_space_group_table(statistics: Statistics, pixels: int) -> pd.DataFrame:
    """Return a row for each space group, in order of number; crystals of none are left out.

    `pixels`: those of all patterns of one crystal, times the levels that count one. Columns:
    spacegroup, crystal_system, crystals, prototypes (how many different ones), raw_brightness (mean
    grey level of the raw patterns), raw_spread (its standard deviation between crystals),
    shaped_brightness, shaped_spread.
    """
    groups = sorted(group for group in statistics.crystals if group > 0)
    table = pd.DataFrame(
        {
            "spacegroup": groups,
            "crystal_system": crystal_systems(np.array(groups, dtype=np.int64)),
            "crystals": [statistics.crystals[group] for group in groups],
        }
    )
    prototypes = Counter(group for group, _ in statistics.prototypes)
    table["prototypes"] = [prototypes[group] for group in groups]
    for name in ("raw", "shaped"):
        moments = [_mean_and_spread(statistics, name, group, pixels) for group in groups]
        table[f"{name}_brightness"] = [mean for mean, _ in moments]
        table[f"{name}_spread"] = [spread for _, spread in moments]
    return table


def per_crystal_system_table(per_space_group: pd.DataFrame) -> pd.DataFrame:
    """Return all seven crystal systems: crystal_system, space_groups, crystals, prototypes.

    `per_space_group`: as `per_space_group_table` returns it.
    """
    sums = (
        per_space_group.groupby("crystal_system")
        .agg(
            space_groups=("spacegroup", "size"),
            crystals=("crystals", "sum"),
            prototypes=("prototypes", "sum"),
        )
        .reindex(list(CRYSTAL_SYSTEMS), fill_value=0)
    )
    return sums.rename_axis("crystal_system").reset_index()


def summary_table(statistics: Statistics) -> pd.DataFrame:
    """Return a row for each measure and view: measure, view, patterns, mean, and percentiles.

    A percentile is the smallest value that at least this share of the patterns does not exceed.
    """
    rows = []
    for measure, view in _measures_and_views(statistics):
        values, counts = _values_and_counts(statistics.patterns[measure, view])
        percentiles = np.percentile(
            values, list(_PERCENTILES.values()), method="inverted_cdf", weights=counts
        )
        mean = np.average(values, weights=counts)
        rows.append((measure, view, counts.sum(), mean, *percentiles.astype(int)))
    columns = ["measure", "view", "patterns", "mean", *_PERCENTILES]
    return pd.DataFrame(rows, columns=columns)


def histogram_table(statistics: Statistics) -> pd.DataFrame:
    """Return how many patterns have a value from `first` to `last`, for each measure and view.

    Columns: measure, view, first, last, patterns. Up to 3 each value has its own row; beyond, two
    rows span a factor of two, because patterns differ by factors.
    """
    rows = []
    for measure, view in _measures_and_views(statistics):
        highest = max(
            max(values) for (name, _), values in statistics.patterns.items() if name == measure
        )
        edges = _row_edges(highest)
        values, counts = _values_and_counts(statistics.patterns[measure, view])
        patterns, _ = np.histogram(values, edges, weights=counts)
        rows.append(
            pd.DataFrame({"first": edges[:-1], "last": edges[1:] - 1, "patterns": patterns})
        )
        rows[-1].insert(0, "measure", measure)
        rows[-1].insert(1, "view", view)
    return pd.concat(rows, ignore_index=True)


def _measure_crystals(
    dataset: Dataset, labels: Mapping[str, NDArray[Any]], settings: Shape, rows: slice
) -> Statistics:
    usable = dataset.usable(rows) & (dataset.copy_of[rows] == "")
    if not usable.any():
        return Statistics()
    arrays = {name: values[usable] for name, values in dataset.read(rows).items()}
    raw, shaped = arrays["raw"], arrays["shaped"]
    groups, prototypes = (
        labels[name][rows][usable].tolist() for name in ("spacegroup", "prototype")
    )
    grey: Counter[tuple[str, int]] = Counter()
    grey_squared: Counter[tuple[str, int]] = Counter()
    for name, patterns in (("raw", raw), ("shaped", shaped)):
        sums = patterns.sum(axis=(1, 2, 3), dtype=np.int64).tolist()
        for group, total in zip(groups, sums, strict=True):
            grey[name, group] += total
            grey_squared[name, group] += total**2
    counts = measure_patterns(raw, shaped, settings)
    return Statistics(
        Counter(groups),
        frozenset(zip(groups, prototypes, strict=True)),
        grey,
        grey_squared,
        {
            (measure, view): Counter(counts[measure][:, view].tolist())
            for measure in MEASURES
            for view in range(raw.shape[1])
        },
    )


def _mean_and_spread(
    statistics: Statistics, patterns: str, group: int, pixels: int
) -> tuple[float, float]:
    """Return mean and standard deviation, over a group's crystals, of their mean grey level."""
    count, total = statistics.crystals[group], statistics.grey[patterns, group]
    # Exact in whole numbers, where the difference of two large ones would lose digits.
    squares = count * statistics.grey_squared[patterns, group] - total**2
    return total / (count * pixels), math.sqrt(squares) / (count * pixels)


def _measures_and_views(statistics: Statistics) -> list[tuple[Measure, int]]:
    return sorted(statistics.patterns, key=lambda key: (MEASURES.index(key[0]), key[1]))


def _values_and_counts(patterns: Counter[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    values = np.array(sorted(patterns), dtype=np.int64)
    return values, np.array([patterns[value] for value in values.tolist()], dtype=np.int64)


def _row_edges(highest: int) -> NDArray[np.int64]:
    """Return the first value of each row of a histogram that holds `highest`, and one beyond."""
    beyond = 4 * 2 ** (np.arange(2 * (highest + 1).bit_length()) / 2)
    edges = np.append(np.arange(4), np.round(beyond)).astype(np.int64)
    return edges[: np.searchsorted(edges, highest, side="right") + 1]
