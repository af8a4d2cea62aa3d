"""Import a database of bitmaps: a table in, raw HDF5 shards and a CSV file out."""

import logging
from pathlib import Path
from typing import Annotated

import typer
from command_line import progress, run_program

from spacegrouper.crystals.rejections import read_rejections
from spacegrouper.errors import UserError
from spacegrouper.settings import load_settings
from spacegrouper.techniques.morphology.settings import Morphology

log = logging.getLogger("spacegrouper")


def main(
    config: Annotated[
        Path, typer.Option(help="settings as YAML; sections `morphology` and `plan` are used")
    ],
    output: Annotated[Path, typer.Option(help="folder to write blocks/ and data/data.csv to")],
    database: Annotated[
        str | None, typer.Option(help="URL of the database, in place of `morphology.database`")
    ] = None,
    rejected: Annotated[
        Path | None, typer.Option(help="rows that cannot be used, CSV; or OUTPUT/rejected.csv")
    ] = None,
    earlier_rejected: Annotated[
        Path | None, typer.Option(help="what earlier stages rejected, CSV; comes first in the list")
    ] = None,
) -> None:
    """Read all rows of a table of bitmaps, and decode them.

    Writes to OUTPUT: blocks/ (raw shards of `plan.block_size` crystals, with manifests) and
    data/data.csv (id, bitmap as base64 of a PNG file, spacegroup). Rows that cannot be used are
    listed with the reasons. All appears when the last row is read; until then OUTPUT holds
    import.unfinished, from which the same command goes on if it was stopped.
    """
    settings = load_settings(config)
    url = database or settings.of(Morphology).database
    if url is None:
        raise UserError(f"{config}: no `morphology.database`; set it, or give --database URL")
    # Imported here, so that --help does not wait for the compiler.
    from spacegrouper.techniques.morphology.bitmap_database import measure_table, open_source
    from spacegrouper.techniques.morphology.bitmap_import import import_bitmaps

    source = open_source(url, settings.of(Morphology))
    extent = measure_table(source)
    earlier = read_rejections(earlier_rejected) if earlier_rejected else []
    with progress("import", extent.rows) as advance:
        counts = import_bitmaps(
            source,
            extent,
            settings,
            output,
            rejected or output / "rejected.csv",
            earlier,
            advance,
        )
    log.info(
        "imported %d crystals in %d blocks, rejected %d rows",
        counts.crystals,
        counts.blocks,
        counts.rejected,
    )


if __name__ == "__main__":
    run_program(main)
