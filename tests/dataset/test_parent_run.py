import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from spacegrouper.crystals.blocks import AS_BEFORE
from spacegrouper.crystals.standardised_with import write_record
from spacegrouper.dataset.integrity import recorded_sha256, write_manifest
from spacegrouper.dataset.parent_run import (
    check_parent,
    digests_of_chain,
    parent_of,
    raw_shards_of,
    read_release_ids,
    release_structures,
)
from spacegrouper.dataset.raw_shard import read_raw_rows
from spacegrouper.errors import UserError
from spacegrouper.settings import Settings, Standardise, settings_from_mapping, write_settings


def settings_of(name: str, parent: str | None, **sections: Any) -> Settings:
    return settings_from_mapping(
        {"name": name, "release": {"parent": parent}, "simulate": {"pixels": 32}, **sections}, ""
    )


@pytest.fixture
def results(tmp_path: Path, raw_shards) -> Path:
    """Two finished runs, the second a child of the first; only what is looked at is real."""
    digests: list[str] = []
    simulated = dict(read_raw_rows(raw_shards.write("real.h5", range(2))).made_with)
    for name, parent, blocks in (("first", None, 2), ("second", "first", 1)):
        run = tmp_path / name
        write_settings(settings_of(name, parent), run / "config.yaml")
        structures = "structures/standardised" if parent is None else "release/structures"
        files = ["structures/acquired.jsonl.gz", "structures/standardised.jsonl.gz"]
        files.append(f"{structures}.jsonl.gz")
        shards = [run / f"blocks/{number:06}.h5" for number in range(blocks)]
        plan = "plan" if parent is None else "selected"
        files += [f"plan/{AS_BEFORE}", f"{plan}/{AS_BEFORE}", f"{plan}/rejected.csv"]
        files += [f"{plan}/{shard.stem}.jsonl.gz" for shard in shards]
        write_record(run / "structures", Standardise())
        listed = "".join(f"{shard.stem},1\n" for shard in shards)
        # Left behind by an earlier plan.
        for file in [*files, "blocks/000007.h5"]:
            (run / file).parent.mkdir(parents=True, exist_ok=True)
            (run / file).touch()
        (run / plan / "blocks.csv").write_text(f"block,crystals\n{listed}")
        for shard in shards:
            simulate(shard, name)
        store = zarr.create_group(
            run / "dataset.zarr", attributes={"made_with": simulated}, zarr_format=3
        )
        digests += map(recorded_sha256, shards)
        store.create_array("raw_shard_sha256", data=np.array(digests, dtype=np.dtypes.StringDType))
    return tmp_path


def simulate(shard: Path, content: str) -> None:
    shard.write_text(content)
    write_manifest(shard, {})


def test_shards_of_all_releases_come_oldest_first(results: Path) -> None:
    assert raw_shards_of(results / "second") == [
        results / "first/blocks/000000.h5",
        results / "first/blocks/000001.h5",
        results / "second/blocks/000000.h5",
    ]


def test_the_crystals_of_a_release_are_those_that_were_simulated(results: Path) -> None:
    first = results / "first/structures/standardised.jsonl.gz"
    assert release_structures(results / "first") == first
    assert release_structures(results / "second") == results / "second/release/structures.jsonl.gz"


def test_the_crystals_of_a_thinned_run_are_those_that_were_kept(results: Path) -> None:
    thin = {"crystals_per_space_group": "paper"}
    write_settings(settings_of("first", None, thin=thin), results / "first/config.yaml")
    (results / "first/plan").rename(results / "first/selected")
    (results / "first/plan").mkdir()
    thinned = results / "first/structures/thinned.jsonl.gz"
    assert release_structures(results / "first") == thinned
    with pytest.raises(UserError, match=r"first is not finished: no file .*thinned.jsonl.gz"):
        check_parent(results / "third", settings_of("third", "second"))
    thinned.touch()
    # Whatever is kept of the crystals: those that the parent lacks are added.
    check_parent(results / "third", settings_of("third", "second"))


def test_a_finished_parent_with_the_same_settings_passes(results: Path) -> None:
    third = settings_of("third", "second")
    assert parent_of(results / "third", third) == results / "second"
    check_parent(results / "third", third)
    alone = settings_of("third", None)
    assert parent_of(results / "third", alone) is None
    check_parent(results / "third", alone)


@pytest.mark.parametrize(
    "missing",
    [
        "first/blocks/000001.h5",
        "second/release/structures.jsonl.gz",
        "second/dataset.zarr/zarr.json",
    ],
)
def test_an_unfinished_parent_is_named(results: Path, missing: str) -> None:
    (results / missing).unlink()
    with pytest.raises(
        UserError, match=f"the run {missing.split('/')[0]} is not finished: no file .*{missing}"
    ):
        check_parent(results / "third", settings_of("third", "second"))


