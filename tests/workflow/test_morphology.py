"""Habits through the workflow: drawn, exported, and read again as a database of bitmaps."""

import csv
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import yaml
from programs import call

from spacegrouper.dataset.dataset import Dataset

pytestmark = pytest.mark.slow

CONFIG = Path(__file__).parents[2] / "config" / "morphology_small.yaml"


def described(workflow: Any, settings: dict[str, Any]) -> dict[str, tuple[bytes, int, str]]:
    """Run until the dataset is described; return what it holds of each crystal."""
    results = workflow.folder / "results" / settings["name"]
    workflow.run(settings, "--until", "describe")
    assert "ceiling" in (results / "statistics" / "decidability.csv").read_text()
    dataset = Dataset(results / "dataset.zarr")
    raw, labels = dataset.read(slice(0, dataset.rows))["raw"], dataset.label("crystal_system")
    rows = zip(dataset.material_id, raw, dataset.label("spacegroup"), labels, strict=True)
    return {name: (bitmaps.tobytes(), int(group), label) for name, bitmaps, group, label in rows}


def test_exported_habits_come_back_from_a_database(workflow) -> None:
    settings = yaml.safe_load(CONFIG.read_text())
    drawn = described(workflow, settings)
    assert len(drawn) == 60
    assert not list(workflow.folder.rglob("data.csv"))

    store = workflow.folder / "results" / settings["name"] / "dataset.zarr"
    exported = workflow.folder / "data.csv"
    assert call("export_dataset", store, "--output", exported).returncode == 0
    with exported.open(newline="") as file, sqlite3.connect(workflow.folder / "h.db") as database:
        database.execute("CREATE TABLE morphology (id TEXT, bitmap TEXT, spacegroup TEXT)")
        lines = list(csv.reader(file))[1:]
        database.executemany("INSERT INTO morphology VALUES (?, ?, ?)", lines)
    del settings["acquire"]
    engine = {"simulate": {"engine": "bitmap_database"}, "name": "again"}
    morphology = {"morphology": settings["morphology"] | {"database": "sqlite:///h.db"}}
    assert described(workflow, settings | engine | morphology) == drawn
    rejected = workflow.folder / "results" / "again" / "rejected_bitmaps.csv"
    assert rejected.read_text() == "id,stage,reason\n"
