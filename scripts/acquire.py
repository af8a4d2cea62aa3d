"""Fetch the crystals that the configuration asks for."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from command_line import progress, run_program

from spacegrouper.config import Settings, load_settings
from spacegrouper.config.sections import JsonLinesSource, PrototypesSource
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.json_lines import read_crystals, write_crystals
from spacegrouper.crystals.rejections import write_rejections
from spacegrouper.errors import UserError

log = logging.getLogger("spacegrouper")


def main(
    config: Annotated[Path, typer.Option(help="The configuration, YAML; read: acquire, seed.")],
    output: Annotated[Path, typer.Option(help="The crystals, JSON lines (.jsonl or .jsonl.gz).")],
    rejected: Annotated[Path, typer.Option(help="The records that are no crystals, CSV.")],
) -> None:
    """Bring crystals from their source (prototypes, JSON lines or CIF files) into one file.

    Goes in: the source named in the configuration. Comes out: every readable crystal, as JSON
    lines (docs/structures.md), and a list of the records that could not be read, with reasons.
    """
    rejections: list[Rejection] = []
    acquired = 0

    def kept() -> Iterator[Crystal]:
        nonlocal acquired
        for record in source_records(load_settings(config)):
            advance(1)
            if isinstance(record, Rejection):
                rejections.append(record)
            else:
                acquired += 1
                yield record
        if acquired == 0:
            raise UserError(
                f"{config}: `acquire` gave no crystal at all: {len(rejections)} records, all "
                f"rejected{f', the first: {rejections[0].reason}' if rejections else ''}"
            )

    with progress("acquire", None) as advance:
        write_crystals(output, kept())
    write_rejections(rejected, rejections)
    log.info("acquired %d crystals, rejected %d records", acquired, len(rejections))


def source_records(settings: Settings) -> Iterable[Crystal | Rejection]:
    """Open the source that the settings name."""
    source = settings.acquire
    if isinstance(source, PrototypesSource):
        from spacegrouper.crystals.prototypes import prototype_crystals

        return prototype_crystals(source, settings.seed)
    if isinstance(source, JsonLinesSource):
        return read_crystals(source.path)
    from spacegrouper.crystals.cif_tree import read_cif_tree

    return read_cif_tree(source.path)


if __name__ == "__main__":
    run_program(main)
