import shutil
import threading
import weakref
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from images_by_hand import images_by_hand
from zarr.abc.store import RangeByteRequest
from zarr.storage import LocalStore

from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError
from spacegrouper.settings import make_settings
from spacegrouper.training import stream
from spacegrouper.training.batches import Share
from spacegrouper.training.horovod_world import World
from spacegrouper.training.images import PatternReader
from spacegrouper.training.stream import ImageBatches

ROWS, CHUNK = 36, 4
IMAGE_SIZE = 24
SIZES = st.tuples(
    st.lists(st.integers(0, ROWS - 1), min_size=1, unique=True).map(sorted).map(np.array),
    st.integers(1, 4),
    st.integers(1, 6),
    st.integers(1, 50),
)
few_examples = hypothesis_settings(max_examples=40)


def make_batches(
    dataset: Dataset,
    rows: np.ndarray,
    world: World = World(),  # noqa: B008
    *,
    batch_size: int = 2,
    shuffle_crystals: int = 8,
    descriptor: str = "shaped",
    seed: int = 0,
    shuffled: bool = True,
) -> ImageBatches:
    """Return the batches of some rows, whose labels are the rows' own numbers."""
    network = {"name": "ziletti"} if descriptor == "spot" else {"blocks": [1, 1]}
    settings = make_settings(
        seed=seed,
        model={"image_size": IMAGE_SIZE, **network},
        train={
            "descriptor": descriptor,
            "batch_size": batch_size,
            "shuffle_crystals": shuffle_crystals,
        },
    )
    return ImageBatches(dataset, rows, rows.astype(np.int64), settings, world, shuffled=shuffled)


def epoch_rows(batches: ImageBatches, epoch: int = 1) -> np.ndarray:
    """Return the rows of each step of an epoch, -1 for empty places."""
    return np.array([np.where(w > 0, rows, -1) for _, rows, w in batches.epoch(epoch)])


@pytest.fixture(scope="module")
def images(dataset) -> dict[str, list[np.ndarray]]:
    """The images of all rows, by descriptor."""
    return {
        name: images_by_hand(dataset, np.arange(ROWS), IMAGE_SIZE, name)
        for name in ("shaped", "raw", "spot")
    }


@few_examples
@given(SIZES, st.sampled_from(["shaped", "raw", "spot"]), st.booleans())
def test_every_crystal_comes_once_an_epoch_with_its_own_images(
    dataset, images, sizes, descriptor, shuffled
) -> None:
    rows, ranks, batch_size, shuffle_crystals = sizes
    for epoch in (1, 2):
        seen, steps = [], set()
        for rank in range(ranks):
            with make_batches(
                dataset,
                rows,
                World(rank, ranks),
                batch_size=batch_size,
                shuffle_crystals=shuffle_crystals,
                descriptor=descriptor,
                shuffled=shuffled,
            ) as batches:
                found = list(batches.epoch(epoch))
                steps |= {batches.steps, len(found)}
            has_any = any(weights.any() for _, _, weights in found)
            for step_images, step_rows, weights in found:
                filled = weights > 0
                seen += step_rows[filled].tolist()
                assert step_rows.dtype == np.int64
                assert not step_rows[~filled].any()
                for image, expected in zip(step_images, images[descriptor], strict=True):
                    np.testing.assert_array_equal(image[filled], expected[step_rows[filled]])
                    # Those of a crystal: nothing else may count in batch normalisation.
                    for empty in image[~filled] if has_any else ():
                        assert (expected == empty).reshape(ROWS, -1).all(axis=1).any()
        assert sorted(seen) == rows.tolist()
        assert len(steps) == 1


@few_examples
@given(st.integers(1, ROWS), st.integers(1, 50))
def test_two_ranks_take_the_steps_of_one_with_twice_the_batch(
    dataset, crystals, shuffle_crystals
) -> None:
    def steps(ranks: int) -> np.ndarray:
        by_rank = []
        for rank in range(ranks):
            with make_batches(
                dataset,
                np.arange(ROWS - crystals, ROWS),
                World(rank, ranks),
                batch_size=4 // ranks,
                shuffle_crystals=shuffle_crystals,
            ) as batches:
                by_rank.append(epoch_rows(batches))
        return np.hstack(by_rank)

    np.testing.assert_array_equal(steps(2), steps(1))


@pytest.mark.parametrize("shuffle_crystals", [8, 100])
def test_the_order_follows_from_seed_and_epoch(dataset, shuffle_crystals) -> None:
    def order(seed: int, epoch: int) -> list[list[int]]:
        with make_batches(
            dataset, np.arange(ROWS), seed=seed, shuffle_crystals=shuffle_crystals
        ) as batches:
            return epoch_rows(batches, epoch).tolist()

    assert order(0, 1) == order(0, 1)
    assert order(0, 1) != order(0, 2)
    assert order(0, 1) != order(1, 1)


def test_without_shuffling_each_run_comes_as_stored(dataset) -> None:
    with make_batches(dataset, np.arange(10), shuffled=False) as batches:
        expected = [[0, 5], [1, 6], [2, 7], [3, 8], [4, 9]]
        assert epoch_rows(batches, 1).tolist() == epoch_rows(batches, 2).tolist() == expected


