"""Choosing a number of crystals of each space group from a larger file."""

import hashlib
import heapq
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from spacegrouper.crystals.crystal import Crystal, Rejection, stated_space_group
from spacegrouper.crystals.json_lines import read_crystals


@dataclass(frozen=True)
class Selection:
    """What is chosen of a file.

    Args:
        chosen: crystals, in the file's order.
        found: how many crystals of each space group the file has.
        rejections: its lines that are no crystals.
    """

    chosen: list[Crystal]
    found: Counter[int]
    rejections: list[Rejection]


def select_crystals(
    path: Path, counts: Mapping[int, int], seed: int, advance: Callable[[int], None]
) -> Selection:
    """Choose at most `counts` crystals of each space group, and of no other, from JSON lines.

    Whether a crystal is chosen depends on the seed and the ids alone, so the order of the file
    plays no role, and a larger count adds crystals without exchanging any. The file is read once;
    only the chosen are held in memory. `advance` is called with 1 after each record.

    Raises:
        UserError: the file cannot be read, or a crystal has no `spacegroup`.
    """
    # Of each space group a heap, whose first entry is the next to go. Positions part crystals of
    # one id, so that crystals themselves are never compared.
    heaps: dict[int, list[tuple[int, int, Crystal]]] = {group: [] for group in counts}
    found: Counter[int] = Counter()
    rejections = []
    for position, record in enumerate(read_crystals(path)):
        advance(1)
        if isinstance(record, Rejection):
            rejections.append(record)
            continue
        group = stated_space_group(record, path)
        found[group] += 1
        if group in heaps:
            heapq.heappush(heaps[group], (-_rank(seed, record.id), position, record))
            if len(heaps[group]) > counts[group]:
                heapq.heappop(heaps[group])
    chosen = sorted((position, crystal) for heap in heaps.values() for _, position, crystal in heap)
    return Selection([crystal for _, crystal in chosen], found, rejections)


def _rank(seed: int, material_id: str) -> int:
    """Return a random number of a crystal's own: those with the smallest are chosen."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{material_id}".encode()).digest(), "big")
