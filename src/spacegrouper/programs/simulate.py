"""Simulate the patterns of a block of crystals: JSON lines in, raw HDF5 shard out."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.contract.engine import Patterns
from spacegrouper.crystals.copies import COPY_OF, with_copies
from spacegrouper.crystals.crystal import Crystal, Rejection, check_setting, space_group_of
from spacegrouper.crystals.json_lines import read_crystals
from spacegrouper.errors import UserError
from spacegrouper.programs.command_line import CORES, Crystals, Threads, log, progress
from spacegrouper.settings import load_settings


def main(
    structures: Crystals,
    config: Annotated[
        Path,
        typer.Option(
            help="settings as YAML; section `simulate` and those of its technique are used"
        ),
    ],
    output: Annotated[Path, typer.Option(help="raw shard to write, *.h5; its manifest: *.json")],
    threads: Threads = CORES,
) -> None:
    """Simulate what the configuration's engine measures of crystals: patterns, powders, habits.

    Cells are not standardised again. Where the configuration asks for copies of each crystal, they
    follow it. A crystal that cannot be simulated keeps its row, black and marked as rejected; a
    line that cannot be read as a crystal, or names no space group that exists, has none. The
    manifest beside the output names both, with the reasons. A file without any line is a block of
    which no crystal is left; its shard has no rows.
    """
    settings = load_settings(config)
    # Imported here, so that --help does not wait for the compiler.
    from spacegrouper.dataset.integrity import write_manifest
    from spacegrouper.dataset.made_with import made_with
    from spacegrouper.dataset.raw_shard import labels_of, write_empty_shard, write_raw_shard

    copies = settings.technique.copies(settings)
    crystals: list[Crystal] = []
    rejected: dict[str, str] = {}
    for record in read_crystals(structures):
        if isinstance(record, Rejection):
            rejected[record.id] = record.reason
            continue
        check_setting(record, settings.standardise.setting)
        try:
            space_group_of(record)
            crystals += with_copies(record, copies)
        except ValueError as error:
            rejected[record.id] = str(error)
    if not crystals and rejected:
        raise UserError(f"{structures}: no crystals to simulate")
    if not crystals:
        write_empty_shard(output, made_with(settings))
        write_manifest(output, {"crystals": 0, "rejected": {}})
        log.info("no crystal of this block is left to simulate")
        return
    name, times = Counter(crystal.id for crystal in crystals).most_common(1)[0]
    if times > 1:
        raise UserError(
            f"{structures}: {times} crystals have the id {name}; scripts/standardise.py keeps the "
            "first of them"
        )
    simulated = settings.engine.simulate(crystals, settings, threads)
    with progress("simulate", len(crystals)) as advance:

        def batches() -> Iterator[Patterns]:
            for batch in simulated:
                yield batch
                advance(len(batch.reasons))

        further = settings.standardise.labels
        if copies:
            further = (*further, COPY_OF)
        labels = labels_of(crystals, further)
        rejected |= write_raw_shard(output, labels, batches(), made_with(settings))
    for material_id, reason in rejected.items():
        log.warning("rejected %s: %s", material_id, reason)
    write_manifest(output, {"crystals": len(crystals), "rejected": rejected})
    log.info("simulated %d crystals, rejected %d", len(crystals), len(rejected))