@few_examples
@given(SIZES)
def test_a_rank_reads_only_its_chunks_and_each_once_an_epoch(dataset, sizes) -> None:
    rows, ranks, batch_size, shuffle_crystals = sizes
    get = LocalStore.get
    reads: Counter[tuple[str, RangeByteRequest]] = Counter()

    async def count(self, key, prototype, byte_range=None):
        # All that is read of shards but their indices.
        if isinstance(byte_range, RangeByteRequest):
            reads[key, byte_range] += 1
        return await get(self, key, prototype, byte_range)

    for rank in range(ranks):
        share = Share(len(rows), ranks, batch_size, rank)
        reads.clear()
        with (
            pytest.MonkeyPatch.context() as patch,
            make_batches(
                dataset,
                rows,
                World(rank, ranks),
                batch_size=batch_size,
                shuffle_crystals=shuffle_crystals,
            ) as batches,
        ):
            patch.setattr(LocalStore, "get", count)
            for epoch in range(3):
                epoch_rows(batches, epoch)
        resident = share.window(shuffle_crystals) == share.steps

        assert set(reads.values()) <= {1 if resident else 3}
        # Of both `raw` and `shaped`.
        assert len(reads) == 2 * len(set(rows[share.own] // CHUNK))


class AtOnce:
    """Stands for a pool of threads that are always in time."""

    def __init__(self, *_: object) -> None:
        pass

    def submit(self, function, *arguments) -> Future:
        future: Future = Future()
        future.set_result(function(*arguments))
        return future

    def shutdown(self, cancel_futures: bool) -> None:
        pass


@pytest.fixture
def in_memory(monkeypatch) -> list[weakref.ref[np.ndarray]]:
    """Weak references to all patterns that are read."""
    read, references = PatternReader.read, []

    def remember(self: PatternReader, rows: np.ndarray) -> np.ndarray:
        patterns = read(self, rows)
        references.append(weakref.ref(patterns))
        return patterns

    monkeypatch.setattr(PatternReader, "read", remember)
    monkeypatch.setattr(stream, "ThreadPoolExecutor", AtOnce)
    return references


def held(references: list[weakref.ref[np.ndarray]]) -> int:
    return sum(len(patterns) for r in references if (patterns := r()) is not None)


def test_two_windows_are_in_memory_at_most(dataset, in_memory) -> None:
    with make_batches(dataset, np.arange(ROWS), batch_size=1, shuffle_crystals=6) as batches:
        counts = [held(in_memory) for _ in batches.epoch(1)]

    # And of the chunks that two borders cut, all but one crystal.
    assert 6 < max(counts) <= 2 * 6 + 2 * (CHUNK - 1)
    assert held(in_memory) == 0


def test_a_part_that_is_shuffled_as_a_whole_stays_in_memory(dataset, in_memory) -> None:
    with make_batches(dataset, np.arange(ROWS), shuffle_crystals=ROWS) as batches:
        for epoch in range(3):
            epoch_rows(batches, epoch)
            assert held(in_memory) == ROWS
    assert len(in_memory) == ROWS // CHUNK


def our_threads() -> list[str]:
    names = ("read-patterns", "compose-images")
    return [t.name for t in threading.enumerate() if t.name.startswith(names)]


@pytest.mark.parametrize("shuffle_crystals", [2, 100])
@pytest.mark.parametrize("dropped", [False, True])
def test_an_epoch_given_up_ends_with_its_threads(dataset, shuffle_crystals, dropped) -> None:
    batches = make_batches(
        dataset, np.arange(ROWS), batch_size=1, shuffle_crystals=shuffle_crystals
    )
    epoch = batches.epoch(1)
    next(epoch)
    assert our_threads()
    if dropped:
        del epoch
    batches.close()

    assert not our_threads()


@pytest.mark.parametrize("shuffle_crystals", [2, 100])
def test_after_an_epoch_given_up_the_next_one_is_whole(dataset, shuffle_crystals) -> None:
    with make_batches(dataset, np.arange(ROWS), shuffle_crystals=shuffle_crystals) as batches:
        next(batches.epoch(1))
        given_up: Iterator[object] = batches.epoch(1)
        next(given_up)
        assert sorted(epoch_rows(batches, 2).ravel()) == list(range(ROWS))


@pytest.mark.parametrize("shuffle_crystals", [2, 100])
def test_a_damaged_chunk_stops_the_epoch_with_advice(store, tmp_path, shuffle_crystals) -> None:
    damaged = shutil.copytree(store, tmp_path / "damaged.zarr")
    shard = damaged / "raw" / "c" / "1" / "0" / "0" / "0"
    shard.write_bytes(b"\xff" * 30 + shard.read_bytes()[30:])

    with make_batches(
        Dataset(damaged), np.arange(ROWS), shuffle_crystals=shuffle_crystals
    ) as batches:
        for epoch in (1, 2):
            with pytest.raises(UserError, match=r"damaged\.zarr.*row 12.*verify_dataset\.py"):
                epoch_rows(batches, epoch)
    assert not our_threads()
