"""Every program that writes, on a disk that is full, soon full or read-only: a real one, of memory.

One line that names the path and says why; and nothing half-written.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from bitmap_table import write_table
from programs import call
from small_disk import mounted
from small_run import make_small_run

from spacegrouper.crystals.rejections import write_rejections
from spacegrouper.techniques.morphology.settings import Morphology

CRYSTAL = "AB11CD3_cP16_221_a_dg_b_c-TaMnFe11Co3"
# Making the run takes a minute.
pytestmark = pytest.mark.slow

Arguments = Callable[[Path, Path], list[str | Path]]


def of_dataset(run: Path, disk: Path) -> list[str | Path]:
    return ["--dataset", run / "data.zarr", "--config", run / "config.yaml", "--output", disk / "o"]


def of_model(run: Path, disk: Path) -> list[str | Path]:
    return [*of_dataset(run, disk), "--model", run / "model"]


def of_crystals(run: Path, disk: Path) -> list[str | Path]:
    return ["--structures", run / "standardised.jsonl.gz", "--config", run / "config.yaml"]


def of_model_on_disk(run: Path, disk: Path) -> list[str | Path]:
    """For calibrate, which writes into the network's folder."""
    (disk / "o").mkdir()
    for file in (run / "model").iterdir():
        if file.is_file() and file.name != "calibration.json":
            (disk / "o" / file.name).symlink_to(file)
    return ["--dataset", run / "data.zarr", "--config", run / "config.yaml", "--model", disk / "o"]


