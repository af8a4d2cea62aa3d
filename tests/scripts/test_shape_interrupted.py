"""Shaping with real processes that are killed, starved of disk, or fed damaged files."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import psutil
import pytest
from programs import SCRIPTS, call
from small_disk import mounted

from spacegrouper.dataset.integrity import write_manifest
from spacegrouper.dataset.store import store_lock
from spacegrouper.dataset.store_objects import list_objects
from spacegrouper.folder_lock import locked

BLOCKS = 6


class Shaping:
    """scripts/shape.py in a folder with raw shards of noise, which take a while to shape."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output = folder / "out.zarr"
        self.unfinished = folder / "out.zarr.unfinished"

    def make_raw_shards(self) -> None:
        for name in range(BLOCKS):
            path = self.folder / f"{name}.h5"
            with h5py.File(path, "w") as file:
                noise = np.random.default_rng(name).integers(0, 256, (4, 3, 64, 64), np.uint8)
                file["entry/data/data"] = noise
                file["entry/material_id"] = [f"crystal {name}-{row}" for row in range(4)]
            write_manifest(path, {"crystals": 4})
        self.configure()

    def configure(self, **shape: float) -> None:
        (self.folder / "config.yaml").write_text(f"plan: {{block_size: 4}}\nshape: {shape}\n")

    def arguments(self, output: Path | None = None) -> list[str]:
        raw = [f"{name}.h5" for name in range(BLOCKS)]
        options = ["--config", "config.yaml", "--output", str(output or self.output)]
        return ["--raw", *raw, *options, "--workers", "1"]

    def start(self) -> subprocess.Popen[str]:
        """Start it as a process that can be killed."""
        return subprocess.Popen(
            [sys.executable, SCRIPTS / "shape.py", *self.arguments()],
            cwd=self.folder,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, output: Path | None = None) -> tuple[int, str]:
        """Run it to its end."""
        done = call("shape", *self.arguments(output), folder=self.folder)
        return done.returncode, done.stderr

    def run_until_blocks(self, count: int) -> subprocess.Popen[str]:
        process = self.start()
        wait_until(lambda: len(done_blocks(self.unfinished)) >= count, process)
        return process


