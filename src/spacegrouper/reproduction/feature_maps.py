"""The maps that a network makes of an image at the end of each block, and how redundant they are.

Tiong, Kim, Han and Kim (npj Comput. Mater. 6:196, 2020) show such maps to argue that dense blocks
find more varied features than a network of plain convolutions. Here two measures put a number to
it. Both are made of the correlation matrix of a block's channels, taken over all positions of
the maps of many crystals:

- the mean absolute correlation of two channels, the similarity by which redundant features are
  usually counted (Ayinde, Inanc, Zurada, arXiv:1901.10900); 0: no channel repeats another;
- the effective rank, the exponential of the entropy of the matrix's eigenvalues, scaled to a sum
  of 1 (Roy, Vetterli, Proc. EUSIPCO 2007, 606-610), divided by the number of channels: the share of
  the channels that would do if they were equally strong and uncorrelated. It also sees what no
  pair shows: channels that are sums of several others.

Correlations and not covariances, as the next layer can scale each channel as it likes: a few strong
channels would else hide the others. Channels that are the same everywhere (silent ones) have no
correlation; they add nothing to the rank, but count as channels. The rank cannot exceed the number
of positions, and falls short of the truth until there are several times as many as channels.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from spacegrouper.crystals.symmetry import Integers
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError
from spacegrouper.evaluation.model_folder import Labels
from spacegrouper.networks.shared.block_ends import block_ends
from spacegrouper.reproduction.embeddings import image_trunk
from spacegrouper.training.images import PatternReader

# Crystals are put into so many groups, each of which is left out once for the intervals.
_GROUPS = 10
# A variance below this share of the mean square is rounding.
_SILENT = 1e-10
_CRYSTALS_AT_A_TIME = 8
ALL_IMAGES = "all"


@dataclass(frozen=True)
class CrystalMaps:
    """What a network makes of one crystal.

    `network`: its name and descriptor; `part`: of the network's split that the crystal is in, if it
    is in any; `images`: by name, (size, size, 3), 0 to 1; `maps`: for each block and image,
    (y, x, channels).
    """

    network: str
    material_id: str
    part: str | None
    images: dict[str, NDArray[np.float32]]
    maps: dict[str, dict[str, NDArray[np.float32]]]


@dataclass
class _Moments:
    """Sums over the positions of maps, for each group of crystals.

    `count`: (groups,); `total`: (groups, channels); `products`: (groups, channels, channels).
    """

    count: NDArray[np.float64]
    total: NDArray[np.float64]
    products: NDArray[np.float64]

    def add(self, group: int, maps: NDArray[np.float32]) -> None:
        """Add the maps of a crystal, (y, x, channels)."""
        values = maps.reshape(-1, maps.shape[-1]).astype(np.float64)
        self.count[group] += len(values)
        self.total[group] += values.sum(axis=0)
        self.products[group] += values.T @ values

    def include(self, other: "_Moments") -> None:
        """Add the sums of other maps of the same channels and groups of crystals."""
        self.count += other.count
        self.total += other.total
        self.products += other.products


def choose_crystals(parts: Sequence[pd.DataFrame], crystals: int) -> pd.DataFrame:
    """Choose at most `crystals` crystals that are in all of several tables.

    `parts`: the test parts of the networks, columns row and material_id at least. Returns rows
    of the first in order of the hash of the id: as good as at random, and always the same.
    Raises UserError if the tables have none in common.
    """
    common = parts[0]
    for part in parts[1:]:
        common = common[common["row"].isin(part["row"])]
    if common.empty:
        raise UserError(
            "the networks have no test crystal in common; give those of the same classes and split"
        )
    place = common["material_id"].map(lambda name: hashlib.sha256(name.encode()).hexdigest())
    return common.loc[place.sort_values().index[:crystals]].reset_index(drop=True)


def network_name(network: keras.Model, labels: Labels) -> str:
    """Name a network and what it sees, such as `msdn, shaped`."""
    return f"{network.name}, {labels.presentation.descriptor}"


def read_maps(
    network: keras.Model, labels: Labels, dataset: Dataset, row: int, split: pd.DataFrame
) -> CrystalMaps:
    """Return what a network makes of the crystal of a row; errors as `measure_redundancy`.

    `split`: that of the network's training, columns row and part at least.
    """
    extractor, blocks = _extractor(network)
    reader, rows = PatternReader(dataset, labels.presentation), np.array([row])
    composed = reader.compose(reader.read(rows), rows)
    images = dict(zip(_image_names(network), composed, strict=True))
    outputs = {name: _maps(extractor, image) for name, image in images.items()}
    parts = split.loc[split["row"] == row, "part"]
    return CrystalMaps(
        network_name(network, labels),
        str(dataset.material_id[row]),
        None if parts.empty else str(parts.iloc[0]),
        {name: image[0] for name, image in images.items()},
        {
            block: {name: maps[index][0] for name, maps in outputs.items()}
            for index, block in enumerate(blocks)
        },
    )


def measure_redundancy(
    network: keras.Model,
    labels: Labels,
    dataset: Dataset,
    rows: Integers,
    advance: Callable[[int], None],
) -> pd.DataFrame:
    """Measure how redundant the channels at the end of each block are.

    `rows`: of the crystals, in any order. A row for each block and image ("all": of all images
    together, as they pass through the same layers), columns network, block, image, crystals,
    positions (of all maps), channels, silent_channels, correlation, effective_rank, and rank_share
    (by channels); `..._low` and `..._high` are 95 % intervals, of the crystals drawn, by the
    jackknife that leaves out groups of crystals (Kott, J. Off. Stat. 17:521, 2001). `advance` is
    called with the number of images done since its last call. Raises UserError for a network
    without known blocks.
    """
    extractor, blocks = _extractor(network)
    reader, rows = PatternReader(dataset, labels.presentation), np.sort(rows)
    patterns = reader.read(rows)
    groups = min(_GROUPS, len(rows))
    rows_of_table = []
    together = [_no_moments(groups, tensor.shape[-1]) for tensor in extractor.outputs]
    for place, name in enumerate(_image_names(network)):
        moments = [_no_moments(groups, tensor.shape[-1]) for tensor in extractor.outputs]
        for start in range(0, len(rows), _CRYSTALS_AT_A_TIME):
            batch = slice(start, start + _CRYSTALS_AT_A_TIME)
            image = reader.compose(patterns[batch], rows[batch])[place]
            for sums, maps in zip(moments, _maps(extractor, image), strict=True):
                for crystal, own in enumerate(maps, start=start):
                    sums.add(crystal % groups, own)
            advance(len(image))
        for block, sums, pooled in zip(blocks, moments, together, strict=True):
            rows_of_table.append({"block": block, "image": name} | _measures(sums))
            pooled.include(sums)
    for block, sums in zip(blocks, together, strict=True):
        rows_of_table.append({"block": block, "image": ALL_IMAGES} | _measures(sums))
    table = pd.DataFrame(rows_of_table)
    table.insert(0, "network", network_name(network, labels))
    table.insert(3, "crystals", len(rows))
    return table


def channel_correlation(
    count: float, total: NDArray[np.float64], products: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the correlation matrix of the channels that are not silent.

    `count`: how many positions; `total`: (channels,), sums over them; `products`: (channels,
    channels), sums of the products of two channels.
    """
    mean = total / count
    covariance = products / count - np.outer(mean, mean)
    variance = covariance.diagonal()
    active = variance > _SILENT * products.diagonal() / count
    scale = np.sqrt(variance[active])
    correlation: NDArray[np.float64] = covariance[np.ix_(active, active)] / np.outer(scale, scale)
    return correlation