PROGRAMS: dict[str, Arguments] = {
    "acquire": lambda run, disk: [
        "--config", run / "config.yaml", "--output", disk / "o.jsonl.gz",
        "--rejected", disk / "rejected.csv", "--provenance", disk / "o.provenance.json",
    ],
    "standardise": lambda run, disk: [
        "--structures", run / "acquired.jsonl.gz", "--config", run / "config.yaml",
        "--output", disk / "o.jsonl.gz", "--rejected", disk / "rejected.csv",
    ],
    "thin": lambda run, disk: [
        "--structures", run / "standardised.jsonl.gz", "--config", run / "thin.yaml",
        "--output", disk / "o.jsonl.gz", "--table", disk / "o.csv",
    ],
    "select_structures": lambda run, disk: [
        "--structures", run / "standardised.jsonl.gz", "--space-groups", "62,166,194,221,225",
        "--maximum", "9", "--output", disk / "o.jsonl.gz",
    ],
    "compare_releases": lambda run, disk: [
        run / "standardised.jsonl.gz", run / "standardised.jsonl.gz", "--output", disk / "o",
    ],
    "compare_with_parent": lambda run, disk: [
        *of_crystals(run, disk), "--parent", run / "standardised.jsonl.gz", "--output", disk / "o",
    ],
    "collect": lambda run, disk: [
        "--plan", run / "blocks", "--standardised", run / "by_block",
        "--earlier-rejected", run / "rejected.csv", "--config", run / "config.yaml",
        "--output", disk / "o/all.jsonl.gz", "--rejected", disk / "o/rejected.csv",
    ],
    "plan": lambda run, disk: [*of_crystals(run, disk), "--output", disk / "o"],
    "draw_patterns": lambda run, disk: [
        *of_crystals(run, disk), "--id", CRYSTAL, "--output", disk / "o.png",
    ],
    "import_bitmaps": lambda run, disk: [
        "--config", run / "habits.yaml", "--output", disk / "o",
    ],
    "shape": lambda run, disk: [
        "--raw", run / "raw/000000.h5", run / "raw/000001.h5", "--config", run / "config.yaml",
        "--output", disk / "o.zarr", "--workers", "1",
    ],
    "train": of_dataset,
    "calibrate": of_model_on_disk,
    "evaluate": of_model,
    "evaluate_robustness": lambda run, disk: [
        *of_model(run, disk), "--structures", run / "standardised.jsonl.gz",
    ],
    "report": lambda run, disk: [
        *of_model(run, disk), "--evaluation", run / "evaluation",
        "--rejected", run / "rejected.csv",
    ],
    "export_dataset": lambda run, disk: [run / "data.zarr", "--output", disk / "o.csv"],
    "describe": lambda run, disk: ["--dataset", run / "data.zarr", "--output", disk / "o"],
    "fit_forest": lambda run, disk: [
        "--dataset", run / "data.zarr", "--model", run / "model", "--output", disk / "o",
    ],
    "draw_feature_maps": lambda run, disk: [
        "--dataset", run / "data.zarr", "--model", run / "model", "--output", disk / "o",
        "--crystals", "3",
    ],
    "draw_paper": lambda run, disk: [
        "population", "--run", run, "--config", run / "config.yaml", "--output", disk / "o.svg",
    ],
    "predict": lambda run, disk: [
        run / "POSCAR", "--model", run / "model", "--output", disk / "o",
    ],
    "write_config_reference": lambda run, disk: ["--output", disk / "o"],
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = make_small_run(tmp_path_factory.mktemp("run"))
    (run / "thin.yaml").write_text("thin: {crystals_per_space_group: paper}")
    for block in (run / "blocks").glob("0*.jsonl.gz"):
        write_rejections(run / "by_block" / block.name.replace("jsonl.gz", "csv"), [])
        shutil.copy(block, run / "by_block")
    database = f"sqlite:///{run / 'habits.sqlite'}"
    (run / "habits.yaml").write_text(
        "{simulate: {engine: bitmap_database}, model: {name: ziletti},"
        f" train: {{descriptor: morphology}}, morphology: {{pixels: 32, database: '{database}'}}}}"
    )
    bitmaps = np.random.default_rng(0).integers(0, 256, (36, 3, 32, 32), dtype=np.uint8)
    rows = ((f"{number}", views, 225) for number, views in enumerate(bitmaps))
    write_table(database, Morphology(), rows)
    return run


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", kilobytes=256) as disk:
        yield disk


def fill(disk: Path, left: int) -> None:
    """Leave so many bytes free, or a page more."""
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    (disk / "filling").write_bytes(bytes(free - left))


def error_lines(said: str) -> list[str]:
    return [line for line in said.splitlines() if line.startswith("error: ")]


def files(disk: Path) -> list[str]:
    """What is there but locks, and what a later call goes on from."""
    goes_on = (".lock", ".unfinished", ".part", "checkpoint.npz")
    return sorted(
        path.relative_to(disk).as_posix()
        for path in disk.rglob("*")
        if path.is_file()
        and not path.is_symlink()
        and not any(word in path.as_posix() for word in goes_on)
    )


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("left", [0, 12 * 1024], ids=["full", "soon full"])
def test_a_full_disk_is_one_line(run, disk: Path, name: str, left: int) -> None:
    arguments = PROGRAMS[name](run, disk)
    fill(disk, left)
    done = call(name, *arguments)
    status, said = done.returncode, done.stderr
    assert "Traceback" not in said
    if left and status == 0:
        pytest.skip("its products are small enough")
    assert status == 1
    line, *_ = error_lines(said)
    assert f"{disk}/o" in line
    assert "No space left on device; free some space" in line
    assert not [name for name in files(disk) if "partial" in name or "earlier" in name]


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_read_only_disk_is_one_line(run, disk: Path, name: str) -> None:
    arguments = PROGRAMS[name](run, disk)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    done = call(name, *arguments)
    status, said = done.returncode, done.stderr
    assert "Traceback" not in said
    assert status == 1
    (line,) = error_lines(said)
    assert f"{disk}/" in line
    assert "Read-only file system; choose another place" in line
    assert files(disk) == []


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name != "calibrate"])
def test_a_file_in_the_way_is_one_line(run, tmp_path: Path, name: str) -> None:
    (tmp_path / "disk").write_text("no folder")
    done = call(name, *PROGRAMS[name](run, tmp_path / "disk"))
    status, said = done.returncode, done.stderr
    assert "Traceback" not in said
    assert status == 1
    (line,) = error_lines(said)
    assert str(tmp_path / "disk") in line
    assert "in the way" in line
    assert (tmp_path / "disk").read_text() == "no folder"
