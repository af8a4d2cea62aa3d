"""Fetch the crystals that the configuration asks for."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from spacegrouper.atomic import written_aside
from spacegrouper.contract.source import SOURCES, Reading, Source
from spacegrouper.crystals.checked_lines import checked_lines
from spacegrouper.crystals.crystal import Rejection
from spacegrouper.crystals.json_lines import digest_of, line_of, read_lines, write_lines
from spacegrouper.crystals.partial_download import PartialDownload
from spacegrouper.crystals.rejections import write_rejections
from spacegrouper.errors import UserError
from spacegrouper.programs.command_line import log, progress, run_program
from spacegrouper.settings import load_settings

# What a provenance file has of all that is known of a download.
_PROVENANCE = ("database", "database_version", "licence", "queried")


def main(
    config: Annotated[Path, typer.Option(help="The configuration, YAML; read: acquire, seed.")],
    output: Annotated[Path, typer.Option(help="The crystals, JSON lines (.jsonl or .jsonl.gz).")],
    rejected: Annotated[Path, typer.Option(help="The records that are no crystals, CSV.")],
    provenance: Annotated[
        Path | None, typer.Option(help="Where the crystals come from, JSON.")
    ] = None,
    threads: Annotated[
        int, typer.Option(min=1, help="Processes that read files or draw crystals.")
    ] = 1,
    parent: Annotated[
        Path | None,
        typer.Option(help="Crystals that an earlier run acquired; equal lines are not parsed."),
    ] = None,
) -> None:
    """Bring crystals from their source into one file.

    Goes in: the source named in the configuration: prototypes, JSON lines, CIF files, the Materials
    Project (key in MP_API_KEY) or an OPTIMADE database. Comes out: every readable crystal, as JSON
    lines (docs/structures.md); the list of the records that are none, with reasons; and where all
    came from (docs/sources.md). What a download that breaks off has fetched stays beside the
    output, in a folder `.part`, and the next call goes on from there.
    """
    settings = load_settings(config)
    source = SOURCES[settings.acquire.source]
    part = PartialDownload(output.with_name(f"{output.name}.part"))
    reading = Reading(settings.seed, threads, part)
    rejections: list[Rejection] = []
    ids: list[str] = []

    def kept() -> Iterator[bytes]:
        for record in _records(source, settings.acquire, reading, parent):
            advance(1)
            if isinstance(record, Rejection):
                rejections.append(record)
            else:
                ids.append(record[0])
                yield record[1]
        if not ids:
            raise UserError(
                f"{config}: `acquire` gave no crystal at all: {len(rejections)} records, all "
                f"rejected{f', the first: {rejections[0].reason}' if rejections else ''}"
            )

    with progress("acquire", None) as advance:
        write_lines(output, kept())
    write_rejections(rejected, rejections)
    said = source.provenance(settings.acquire)
    if others := said.get("passed_over"):
        log.info(
            "passed over %d files that are not named *.cif or *.cif.gz: %s",
            sum(others.values()),
            ", ".join(f"{count} {ending}" for ending, count in others.items()),
        )
    if provenance is not None:
        known = part.known()
        content = {
            **settings.acquire.model_dump(mode="json"),
            **said,
            **{name: known[name] for name in _PROVENANCE if name in known},
            "kept": len(ids),
            "rejected": len(rejections),
            "ids": ids,
        }
        with written_aside(provenance) as aside:
            aside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    part.discard()
    log.info("acquired %d crystals, rejected %d records", len(ids), len(rejections))


def _records(
    source: Source, section: Any, reading: Reading, parent: Path | None
) -> Iterator[tuple[str, bytes] | Rejection]:
    """Yield the ids and the lines of crystals, and rejections."""
    if source.lines:
        known = frozenset(map(digest_of, read_lines(parent))) if parent else frozenset()
        yield from checked_lines(source.lines(section), known, reading.processes)
        return
    for record in source.read(section, reading):
        yield record if isinstance(record, Rejection) else (record.id, line_of(record))


if __name__ == "__main__":
    run_program(main)
