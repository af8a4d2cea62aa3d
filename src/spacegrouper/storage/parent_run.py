"""The run of an earlier release that a run goes on from, as the workflow leaves it in results/."""

import csv
import json
from pathlib import Path

from spacegrouper.errors import UserError
from spacegrouper.settings import Settings, load_settings


def parent_of(run: Path, settings: Settings) -> Path | None:
    """Return the folder of a run's parent, or None where it has none. `run`: results/<name>."""
    return run.parent / settings.release.parent if settings.release.parent else None


def check_parent(run: Path, settings: Settings) -> None:
    """Raise UserError unless a run can go on from its parent, if it has one.

    The parent, and its parents in turn, must be finished, and made with the same settings and
    versions as far as crystals and raw patterns depend on them.
    """
    parent = parent_of(run, settings)
    if parent is None:
        return
    raw_shards = raw_shards_of(parent, newer=(run,))
    for path in (parent / "dataset.zarr" / "zarr.json", release_structures(parent), *raw_shards):
        if not path.is_file():
            raise UserError(
                f"release.parent: the run {parent.name} is not finished: no file {path}; finish "
                "it first, with its own configuration"
            )
    if load_settings(parent / "config.yaml").standardise != settings.standardise:
        raise UserError(
            f"release.parent: {parent.name} has other settings in its section `standardise`, see "
            f"{parent / 'config.yaml'}; take the same"
        )
    # Only here: it brings the compiler, for which a workflow without a parent need not wait.
    from spacegrouper.storage.raw_shard import provenance

    root = parent / "dataset.zarr" / "zarr.json"
    try:
        theirs = json.loads(root.read_text(encoding="utf-8"))["attributes"]["simulate_settings"]
    except (ValueError, KeyError, TypeError):
        raise UserError(
            f"{root}: damaged; mend the dataset with scripts/verify_dataset.py --repair"
        ) from None
    ours = json.loads(json.dumps(provenance(settings)))
    for key in sorted({*ours, *theirs}):
        if ours.get(key) != theirs.get(key):
            raise UserError(
                f"release.parent: {parent.name} was simulated with {key} {theirs.get(key)}, but "
                f"here it is {ours.get(key)}; take the same, or simulate all without a parent"
            )


def release_structures(run: Path) -> Path:
    """Return the file of the crystals of a run's release, as they were simulated."""
    if load_settings(run / "config.yaml").release.parent:
        return run / "release" / "structures.jsonl.gz"
    return run / "structures" / "standardised.jsonl.gz"


def read_release_ids(changes: Path) -> frozenset[str]:
    """Return the ids of all crystals of a release, from its changes.csv.

    Raises UserError where there is no such file, or another one.
    """
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
    morphology = settings is not None and settings.simulate.technique == "morphology"
    # What blocks there are is planned, or imported all together.
    folder = run / ("blocks" if morphology else "plan")
    if settings is None or not folder.is_dir():
        of_a_parent = "release.parent: " if newer else ""
        raise UserError(
            f"{of_a_parent}no finished run {run.name}: {folder} is missing; run it first, with its "
            "own configuration, or give another name"
        )
    if morphology:
        return sorted(folder.glob("*.h5"))
    parent = parent_of(run, settings)
    planned = sorted(folder.glob("*.jsonl.gz"))
    own = [run / "blocks" / path.name.replace(".jsonl.gz", ".h5") for path in planned]
    return own if parent is None else raw_shards_of(parent, (*newer, run)) + own