def test_a_run_of_a_database_is_no_parent(results: Path) -> None:
    (results / "first/config.yaml").write_text(
        "{simulate: {engine: bitmap_database}, morphology: {database: 'sqlite:///x.db'},"
        " model: {name: ziletti}, train: {descriptor: morphology}}"
    )
    with pytest.raises(UserError, match=r"first holds what a database held; give a run of crystal"):
        check_parent(results / "third", settings_of("third", "second"))


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        (
            {"standardise": {"symprec": 0.2}},
            r"release.parent: .*first/structures: its crystals were standardised with "
            r"`standardise.symprec: 0.1`, but here it is 0.2; take the same",
        ),
        ({"standardise": {"setting": "reduced"}}, "`standardise.setting: standard`, but here it "),
        (
            {"simulate": {"pixels": 64}},
            "first was simulated with simulate.pixels 32, but here it is simulate.pixels 64",
        ),
        (
            {"simulate": {"pixels": 32, "poisson_noise": True}, "seed": 3},
            "simulated with simulate.poisson_noise False, but here it is simulate.pois",
        ),
    ],
)
def test_other_settings_are_named(results: Path, sections: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_parent(results / "third", settings_of("third", "second", **sections))


def test_a_parent_whose_configuration_is_newer_than_its_crystals_is_told_by_these(
    results: Path,
) -> None:
    """It was started with other settings, and interrupted."""
    newer = {"standardise": {"symprec": 0.2}}
    write_settings(settings_of("first", None, **newer), results / "first/config.yaml")
    with pytest.raises(UserError, match=r"`standardise.symprec: 0.1`, but here it is 0.2"):
        check_parent(results / "third", settings_of("third", "first", **newer))


@pytest.mark.parametrize("content", [None, "{", "{}"])
def test_a_parent_without_a_record_of_its_settings_is_refused(results: Path, content) -> None:
    record = results / "first/structures/standardised_with.json"
    record.unlink()
    if content:
        record.write_text(content)
    with pytest.raises(UserError, match=r"standardised_with.json: missing, damaged or of another"):
        check_parent(results / "third", settings_of("third", "second"))


def test_a_plan_that_has_lost_a_block_is_not_taken_for_a_smaller_one(results: Path) -> None:
    (results / "first/plan/000001.jsonl.gz").unlink()
    with pytest.raises(UserError, match=r"the run first is not finished: files of .*plan are gone"):
        check_parent(results / "third", settings_of("third", "second"))


def test_the_seed_counts_only_where_it_is_used(results: Path) -> None:
    check_parent(results / "third", settings_of("third", "second", seed=5))


def test_a_parent_made_with_another_version_is_refused(results: Path) -> None:
    root = results / "second/dataset.zarr/zarr.json"
    root.write_text(root.read_text().replace('"version": "', '"version": "99.'))
    said = r"second was simulated with spacegrouper 99\..*, but here it is spacegrouper .*; install"
    with pytest.raises(UserError, match=said):
        check_parent(results / "third", settings_of("third", "second"))


def test_a_parent_with_the_grey_levels_of_before_is_refused(results: Path) -> None:
    path = results / "second/dataset.zarr/zarr.json"
    root = json.loads(path.read_text())
    del root["attributes"]["made_with"]["pattern_version"]
    path.write_text(json.dumps(root))
    with pytest.raises(UserError, match="second was simulated with pattern_version None, but here"):
        check_parent(results / "third", settings_of("third", "second"))


def test_a_grandparent_made_anew_with_other_physics_is_refused(results: Path) -> None:
    root = results / "first/dataset.zarr/zarr.json"
    root.write_text(re.sub(r'"pixels": \d+', '"pixels": 128', root.read_text()))
    with pytest.raises(UserError, match=r"first was simulated with simulate.pixels 128, but"):
        check_parent(results / "third", settings_of("third", "second"))


def test_a_parent_of_blocks_that_its_own_parent_has_no_longer_is_refused(results: Path) -> None:
    simulate(results / "first/blocks/000001.h5", "others")
    said = (
        r"second/dataset.zarr was made of other blocks than there are now, such as "
        r".*first/blocks/000001.h5: first was made anew since; run second again first"
    )
    with pytest.raises(UserError, match=said):
        check_parent(results / "third", settings_of("third", "second"))


@pytest.mark.parametrize("run", ["first", "second"])
def test_digests_of_a_chain_tell_which_run_has_changed(results: Path, run: str) -> None:
    before = digests_of_chain(results / "second")
    assert before == digests_of_chain(results / "second")
    simulate(results / run / "blocks/000000.h5", "others")
    after = digests_of_chain(results / "second")
    assert {name for name in before if before[name] != after[name]} == {run}


def test_a_damaged_root_is_named(results: Path) -> None:
    (results / "second/dataset.zarr/zarr.json").write_text("{")
    with pytest.raises(UserError, match=r"second/dataset.zarr/zarr.json: damaged"):
        check_parent(results / "third", settings_of("third", "second"))


@pytest.mark.parametrize("name", ["first", "second"])
def test_no_run_goes_on_from_itself(results: Path, name: str) -> None:
    # The first is run anew, with the second, its child, or itself as its parent.
    with pytest.raises(UserError, match="first goes on from itself"):
        check_parent(results / "first", settings_of("first", name))


def test_a_run_that_is_not_there_is_named(results: Path) -> None:
    with pytest.raises(UserError, match=r"no finished run zeroth: .*zeroth/plan is missing"):
        check_parent(results / "third", settings_of("third", "zeroth"))


def test_a_release_has_all_crystals_but_the_removed(tmp_path: Path) -> None:
    path = tmp_path / "changes.csv"
    path.write_text('id,change,reason\n"a,b",unchanged,\nmp-2,removed,gone\nmp-3,added,"x, y"\n')
    assert read_release_ids(path) == {"a,b", "mp-3"}


@pytest.mark.parametrize("content", [None, "id,reason\nmp-1,because\n", "\xff\xfe"])
def test_another_file_is_no_list_of_changes(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "changes.csv"
    if content is not None:
        path.write_text(content, encoding="latin-1")
    with pytest.raises(UserError, match=r"changes.csv: cannot be read as a list of changes"):
        read_release_ids(path)