def wait_until(happened: Callable[[], object], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 100
    while not happened():
        assert process.poll() is None, "ended too early"
        assert time.monotonic() < deadline, "did not come so far"
        time.sleep(0.002)


def done_blocks(store: Path) -> list[int]:
    return [n for n in range(BLOCKS) if (store / "status" / "c" / str(n)).exists()]


def contents(store: Path) -> dict[str, bytes]:
    return {key: (store / key).read_bytes() for key in list_objects(store)}


def inodes(store: Path, blocks: list[int]) -> dict[str, int]:
    """The files of blocks: one that is written again is another file."""
    keys = [key for key in list_objects(store) if "/c/" in key]
    of_blocks = ("raw/", "shaped/", "status/", "block_sha256/")
    return {
        key: (store / key).stat().st_ino
        for key in keys
        if key.startswith(of_blocks) and int(key.split("/")[2]) in blocks
    }


def assert_nothing_wrong_is_done(store: Path, right: dict[str, bytes]) -> list[int]:
    done = done_blocks(store)
    for number in done:
        for array in ("raw", "shaped"):
            key = f"{array}/c/{number}/0/0/0"
            assert (store / key).read_bytes() == right[key]
    return done


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Shaping:
    shaping = Shaping(tmp_path_factory.mktemp("undisturbed"))
    shaping.make_raw_shards()
    assert shaping.run()[0] == 0
    return shaping


@pytest.fixture
def right(undisturbed: Shaping) -> dict[str, bytes]:
    return contents(undisturbed.output)


@pytest.fixture
def shaping(tmp_path: Path) -> Shaping:
    shaping = Shaping(tmp_path)
    shaping.make_raw_shards()
    return shaping


@pytest.fixture
def finished(undisturbed: Shaping, shaping: Shaping) -> Shaping:
    shutil.copytree(undisturbed.output, shaping.output)
    return shaping


@pytest.mark.parametrize("kill", [os.kill, os.killpg], ids=["without its workers", "with them"])
def test_a_killed_program_goes_on_where_it_was(shaping, right, kill) -> None:
    process = shaping.run_until_blocks(2)
    kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not shaping.output.exists()
    done = assert_nothing_wrong_is_done(shaping.unfinished, right)
    assert 2 <= len(done) < BLOCKS
    before = inodes(shaping.unfinished, done)

    code, said = shaping.run()
    assert code == 0, said
    assert "going on: " in said
    assert contents(shaping.output) == right
    assert inodes(shaping.output, done) == before
    assert not shaping.unfinished.exists()


def test_a_killed_worker_is_replaced(shaping, right) -> None:
    process = shaping.run_until_blocks(1)
    workers = [
        child
        for child in psutil.Process(process.pid).children(recursive=True)
        if "spawn_main" in " ".join(child.cmdline())
    ]
    assert workers
    for worker in workers:
        worker.kill()
    _, said = process.communicate(timeout=100)
    assert process.returncode == 0, said
    assert contents(shaping.output) == right


def test_ctrl_c_ends_it_and_its_workers_without_a_trace(shaping, right) -> None:
    process = shaping.run_until_blocks(1)
    workers = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, said = process.communicate(timeout=100)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert not psutil.wait_procs(workers, timeout=10)[1]
    assert_nothing_wrong_is_done(shaping.unfinished, right)


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flip_a_bit(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("damage", [pytest.param(cut, marks=pytest.mark.slow), flip_a_bit])
def test_a_raw_shard_damaged_meanwhile_stops_it(shaping, right, damage) -> None:
    last = shaping.folder / f"{BLOCKS - 1}.h5"
    whole = last.read_bytes()
    process = shaping.run_until_blocks(1)
    last.write_bytes(damage(whole))
    _, said = process.communicate(timeout=100)
    assert process.returncode == 1
    assert f"{last.name}: its SHA-256 changed while it was in use" in said
    assert "Traceback" not in said
    assert not shaping.output.exists()
    done = assert_nothing_wrong_is_done(shaping.unfinished, right)
    assert BLOCKS - 1 not in done
    before = inodes(shaping.unfinished, done)

    code, said = shaping.run()
    assert code == 1
    assert f"{last.name}: its SHA-256 is not the one in" in said
    last.write_bytes(whole)
    assert shaping.run()[0] == 0
    assert contents(shaping.output) == right
    assert inodes(shaping.output, done) == before


@pytest.mark.parametrize(("key", "damage"), [("raw/c/3/0/0/0", flip_a_bit), ("status/c/3", None)])
def test_one_block_is_made_again_while_the_others_stay(finished, right, key, damage) -> None:
    path = finished.output / key
    whole = path.read_bytes()
    path.unlink()
    if damage:
        path.write_bytes(damage(whole))
    others = [0, 1, 2, 4, 5]
    before = inodes(finished.output, others)
    code, said = finished.run()
    assert code == 0, said
    assert f"going on: 1 of {BLOCKS} blocks" in said
    assert contents(finished.output) == right
    assert inodes(finished.output, others) == before


def test_other_settings_start_anew(shaping, right) -> None:
    shaping.configure(reach=1.2)
    process = shaping.run_until_blocks(2)
    process.kill()
    process.communicate()
    assert shaping.unfinished.exists()
    shaping.configure()
    code, said = shaping.run()
    assert code == 0, said
    assert "going on" not in said
    assert contents(shaping.output) == right


def test_two_runs_at_once_wait_for_each_other(shaping, right) -> None:
    with locked(store_lock(shaping.output)):
        runs = [shaping.start(), shaping.start()]
        for run in runs:
            assert run.stderr is not None
            assert "another process is still at work here; waiting" in run.stderr.readline()
    said = sorted(run.communicate(timeout=100)[1].splitlines()[-1] for run in runs)
    assert [run.returncode for run in runs] == [0, 0], said
    endings = ("is complete, nothing to do", "shaped 24 crystals into")
    assert all(any(ending in line for line in said) for ending in endings), said
    assert contents(shaping.output) == right


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", kilobytes=300) as disk:
        yield disk


def test_a_full_disk_stops_it_and_room_lets_it_go_on(shaping, right, small_disk: Path) -> None:
    output = small_disk / "out.zarr"
    code, said = shaping.run(output=output)
    assert code == 1
    assert "cannot be written: No space left on device" in said
    assert "Traceback" not in said
    assert not output.exists()
    unfinished = small_disk / "out.zarr.unfinished"
    done = assert_nothing_wrong_is_done(unfinished, right)
    assert 1 <= len(done) < BLOCKS
    before = inodes(unfinished, done)

    room = ["mount", "-o", "remount,size=20m", str(small_disk)]
    subprocess.run(room, check=True)
    code, said = shaping.run(output=output)
    assert code == 0, said
    assert contents(output) == right
    assert inodes(output, done) == before
