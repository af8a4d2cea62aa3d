from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from spacegrouper.contract.engine import Patterns
from spacegrouper.crystals.copies import COPY_OF
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.dataset.blocks import write_block
from spacegrouper.dataset.dataset_plan import DatasetPlan, plan_dataset
from spacegrouper.dataset.made_with import made_with
from spacegrouper.dataset.raw_shard import labels_of, write_raw_shard
from spacegrouper.dataset.store import finish_dataset, start_dataset, unfinished_path
from spacegrouper.dataset.store_objects import list_objects
from spacegrouper.settings import settings_from_mapping


class RawShards:
    """Writes raw shards of random patterns: row i of shard k is the same in every test."""

    def __init__(self, folder: Path, engine: str = "kinematic") -> None:
        self.folder = folder
        learnt = {"model": {"name": "vgg16"}, "train": {"descriptor": "powder"}}
        powder = engine == "xrayutilities"
        simulate = {"engine": engine} if powder else {"engine": engine, "pixels": 32}
        self.settings = settings_from_mapping(
            {"simulate": simulate, **(learnt if powder else {})}, ""
        )
        self.shape = (1, 1, 60) if powder else (3, 32, 32)
        self.dtype = np.uint16 if powder else np.uint8

    def crystal(self, number: int) -> Crystal:
        labels = {"spacegroup": 225, "crystal_system": "cubic", "prototype": "AB_225_a_b"}
        labels |= {"material_group": ["metal", None, "spinel é"][number % 3], "number": number}
        coordinates = np.array([[0, 0, 0.1 * number]])
        return Crystal(f"crystal-{number}", np.eye(3) * 4, ("Na",), coordinates, labels)

    def patterns(self, numbers: range) -> Patterns:
        highest = np.iinfo(self.dtype).max
        values = [
            np.random.default_rng(i).integers(0, highest, self.shape, self.dtype, endpoint=True)
            for i in numbers
        ]
        maxima = np.array([[i, i + 0.25, i + 0.5][: self.shape[0]] for i in numbers])
        return Patterns(np.stack(values), maxima, tuple("bad" if i == 4 else "" for i in numbers))

    def write(
        self,
        name: str,
        numbers: range,
        ids: dict[int, str] | None = None,
        copies: dict[int, str] | None = None,
    ) -> Path:
        """Write a shard.

        `ids`: those of crystals that are not named by their own number; `copies`: the id of the
        crystal that a crystal is a copy of.
        """
        path = self.folder / name
        crystals = [self.crystal(number) for number in numbers]
        crystals = [
            replace(
                crystal,
                id=(ids or {}).get(number, crystal.id),
                metadata=crystal.metadata | {COPY_OF: (copies or {}).get(number)},
            )
            for number, crystal in zip(numbers, crystals, strict=True)
        ]
        middle = numbers.start + len(numbers) // 2
        halves = (range(numbers.start, middle), range(middle, numbers.stop))
        batches = [self.patterns(half) for half in halves if half]
        further = [COPY_OF] if copies else []
        labels = labels_of(crystals, [*self.settings.standardise.labels, *further])
        write_raw_shard(path, labels, batches, made_with(self.settings))
        return path


@pytest.fixture
def raw_shards(tmp_path: Path) -> RawShards:
    return RawShards(tmp_path)


@pytest.fixture
def powder_shards(tmp_path: Path) -> RawShards:
    """Of patterns that are not shaped."""
    return RawShards(tmp_path, "xrayutilities")


@pytest.fixture(params=["raw_shards", "powder_shards"])
def any_shards(request: pytest.FixtureRequest) -> RawShards:
    """What keeps a dataset whole is the same for both."""
    shards: RawShards = request.getfixturevalue(request.param)
    return shards


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
            write_block(unfinished_path(output), plan.sha256, block)
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
