"""Runs that keep so many crystals of each space group, and releases that go on from them."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from spacegrouper.crystals.json_lines import read_crystals
from spacegrouper.dataset.raw_shard import read_raw_rows

pytestmark = pytest.mark.slow


def groups(path: Path) -> list[int]:
    return [record.metadata["spacegroup"] for record in read_crystals(path)]


def ids(blocks: Path) -> list[str]:
    return [record.id for block in sorted(blocks.glob("*.gz")) for record in read_crystals(block)]


def thinned(small: dict[str, Any], name: str, wanted: Any, **sections: Any) -> dict[str, Any]:
    return small | {"name": name, "thin": {"crystals_per_space_group": wanted}} | sections


def test_what_is_simulated_follows_the_numbers_wanted(workflow, small) -> None:
    run = workflow.folder / "results" / "first"
    raw = "results/first/blocks/000000.h5"
    workflow.run(thinned(small, "first", None), "results/first/structures/standardised.jsonl.gz")
    everything = ids(run / "standardised")
    first = min(groups(run / "structures/standardised.jsonl.gz"))
    assert len(everything) == 24
    found = {}
    for number in (7, 3):
        said = workflow.run(thinned(small, "first", {first: number}), "results/first/selected")
        found[number] = ids(run / "selected")
        assert groups(run / "structures/thinned.jsonl.gz") == [first] * number
        assert "standardise " not in said
    assert set(found[3]) < set(found[7]) < set(everything)
    workflow.run(thinned(small, "first", {first: 3}), raw)
    assert simulated(run) == found[3]
    # Without Snakemake's records too.
    (workflow.folder / ".snakemake").rename(workflow.folder / "gone")
    workflow.run(thinned(small, "first", None), raw)
    assert simulated(run) == everything[:5]


def simulated(run: Path) -> list[str]:
    return read_raw_rows(run / "blocks/000000.h5").material_id.tolist()


def test_a_thinned_release_goes_on_from_a_thinned_one(workflow, small) -> None:
    results = workflow.folder / "results"
    settings = small | {"acquire": {"source": "prototypes", "space_groups": 1}}
    settings["acquire"]["crystals_per_space_group"] = 12
    store = "results/{}/dataset.zarr/zarr.json"
    group = None
    for name, parent, wanted in (("first", None, 5), ("second", "first", 7)):
        release = {"parent": parent} if parent else {}
        if group is None:
            standardised = f"results/{name}/structures/standardised.jsonl.gz"
            workflow.run(thinned(settings, name, None), standardised)
            group = groups(workflow.folder / standardised)[0]
        of_run = thinned(settings, name, {group: wanted}, release=release)
        workflow.run(of_run, store.format(name))
    with (results / "second/release/changes.csv").open(newline="") as file:
        kinds = sorted(row["change"] for row in csv.DictReader(file))
    assert kinds == ["added"] * 2 + ["unchanged"] * 5
    assert len(ids(results / "second/selected")) == 2
    root = json.loads((results / "second/dataset.zarr/zarr.json").read_text())
    assert root["node_type"] == "group"
