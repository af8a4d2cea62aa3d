"""Tell what is new in a release: the crystals that must be simulated, and those that need not."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.crystals.json_lines import write_lines
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
    from spacegrouper.crystals.parent_release import (
        compare_with_parent,
        lines_by_id,
        lines_of_release,
    )
    from spacegrouper.crystals.releases import write_changes

    settings = load_settings(config).standardise
    before, after = lines_by_id(parent), lines_by_id(structures)
    changes = []
    with progress("compare", len(before | after)) as advance:
        for change in compare_with_parent(before, after, settings, threads):
            changes.append(change)
            advance(1)
    kinds = {change.id: change.change for change in changes}
    lines = dict(lines_of_release(before, after, changes))
    output.mkdir(parents=True, exist_ok=True)
    write_changes(output / "changes.csv", changes)
    write_lines(output / "structures.jsonl.gz", lines.values())
    new = [line for name, line in lines.items() if kinds[name] != "unchanged"]
    write_lines(output / "to_simulate.jsonl.gz", new)
    counts = Counter(kinds.values())
    log.info(
        "%d of %d crystals are to be simulated (%s)",
        len(new),
        len(lines),
        ", ".join(f"{kind}: {counts[kind]}" for kind in sorted(counts)),
    )


if __name__ == "__main__":
    run_program(main)
