"""Fetch the crystals that the configuration asks for."""

import json
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from command_line import progress, run_program

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.json_lines import read_crystals, write_crystals
from spacegrouper.crystals.partial_download import PartialDownload
from spacegrouper.crystals.rejections import write_rejections
from spacegrouper.errors import UserError
from spacegrouper.settings import (
    CifTreeSource,
    JsonLinesSource,
    MaterialsProjectSource,
    OptimadeSource,
    PrototypesSource,
    Settings,
    load_settings,
)

log = logging.getLogger("spacegrouper")

# What a provenance file has of all that is known of a download.
_PROVENANCE = ("database", "database_version", "licence", "queried")


def main(
    config: Annotated[Path, typer.Option(help="The configuration, YAML; read: acquire, seed.")],
    output: Annotated[Path, typer.Option(help="The crystals, JSON lines (.jsonl or .jsonl.gz).")],
    rejected: Annotated[Path, typer.Option(help="The records that are no crystals, CSV.")],
    provenance: Annotated[
        Path | None, typer.Option(help="Where the crystals come from, JSON.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Processes that read CIF files.")] = 1,
) -> None:
    """Bring crystals from their source into one file.

    Goes in: the source named in the configuration: prototypes, JSON lines, CIF files, the Materials
    Project (key in MP_API_KEY) or an OPTIMADE database. Comes out: every readable crystal, as JSON
    lines (docs/structures.md); the list of the records that are none, with reasons; and where all
    came from (docs/sources.md). What a download that breaks off has fetched stays beside the
    output, in a folder `.part`, and the next call goes on from there.
    """
    settings = load_settings(config)
    part = PartialDownload(output.with_name(f"{output.name}.part"))
    rejections: list[Rejection] = []
    ids: list[str] = []

    def kept() -> Iterator[Crystal]:
        for record in source_records(settings, part, threads):
            advance(1)
            if isinstance(record, Rejection):
                rejections.append(record)
            else:
                ids.append(record.id)
                yield record
        if not ids:
            raise UserError(
                f"{config}: `acquire` gave no crystal at all: {len(rejections)} records, all "
                f"rejected{f', the first: {rejections[0].reason}' if rejections else ''}"
            )

    with progress("acquire", None) as advance:
        write_crystals(output, kept())
    write_rejections(rejected, rejections)
    others = files_passed_over(settings)
    if others:
        log.info(
            "passed over %d files that are not named *.cif or *.cif.gz: %s",
            sum(others.values()),
            ", ".join(f"{count} {ending}" for ending, count in others.items()),
        )
    if provenance is not None:
        write_provenance(provenance, settings, part, ids, len(rejections), others)
    part.discard()
    log.info("acquired %d crystals, rejected %d records", len(ids), len(rejections))


def source_records(
    settings: Settings, part: PartialDownload, processes: int
) -> Iterable[Crystal | Rejection]:
    """Open the source that the settings name."""
    source = settings.acquire
    match source:
        case PrototypesSource():
            from spacegrouper.crystals.prototypes import prototype_crystals

            return prototype_crystals(source, settings.seed)
        case JsonLinesSource():
            return read_crystals(source.path)
        case CifTreeSource():
            from spacegrouper.crystals.cif_tree import read_cif_tree

            return read_cif_tree(source.path, processes)
        case MaterialsProjectSource():
            from spacegrouper.crystals.materials_project import read_materials_project

            return read_materials_project(source, part)
        case OptimadeSource():
            from spacegrouper.crystals.optimade import read_optimade

            return read_optimade(source, part)


def files_passed_over(settings: Settings) -> dict[str, int] | None:
    """Count the files of a folder of CIF files that were not read, by the ends of their names."""
    if not isinstance(settings.acquire, CifTreeSource):
        return None
    from spacegrouper.crystals.cif_tree import passed_over

    return passed_over(settings.acquire.path)


def write_provenance(
    path: Path,
    settings: Settings,
    part: PartialDownload,
    ids: list[str],
    rejected: int,
    passed_over: dict[str, int] | None,
) -> None:
    """Write where the crystals come from, what they may be used for, and which they are."""
    source = settings.acquire
    downloaded = isinstance(source, MaterialsProjectSource | OptimadeSource)
    known = part.known() if downloaded else {}
    content = {
        **source.model_dump(mode="json"),
        **({"passed_over": passed_over} if passed_over is not None else {}),
        **{name: known[name] for name in _PROVENANCE if name in known},
        "crystals": len(ids),
        "rejected": rejected,
        "ids": ids,
    }
    with written_aside(path) as aside:
        aside.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    run_program(main)
