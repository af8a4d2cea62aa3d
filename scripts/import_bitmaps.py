"""Import a database of bitmaps: a table in, raw HDF5 shards out."""

from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.errors import UserError
from spacegrouper.programs.command_line import log, progress, run_program
from spacegrouper.settings import load_settings
from spacegrouper.techniques.morphology.settings import Morphology


def main(
    config: Annotated[
        Path, typer.Option(help="settings as YAML; sections `morphology` and `plan` are used")
    ],
    output: Annotated[Path, typer.Option(help="folder to write blocks/ to")],
    database: Annotated[
        str | None, typer.Option(help="URL of the database, in place of `morphology.database`")
    ] = None,
    rejected: Annotated[
        Path | None, typer.Option(help="rows that cannot be used, CSV; or OUTPUT/rejected.csv")
    ] = None,
) -> None:
    """Read all rows of a table of bitmaps, and decode them.

    Writes raw shards of `plan.block_size` crystals, with manifests, to OUTPUT/blocks. Rows that
    cannot be used are listed with the reasons. All appears when the last row is read; until then
    OUTPUT holds import.unfinished, from which the same command goes on if it was stopped.
    """
    settings = load_settings(config)
    url = database or settings.of(Morphology).database
    if settings.engine.crystals or url is None:
        raise UserError(
            f"{config}: `simulate.engine: {settings.simulate.engine}` reads no database; set it "
            "to `bitmap_database`, and `morphology.database` to its URL"
        )
    # Imported here, so that --help does not wait for the compiler.
    from spacegrouper.techniques.morphology.bitmap_database import measure_table, open_source
    from spacegrouper.techniques.morphology.bitmap_import import import_bitmaps

    source = open_source(url, settings.of(Morphology))
    extent = measure_table(source)
    rejected = rejected or output / "rejected.csv"
    with progress("import", extent.rows) as advance:
        counts = import_bitmaps(source, extent, settings, output, rejected, advance)
    log.info(
        "imported %d crystals in %d blocks, rejected %d rows",
        counts.crystals,
        counts.blocks,
        counts.rejected,
    )


if __name__ == "__main__":
    run_program(main)