def mean_absolute_correlation(correlation: NDArray[np.float64]) -> float:
    """Return the mean absolute correlation of two different channels; NaN if there are no two."""
    pairs = correlation[np.triu_indices(len(correlation), 1)]
    return float(np.abs(pairs).mean()) if pairs.size else float("nan")


def effective_rank(correlation: NDArray[np.float64]) -> float:
    """Return the effective rank of Roy and Vetterli, 1 to the number of channels; 0 for none."""
    if not len(correlation):
        return 0.0
    # Rounding makes eigenvalues that are 0 slightly negative.
    shares = np.maximum(np.linalg.eigvalsh(correlation), 0)
    shares = shares[shares > 0] / shares.sum()
    return float(np.exp(-np.sum(shares * np.log(shares))))


def _extractor(network: keras.Model) -> tuple[keras.Model, tuple[str, ...]]:
    """Return a model from an image to the maps at the ends of the blocks, and the blocks' names."""
    trunk = image_trunk(network)
    ends = block_ends(trunk)
    if not ends:
        raise UserError(
            f"the network {network.name} has no blocks with maps whose names are known; "
            "add their layers to networks/block_ends.py"
        )
    outputs = [trunk.get_layer(layer).output for layer in ends.values()]
    return keras.Model(trunk.inputs[0], outputs), tuple(ends)


def _maps(extractor: keras.Model, image: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Return the maps of each block, (batch, y, x, channels)."""
    # Called as it is: compiling it would take longer than the few batches it is for. Keras returns
    # a single output without a list around it.
    outputs = keras.tree.flatten(extractor(image, training=False))
    return [np.asarray(keras.ops.convert_to_numpy(maps), dtype=np.float32) for maps in outputs]


def _image_names(network: keras.Model) -> list[str]:
    return [tensor.name for tensor in network.inputs]


def _no_moments(groups: int, channels: int) -> _Moments:
    return _Moments(
        np.zeros(groups), np.zeros((groups, channels)), np.zeros((groups, channels, channels))
    )


def _measures(moments: _Moments) -> dict[str, Any]:
    sums = (moments.count, moments.total, moments.products)
    groups, channels = moments.total.shape
    together = [values.sum(axis=0) for values in sums]
    correlation = channel_correlation(*together)
    whole = _both_measures(correlation, channels)
    low = high = np.full_like(whole, np.nan)
    # Without its only group nothing would be left.
    if groups > 1:
        parts = (
            [every - values[group] for every, values in zip(together, sums, strict=True)]
            for group in range(groups)
        )
        without = [_both_measures(channel_correlation(*part), channels) for part in parts]
        low, high = _jackknife_interval(whole, np.array(without))
    return {
        "positions": int(together[0]),
        "channels": channels,
        "silent_channels": channels - len(correlation),
        "correlation": whole[0],
        "correlation_low": low[0],
        "correlation_high": high[0],
        "effective_rank": whole[1] * channels,
        "rank_share": whole[1],
        "rank_share_low": low[1],
        "rank_share_high": high[1],
    }


def _both_measures(correlation: NDArray[np.float64], channels: int) -> NDArray[np.float64]:
    rank_share = effective_rank(correlation) / channels
    return np.array([mean_absolute_correlation(correlation), rank_share])


def _jackknife_interval(
    whole: NDArray[np.float64], without: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the 95 % interval, within 0 to 1, of measures.

    `whole`: (measures,), of all crystals; `without`: (groups, measures), without one group each.
    """
    groups = len(without)
    squares = (without - without.mean(axis=0)) ** 2
    error = np.sqrt((groups - 1) / groups * squares.sum(axis=0))
    reach = student.ppf(0.975, groups - 1) * error
    return np.clip(whole - reach, 0, 1), np.clip(whole + reach, 0, 1)
