"""The run of an earlier release that a run goes on from, as the workflow leaves it in results/."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

from spacegrouper.crystals.blocks import planned_blocks
from spacegrouper.crystals.standardised_with import check_record
from spacegrouper.dataset.integrity import file_sha256, recorded_sha256
from spacegrouper.dataset.made_with import find_difference, made_with
from spacegrouper.errors import UserError
from spacegrouper.settings import Settings, load_settings


def parent_of(run: Path, settings: Settings) -> Path | None:
    """Return the folder of a run's parent, or None where it has none. `run`: results/<name>."""
    return run.parent / settings.release.parent if settings.release.parent else None


def check_parent(run: Path, settings: Settings) -> None:
    """Raise UserError unless a run can go on from its parent, if it has one.

    The parent, and its parents in turn, must be finished, made with the same settings and versions
    as far as crystals and raw patterns depend on them, and each of what the others hold now.
    """
    parent = parent_of(run, settings)
    if parent is None:
        return
    raw_shards_of(parent, newer=(run,))
    chain = chain_of(parent)
    for each in chain:
        _check_finished(each)
        _check_settings(each, settings)
    for each in chain[1:]:
        _check_shards(each)


def chain_of(run: Path) -> list[Path]:
    """Return the runs that a run goes on from, the oldest first, and itself."""
    parent = parent_of(run, load_settings(run / "config.yaml"))
    return [run] if parent is None else [*chain_of(parent), run]


def digests_of_chain(run: Path) -> dict[str, str]:
    """Return a digest of the crystals and raw patterns of each run of a chain, by its name."""
    return {each.name: _digest(each) for each in chain_of(run)}


def _digest(run: Path) -> str:
    parts = [file_sha256(path) for path in _crystals_of(run)]
    parts += [recorded_sha256(shard) for shard in _own_shards(run)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _check_finished(run: Path) -> None:
    for path in (run / "dataset.zarr" / "zarr.json", *_crystals_of(run), *_own_shards(run)):
        if not path.is_file():
            raise UserError(
                f"release.parent: the run {run.name} is not finished: no file {path}; finish "
                "it first, with its own configuration"
            )


def _check_settings(run: Path, settings: Settings) -> None:
    try:
        check_record(run / "structures", settings.standardise)
    except UserError as error:
        raise UserError(f"release.parent: {error}") from None
    root = run / "dataset.zarr" / "zarr.json"
    try:
        theirs = json.loads(root.read_text(encoding="utf-8"))["attributes"]["made_with"]
    except (ValueError, KeyError, TypeError):
        raise UserError(
            f"{root}: damaged, or of an earlier version; mend the dataset with "
            "scripts/verify_dataset.py --repair, or make it anew"
        ) from None
    ours = json.loads(json.dumps(made_with(settings)))
    # The dataset also says how its own arrays were derived, of which nothing is taken over.
    settled = {key: theirs["settings"].get(key) for key in ours["settings"]}
    if difference := find_difference(theirs | {"settings": settled}, ours):
        advice = f"install {difference.first} again" if difference.of_versions else "take the same"
        raise UserError(
            f"release.parent: {run.name} was simulated with {difference.first}, but here it is "
            f"{difference.second}; {advice}, or simulate all without a parent"
        )


def _check_shards(run: Path) -> None:
    """Raise UserError where a run's dataset was made of other raw shards than there are now."""
    import zarr

    store = run / "dataset.zarr"
    arrays: Any = zarr.open_group(store, mode="r")
    made_of = arrays["raw_shard_sha256"][:].tolist()
    shards = raw_shards_of(run)
    for shard, digest in zip(shards, made_of, strict=False):
        if recorded_sha256(shard) != digest:
            break
    else:
        if len(shards) == len(made_of):
            return
        shard = shards[-1]
    raise UserError(
        f"release.parent: {store} was made of other blocks than there are now, such as {shard}: "
        f"{shard.parent.parent.name} was made anew since; run {run.name} again first, with its own "
        "configuration"
    )


def _crystals_of(run: Path) -> tuple[Path, ...]:
    """Return the files of a run's crystals."""
    folder = run / "structures"
    names = ("acquired", "standardised")
    return (*(folder / f"{name}.jsonl.gz" for name in names), release_structures(run))


def release_structures(run: Path) -> Path:
    """Return the file of the crystals of a run's release, as they were simulated."""
    settings = load_settings(run / "config.yaml")
    if settings.release.parent:
        return run / "release" / "structures.jsonl.gz"
    name = "standardised" if settings.thin.counts is None else "thinned"
    return run / "structures" / f"{name}.jsonl.gz"


def read_release_ids(changes: Path) -> frozenset[str]:
    """Return the ids of all crystals of a release; raises UserError for another file or none."""
    try:
        with changes.open(encoding="utf-8", newline="") as file:
            return frozenset(
                row["id"] for row in csv.DictReader(file) if row["change"] != "removed"
            )
    except (OSError, UnicodeDecodeError, KeyError, csv.Error):
        raise UserError(
            f"{changes}: cannot be read as a list of changes; make it with "
            "scripts/compare_with_parent.py"
        ) from None


def raw_shards_of(run: Path, newer: tuple[Path, ...] = ()) -> list[Path]:
    """Return all raw shards that a run's dataset is made of, those of the oldest release first.

    Raises UserError where the run, or one that it goes on from, has no blocks yet.
    `newer`: the runs that go on from it, none of which it may go on from itself.
    """
    if run in newer:
        raise UserError(f"release.parent: {run.name} goes on from itself; give an earlier run")
    settings = load_settings(run / "config.yaml") if (run / "config.yaml").is_file() else None
    imported = settings is not None and not settings.engine.crystals
    if imported and newer:
        raise UserError(
            f"release.parent: {run.name} holds what a database held; give a run of crystals"
        )
    # What blocks there are is planned, or imported all together.
    folder = run / ("blocks" if imported else "plan")
    if settings is None or not folder.is_dir():
        of_a_parent = "release.parent: " if newer else ""
        raise UserError(
            f"{of_a_parent}no finished run {run.name}: {folder} is missing; run it first, with its "
            "own configuration, or give another name"
        )
    if imported:
        return sorted(folder.glob("*.h5"))
    parent = parent_of(run, settings)
    own = _own_shards(run)
    return own if parent is None else raw_shards_of(parent, (*newer, run)) + own


def simulated_plan(run: Path, settings: Settings) -> Path:
    """Return the folder of the blocks that a run of crystals simulates, with their list.

    They are those that it has standardised, unless only some of these crystals are to be simulated.
    """
    some = settings.thin.counts is not None or settings.release.parent is not None
    return run / ("selected" if some else "plan")


def _own_shards(run: Path) -> list[Path]:
    folder = simulated_plan(run, load_settings(run / "config.yaml"))
    blocks = planned_blocks(folder)
    if blocks is None:
        raise UserError(
            f"the run {run.name} is not finished: files of {folder} are gone; run it again, "
            "with its own configuration"
        )
    return [run / "blocks" / f"{block.block}.h5" for block in blocks]
