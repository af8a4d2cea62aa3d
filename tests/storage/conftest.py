from pathlib import Path

import numpy as np
import pytest

from spacegrouper.config.sections import Simulate
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.diffraction.simulation import Patterns
from spacegrouper.storage.raw_shard import write_raw_shard


class RawShards:
    """Writes raw shards of random patterns: row i of shard k is the same in every test."""

    settings = Simulate(pixels=32)

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def crystal(self, number: int) -> Crystal:
        labels = {"spacegroup": 225, "crystal_system": "cubic", "prototype": "AB_225_a_b"}
        coordinates = np.array([[0, 0, 0.1 * number]])
        return Crystal(f"crystal-{number}", np.eye(3) * 4, ("Na",), coordinates, labels)

    def patterns(self, numbers: range) -> Patterns:
        grey = np.stack(
            [np.random.default_rng(i).integers(0, 256, (3, 32, 32), np.uint8) for i in numbers]
        )
        maxima = np.array([[i, i + 0.25, i + 0.5] for i in numbers])
        return Patterns(grey, maxima, tuple("bad" if i == 4 else "" for i in numbers))

    def write(self, name: str, numbers: range) -> Path:
        path = self.folder / name
        crystals = [self.crystal(number) for number in numbers]
        middle = numbers.start + len(numbers) // 2
        halves = (range(numbers.start, middle), range(middle, numbers.stop))
        batches = [self.patterns(half) for half in halves if half]
        write_raw_shard(path, crystals, batches, self.settings, seed=0)
        return path


@pytest.fixture
def raw_shards(tmp_path: Path) -> RawShards:
    return RawShards(tmp_path)
