"""Tell what is new in a release: the crystals that must be simulated, and those that need not."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.json_lines import read_crystals, write_crystals
from spacegrouper.errors import UserError
from spacegrouper.programs.command_line import Processes, log, progress, run_program
from spacegrouper.settings import load_settings


def main(
    structures: Annotated[Path, typer.Option(help="The standardised crystals, JSON lines.")],
    parent: Annotated[Path, typer.Option(help="The crystals of the parent release, JSON lines.")],
    config: Annotated[Path, typer.Option(help="The configuration, YAML; read: standardise.")],
    output: Annotated[Path, typer.Option(help="The folder for the three files.")],
    threads: Processes = 1,
) -> None:
    """Compare the crystals of a release with those of its parent release.

    Goes in: the standardised crystals of both. Comes out: changes.csv (id, change, reason; as of
    compare_releases.py); to_simulate.jsonl.gz, the crystals that were added, changed or relabelled;
    and structures.jsonl.gz, all crystals of the release, the unchanged ones as the parent has them.
    """
    from spacegrouper.crystals.parent_release import crystals_of_release
    from spacegrouper.crystals.releases import compare_releases, write_changes

    settings = load_settings(config).standardise
    before, after = _read(parent), _read(structures)
    changes = []
    with progress("compare", len(before | after)) as advance:
        for change in compare_releases(before.values(), after.values(), settings, threads):
            changes.append(change)
            advance(1)
    kinds = {change.id: change.change for change in changes}
    crystals = list(crystals_of_release(before, after.values(), changes))
    output.mkdir(parents=True, exist_ok=True)
    write_changes(output / "changes.csv", changes)
    write_crystals(output / "structures.jsonl.gz", crystals)
    new = [crystal for crystal in crystals if kinds[crystal.id] != "unchanged"]
    write_crystals(output / "to_simulate.jsonl.gz", new)
    counts = Counter(kinds.values())
    log.info(
        "%d of %d crystals are to be simulated (%s)",
        len(new),
        len(crystals),
        ", ".join(f"{kind}: {counts[kind]}" for kind in sorted(counts)),
    )


def _read(path: Path) -> dict[str, Crystal]:
    crystals: dict[str, Crystal] = {}
    for record in read_crystals(path):
        if isinstance(record, Rejection):
            raise UserError(f"{path}: {record.reason}; give the products of standardise")
        crystals[record.id] = record
    return crystals


if __name__ == "__main__":
    run_program(main)
