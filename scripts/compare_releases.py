"""Tell which crystals of a release are new, gone, changed or as in an earlier release."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.json_lines import read_crystals
from spacegrouper.programs.command_line import CORES, log, progress, run_program
from spacegrouper.settings import Standardise, load_settings


def main(
    earlier: Annotated[Path, typer.Argument(help="The earlier release, JSON lines.")],
    later: Annotated[Path, typer.Argument(help="The later release, JSON lines.")],
    output: Annotated[Path, typer.Option(help="The folder for changes.csv.")],
    config: Annotated[
        Path | None, typer.Option(help="The configuration, YAML; read: standardise.")
    ] = None,
    threads: Annotated[
        int, typer.Option(min=1, help="Processes that share the work; as many as there are cores.")
    ] = CORES,
) -> None:
    """Compare two releases of crystals, however their files are written.

    Goes in: two files of crystals, standardised or not. Comes out: changes.csv, with the columns
    id, change (unchanged, added, changed, removed or relabelled: the same crystal, but its space
    group is another one) and reason; and how many there are of each, on standard output.
    """
    from spacegrouper.crystals.releases import KINDS, compare_releases, write_changes

    settings = load_settings(config).standardise if config else Standardise()
    before, after = _read(earlier), _read(later)
    with progress("compare", len(before)) as advance:
        changes = []
        for change in compare_releases(before, after, settings, threads):
            changes.append(change)
            if change.change != "added":
                advance(1)
    output.mkdir(parents=True, exist_ok=True)
    write_changes(output / "changes.csv", changes)
    counts = Counter(change.change for change in changes)
    for kind in KINDS:
        typer.echo(f"{kind:<11}{counts[kind]:>9}")


def _read(path: Path) -> list[Crystal]:
    crystals = []
    for record in read_crystals(path):
        if isinstance(record, Rejection):
            log.warning("%s: left out, %s", path, record.reason)
        else:
            crystals.append(record)
    return crystals


if __name__ == "__main__":
    run_program(main)
