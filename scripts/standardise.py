"""Turn crystals into their standard conventional cells."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.json_lines import read_crystals, write_crystals
from spacegrouper.crystals.rejections import read_rejections, write_rejections
from spacegrouper.errors import UserError
from spacegrouper.programs.command_line import Processes, log, progress, run_program
from spacegrouper.settings import load_settings


def main(
    structures: Annotated[Path, typer.Option(help="The crystals, JSON lines.")],
    config: Annotated[Path, typer.Option(help="The configuration, YAML; read: standardise.")],
    output: Annotated[Path, typer.Option(help="The standardised crystals, JSON lines.")],
    rejected: Annotated[Path, typer.Option(help="All records rejected so far, CSV.")],
    earlier_rejected: Annotated[
        Path | None, typer.Option(help="The records that an earlier stage rejected, CSV.")
    ] = None,
    parent: Annotated[
        Path | None,
        typer.Option(help="The folder `structures` of an earlier run with the same settings."),
    ] = None,
    threads: Processes = 1,
) -> None:
    """Bring every crystal into its standard conventional cell and find out what it is.

    Goes in: crystals as JSON lines. Comes out: the same, in the same order, with space group,
    crystal system, prototype and structure key; and the list of the rejected, with reasons.
    With --parent, records that the earlier run had in the same words get their cells from there.
    """
    from spacegrouper.crystals.parent_release import standardise_new
    from spacegrouper.crystals.standard_cell import standardise_all

    settings = load_settings(config).standardise
    rejections = read_rejections(earlier_rejected) if earlier_rejected else []
    space_groups: Counter[int] = Counter()
    differing: list[str] = []
    records = read_crystals(structures)
    standardised = (
        standardise_new(
            list(records),
            read_crystals(parent / "acquired.jsonl.gz"),
            read_crystals(parent / "standardised.jsonl.gz"),
            settings,
            threads,
        )
        if parent
        else standardise_all(records, settings, threads)
    )

    def kept() -> Iterator[Crystal]:
        for record in standardised:
            advance(1)
            if isinstance(record, Rejection):
                rejections.append(record)
                continue
            found = record.metadata["spacegroup"]
            stated = record.metadata.get("stated_spacegroup", found)
            if stated != found:
                differing.append(f"{record.id} says {stated}, found is {found}")
            space_groups[found] += 1
            yield record
        if not space_groups:
            last = f"; the last was rejected because: {rejections[-1].reason}" if rejections else ""
            raise UserError(f"{structures}: no crystal is left{last}; give other structures")

    with progress("standardise", None) as advance:
        write_crystals(output, kept())
    write_rejections(rejected, rejections)
    if differing:
        log.info(
            "%d crystals have another space group within the tolerance than their files say; the "
            "first: %s",
            len(differing),
            differing[0],
        )
    log.info(
        "kept %d crystals in %d space groups, rejected %d records, earlier stages included",
        space_groups.total(),
        len(space_groups),
        len(rejections),
    )


if __name__ == "__main__":
    run_program(main)
