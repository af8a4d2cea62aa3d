"""What a dataset of bitmaps holds: how bright they are, and how far they tell space groups apart.

Two crystals of different space groups may have the same bitmap, to the last pixel. No classifier
that sees nothing but bitmaps can answer both right, so the best it can do is to name, for each
bitmap, the class that most of its crystals have. The share of crystals answered right in this way
is the *ceiling* of the accuracy on these crystals. Bitmaps that occur but once all count as
answered right, so that the ceiling is high where there are few crystals of a kind; that of the
repeated bitmaps alone is the more telling one.

The dataset is measured shard by shard and chunk by chunk, so that pixels in memory do not grow with
it; of each crystal its brightness and the SHA-256 of its bitmaps are kept.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spacegrouper.contract.technique import Description
from spacegrouper.crystals.symmetry import LEVELS, crystal_systems
from spacegrouper.dataset.block_statistics import measure_in_blocks
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError

# Of space groups, what bitmaps of habits may show.
DECIDABLE = ("space group", "point group", "Laue class", "crystal system")
_PERCENTILES = {"minimum": 0, "percent_5": 5, "median": 50, "percent_95": 95, "maximum": 100}
_GREY_LEVELS_IN_A_ROW = 4  # of the distribution of brightness
_EXAMPLES = 3  # crystals named of each shared bitmap


@dataclass(frozen=True)
class BitmapStatistics:
    """What was measured of n crystals, whose space groups are known.

    `row`, `spacegroup`: (n,); `brightness`: (n, views), the mean grey level of a crystal's bitmaps;
    `sha256`: (n,), hexadecimal digits, of all pixels of a crystal's bitmaps; `pixel_values`:
    (views, 256), how many pixels have which value; `grey`: by space group, the sum of the bitmaps
    of its crystals, (views, height, width).
    """

    row: NDArray[np.int64]
    spacegroup: NDArray[np.int64]
    brightness: NDArray[np.float64]
    sha256: NDArray[np.bytes_]
    pixel_values: NDArray[np.int64]
    grey: Mapping[int, NDArray[np.int64]]


def describe(dataset: Dataset, threads: int, advance: Callable[[int], None]) -> Description:
    """Describe the usable crystals of a dataset and their bitmaps; see `Technique.describe`.

    Raises:
        UserError: as `measure_dataset`.
    """
    from spacegrouper.techniques.morphology import figures

    found = measure_dataset(dataset, threads, advance)
    tables = {
        "decidability": decidability_table(found),
        "brightness": brightness_table(found),
        "brightness_distribution": brightness_distribution_table(found),
        "pixel_values": pixel_value_table(found),
        "per_space_group": per_space_group_table(found),
        "shared_bitmaps": shared_bitmap_table(found, dataset.material_id),
    }
    groups = tables["per_space_group"]
    best = tables["decidability"].iloc[0]
    return Description(
        tables=tables,
        figures={
            "class_balance": figures.class_balance_figure(groups),
            "brightness": figures.brightness_figure(
                tables["brightness_distribution"], tables["brightness"]
            ),
            "brightness_per_space_group": figures.brightness_per_space_group_figure(groups),
            "pixel_values": figures.pixel_value_figure(tables["pixel_values"]),
            "decidability": figures.decidability_figure(tables["decidability"]),
            "mean_images": figures.mean_images_figure(mean_images(found), groups),
        },
        summary=(
            f"{best['crystals']} crystals in {best['classes']} space groups, "
            f"{best['distinct_bitmaps']} different bitmaps; any classifier is right for at most "
            f"{100 * best['ceiling']:.1f} % of them"
        ),
    )


def measure_dataset(
    dataset: Dataset, workers: int, advance: Callable[[int], None]
) -> BitmapStatistics:
    """Measure all usable crystals of known space group, over so many threads.

    `advance` is told of rows done. Raises UserError for bitmaps that cannot be read, for patterns
    that are none, and where no crystal of a known space group is finished.
    """
    if dataset.dtype != np.uint8:
        raise UserError(
            f"{dataset.path}: {dataset.dtype} patterns are no bitmaps; give a dataset of "
            "`simulate.engine: morphology`"
        )
    measure = partial(_measure_crystals, dataset, dataset.label("spacegroup"))
    statistics = measure_in_blocks(dataset, measure, add_statistics, workers, advance)
    if not statistics.row.size:
        raise UserError(
            f"{dataset.path}: no finished crystal of a known space group to describe; finish "
            "it with scripts/shape.py"
        )
    return statistics


def measure_bitmaps(
    row: NDArray[np.int64], spacegroup: NDArray[np.int64], bitmaps: NDArray[np.uint8]
) -> BitmapStatistics:
    """Measure n crystals; `row`, `spacegroup`: (n,); `bitmaps`: (n, views, height, width)."""
    views = bitmaps.shape[1]
    digests = [hashlib.sha256(one.tobytes()).hexdigest() for one in bitmaps]
    return BitmapStatistics(
        row,
        spacegroup,
        bitmaps.mean(axis=(2, 3), dtype=np.float64),
        np.array(digests, dtype="S64"),
        np.stack([np.bincount(bitmaps[:, view].ravel(), minlength=256) for view in range(views)]),
        {
            group: bitmaps[spacegroup == group].sum(axis=0, dtype=np.int64)
            for group in np.unique(spacegroup).tolist()
        },
    )


def add_statistics(first: BitmapStatistics, second: BitmapStatistics) -> BitmapStatistics:
    """Return the statistics of two sets of crystals together, in the order of their rows."""
    order = np.argsort(np.concatenate([first.row, second.row]))
    joined = {
        name: np.concatenate([getattr(first, name), getattr(second, name)])[order]
        for name in ("row", "spacegroup", "brightness", "sha256")
    }
    grey = {**first.grey, **second.grey}
    for group in first.grey.keys() & second.grey.keys():
        grey[group] = first.grey[group] + second.grey[group]
    pixel_values = first.pixel_values + second.pixel_values
    return BitmapStatistics(**joined, pixel_values=pixel_values, grey=grey)


def brightness_table(statistics: BitmapStatistics) -> pd.DataFrame:
    """Return a row for each view, and a first one for `all` of a crystal's bitmaps together.

    Columns: view, crystals, mean, standard_deviation, and percentiles of the mean grey levels.
    """
    columns = {"all": statistics.brightness.mean(axis=1)}
    columns |= {str(view): values for view, values in enumerate(statistics.brightness.T)}
    return pd.DataFrame([{"view": view} | _summary(values) for view, values in columns.items()])


def pixel_value_table(statistics: BitmapStatistics) -> pd.DataFrame:
    """Return how many pixels have which value: view, value, pixels."""
    views, values = statistics.pixel_values.shape
    return pd.DataFrame(
        {
            "view": np.repeat(np.arange(views), values),
            "value": np.tile(np.arange(values), views),
            "pixels": statistics.pixel_values.ravel(),
        }
    )


def per_space_group_table(statistics: BitmapStatistics) -> pd.DataFrame:
    """Return a row for each space group, in order of number.

    Columns: spacegroup, crystal_system, crystals, distinct_bitmaps, and, of the crystals' mean grey
    levels, mean, standard_deviation and percentiles.
    """
    groups, mean = statistics.spacegroup, statistics.brightness.mean(axis=1)
    table = pd.DataFrame(
        {"spacegroup": group} | _summary(mean[groups == group])
        for group in np.unique(groups).tolist()
    )
    table.insert(1, "crystal_system", crystal_systems(table["spacegroup"].to_numpy()))
    bitmaps = pd.Series(statistics.sha256).groupby(groups).nunique()
    table.insert(3, "distinct_bitmaps", bitmaps.to_numpy())
    return table


def brightness_distribution_table(statistics: BitmapStatistics) -> pd.DataFrame:
    """Return how many crystals of a space group are how bright: spacegroup, from, below, crystals.

    `from` and `below` are mean grey levels; rows without crystals are left out.
    """
    step = _GREY_LEVELS_IN_A_ROW
    bins = statistics.brightness.mean(axis=1) // step
    table = pd.DataFrame({"spacegroup": statistics.spacegroup, "from": step * bins.astype(int)})
    counts = table.groupby(["spacegroup", "from"]).size().reset_index(name="crystals")
    counts.insert(2, "below", counts["from"] + step)
    return counts


def decidability_table(statistics: BitmapStatistics) -> pd.DataFrame:
    """Return what any classifier can reach at most, for space groups and coarser classes.

    Columns: level; classes (that occur); crystals; distinct_bitmaps; shared_bitmaps (those that
    crystals of several classes have) and crystals_of_shared; ceiling (of the accuracy);
    crystals_of_repeated (whose bitmap another crystal has too) and ceiling_of_repeated (of the
    accuracy on these; empty without any); majority (accuracy of always naming the largest class).
    """
    _, bitmap = np.unique(statistics.sha256, return_inverse=True)
    rows = []
    for level in DECIDABLE:
        names, label = np.unique(LEVELS[level](statistics.spacegroup), return_inverse=True)
        table = pd.DataFrame({"bitmap": bitmap, "label": label})
        counts = table.groupby(["bitmap", "label"]).size()
        of_bitmap = counts.groupby(level="bitmap")
        right, shared = of_bitmap.max(), of_bitmap.size() > 1
        crystals = of_bitmap.sum()
        repeated = crystals > 1
        of_repeated = int(crystals[repeated].sum())
        rows.append(
            {
                "level": level,
                "classes": len(names),
                "crystals": len(table),
                "distinct_bitmaps": len(crystals),
                "shared_bitmaps": int(shared.sum()),
                "crystals_of_shared": int(crystals[shared].sum()),
                "ceiling": right.sum() / len(table),
                "crystals_of_repeated": of_repeated,
                "ceiling_of_repeated": right[repeated].sum() / (of_repeated or np.nan),
                "majority": np.bincount(label).max() / len(table),
            }
        )
    return pd.DataFrame(rows)


def shared_bitmap_table(
    statistics: BitmapStatistics, material_id: Sequence[str] | NDArray[Any]
) -> pd.DataFrame:
    """Return the bitmaps that crystals of several space groups have, the most frequent first.

    `material_id`: of all rows of the dataset. Columns: sha256, crystals, spacegroups (how many),
    crystals_of_each (such as `194: 5, 191: 2`), examples (ids of crystals, of different groups
    first, separated by blanks).
    """
    digests, bitmap = np.unique(statistics.sha256, return_inverse=True)
    order = np.argsort(bitmap, kind="stable")
    rows = []
    for members in np.split(order, np.flatnonzero(np.diff(bitmap[order])) + 1):
        groups, first, counts = np.unique(
            statistics.spacegroup[members], return_index=True, return_counts=True
        )
        if len(groups) == 1:
            continue
        most = np.argsort(-counts, kind="stable")
        of_each = ", ".join(f"{groups[place]}: {counts[place]}" for place in most)
        named = [str(material_id[statistics.row[members[first[place]]]]) for place in most]
        rows.append(
            {
                "sha256": digests[bitmap[members[0]]].decode(),
                "crystals": len(members),
                "spacegroups": len(groups),
                "crystals_of_each": of_each,
                "examples": " ".join(named[:_EXAMPLES]),
            }
        )
    rows.sort(key=lambda entry: (-entry["crystals"], entry["sha256"]))
    columns = ["sha256", "crystals", "spacegroups", "crystals_of_each", "examples"]
    return pd.DataFrame(rows, columns=columns)


def mean_images(statistics: BitmapStatistics) -> dict[int, NDArray[np.float64]]:
    """Return, by space group, the mean of its crystals' bitmaps: (views, height, width)."""
    return {
        group: grey / np.count_nonzero(statistics.spacegroup == group)
        for group, grey in sorted(statistics.grey.items())
    }


def _summary(values: NDArray[np.float64]) -> dict[str, Any]:
    percentiles = np.percentile(values, list(_PERCENTILES.values()), method="inverted_cdf")
    return {
        "crystals": len(values),
        "mean": values.mean(),
        "standard_deviation": values.std(),
    } | dict(zip(_PERCENTILES, percentiles.tolist(), strict=True))


def _measure_crystals(
    dataset: Dataset, spacegroup: NDArray[np.int64], rows: slice
) -> BitmapStatistics:
    groups = spacegroup[rows]
    usable = dataset.usable(rows) & (groups > 0)
    if usable.any():
        bitmaps = dataset.read(rows)["raw"][usable]
    else:
        bitmaps = np.zeros((0, *dataset.shape), dtype=np.uint8)
    return measure_bitmaps(rows.start + np.flatnonzero(usable), groups[usable], bitmaps)
