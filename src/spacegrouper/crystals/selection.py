"""Choosing a number of crystals of each space group from a larger file."""

import hashlib
import heapq
from collections.abc import Callable, Collection
from pathlib import Path

from spacegrouper.crystals.crystal import Crystal, Rejection, stated_space_group
from spacegrouper.crystals.json_lines import read_crystals


def select_crystals(
    path: Path,
    space_groups: Collection[int],
    maximum: int,
    seed: int,
    advance: Callable[[int], None],
) -> tuple[list[Crystal], list[Rejection]]:
    """Choose at most `maximum` crystals of each space group from a file of JSON lines.

    Whether a crystal is chosen depends on the seed and the ids alone, so the order of the file
    plays no role, and a larger maximum adds crystals without exchanging any. The file is read once;
    only the chosen are held in memory. `advance` is called with 1 after each record.

    Returns:
        The chosen in the file's order, and the lines that are no crystals.

    Raises:
        UserError: the file cannot be read, or a crystal has no `spacegroup`.
    """
    # Of each space group a heap, whose first entry is the next to go. Positions part crystals of
    # one id, so that crystals themselves are never compared.
    heaps: dict[int, list[tuple[int, int, Crystal]]] = {group: [] for group in space_groups}
    rejections = []
    for position, record in enumerate(read_crystals(path)):
        advance(1)
        if isinstance(record, Rejection):
            rejections.append(record)
            continue
        group = stated_space_group(record, path)
        if group in heaps:
            heapq.heappush(heaps[group], (-_rank(seed, record.id), position, record))
            if len(heaps[group]) > maximum:
                heapq.heappop(heaps[group])
    chosen = sorted((position, crystal) for heap in heaps.values() for _, position, crystal in heap)
    return [crystal for _, crystal in chosen], rejections


def _rank(seed: int, material_id: str) -> int:
    """Return a random number of a crystal's own: those with the smallest are chosen."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{material_id}".encode()).digest(), "big")
