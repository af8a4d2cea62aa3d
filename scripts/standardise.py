"""Turn crystals into their standard conventional cells."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.json_lines import read_crystals, write_crystals
from spacegrouper.crystals.rejections import write_rejections
from spacegrouper.programs.command_line import Processes, log, progress, run_program
from spacegrouper.settings import load_settings


def main(
    structures: Annotated[Path, typer.Option(help="The crystals, JSON lines.")],
    config: Annotated[Path, typer.Option(help="The configuration, YAML; read: standardise.")],
    output: Annotated[Path, typer.Option(help="The standardised crystals, JSON lines.")],
    rejected: Annotated[Path, typer.Option(help="The records that have none, CSV.")],
    threads: Processes = 1,
) -> None:
    """Bring every crystal into its standard conventional cell and find out what it is.

    Goes in: crystals as JSON lines. Comes out: the same, in the same order, with space group,
    crystal system, prototype and structure key; and the list of the rejected, with reasons. Where
    all are rejected, no crystal comes out, which is no error: they may be one block of many.
    """
    from spacegrouper.crystals.standard_cell import standardise_all

    settings = load_settings(config).standardise
    rejections: list[Rejection] = []
    space_groups: Counter[int] = Counter()
    differing: list[str] = []

    def kept() -> Iterator[Crystal]:
        for record in standardise_all(read_crystals(structures), settings, threads):
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
        "kept %d crystals in %d space groups, rejected %d records",
        space_groups.total(),
        len(space_groups),
        len(rejections),
    )


if __name__ == "__main__":
    run_program(main)
