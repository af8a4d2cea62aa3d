from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spacegrouper.config import settings_from_mapping
from spacegrouper.config.sections import Simulate
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.diffraction.simulation import Patterns
from spacegrouper.storage.blocks import write_block
from spacegrouper.storage.dataset import finish_dataset, start_dataset, unfinished_path
from spacegrouper.storage.dataset_plan import DatasetPlan, plan_dataset
from spacegrouper.storage.raw_shard import write_raw_shard
from spacegrouper.storage.store_objects import list_objects


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

    def write(self, name: str, numbers: range, ids: dict[int, str] | None = None) -> Path:
        """`ids`: those of crystals that are not named by their own number."""
        path = self.folder / name
        crystals = [self.crystal(number) for number in numbers]
        crystals = [
            replace(crystal, id=(ids or {}).get(number, crystal.id))
            for number, crystal in zip(numbers, crystals, strict=True)
        ]
        middle = numbers.start + len(numbers) // 2
        halves = (range(numbers.start, middle), range(middle, numbers.stop))
        batches = [self.patterns(half) for half in halves if half]
        write_raw_shard(path, crystals, batches, self.settings, seed=0)
        return path


@pytest.fixture
def raw_shards(tmp_path: Path) -> RawShards:
    return RawShards(tmp_path)


class Datasets:
    """Makes datasets of blocks of four crystals, in this process."""

    settings = settings_from_mapping(
        {"plan": {"block_size": 4}, "dataset": {"chunk_crystals": 3}}, ""
    )

    def make(
        self, output: Path, raw_shards: list[Path], release: Collection[str] | None = None
    ) -> DatasetPlan:
        plan = plan_dataset(raw_shards, self.settings, release)
        self.complete(output, plan)
        return plan

    def complete(self, output: Path, plan: DatasetPlan) -> list[int]:
        """Go on with a dataset; return which blocks were to be written."""
        blocks = start_dataset(output, plan)
        for block in blocks:
            write_block(unfinished_path(output), plan.sha256, block, self.settings.shape)
        finish_dataset(output, plan)
        return [block.number for block in blocks]

    def contents(self, store: Path) -> dict[str, bytes]:
        return {key: (store / key).read_bytes() for key in list_objects(store)}


@pytest.fixture
def datasets() -> Datasets:
    return Datasets()


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def delete(path: Path) -> None:
    path.unlink()


@pytest.fixture(params=[flip_a_bit, cut, delete])
def damage(request: pytest.FixtureRequest) -> Callable[[Path], None]:
    """What may happen to a file."""
    return request.param
