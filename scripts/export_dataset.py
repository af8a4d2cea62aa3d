"""Export a selection of the dataset: Zarr store in, HDF5 for viewers or CSV out."""

from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.programs.command_line import log, progress, run_program


def main(
    store: Annotated[Path, typer.Argument(help="Zarr store made by shape.py")],
    output: Annotated[Path, typer.Option(help="HDF5 file to write, or *.csv")],
    spacegroup: Annotated[
        list[str] | None,
        typer.Option(help="crystals of this space group, 225 or Fm-3m; may be repeated"),
    ] = None,
    material_id: Annotated[
        list[str] | None, typer.Option("--id", help="this crystal; may be repeated")
    ] = None,
) -> None:
    """Write patterns with their labels to one file; without a selection, all. It replaces another.

    Crystals that were rejected are left out. An HDF5 file opens in h5web, silx and other viewers;
    it has the layout of a raw shard, with the shaped patterns besides, where the dataset has them.
    A CSV file is for datasets of grey levels: id, bitmap (base64 of a PNG file, the views one below
    the other), spacegroup.
    """
    from spacegrouper.dataset.dataset import Dataset
    from spacegrouper.dataset.export import export_csv, export_hdf5, select_rows
    from spacegrouper.settings.space_group_symbols import space_group_number

    groups = [space_group_number(name) for name in spacegroup or ()]
    dataset = Dataset(store)
    rows = select_rows(dataset, groups, material_id or ())
    with progress("export", len(rows)) as advance:
        export = export_csv if output.suffix.lower() == ".csv" else export_hdf5
        export(dataset, rows, output, advance)
    log.info("exported %d crystals to %s", len(rows), output)


if __name__ == "__main__":
    run_program(main)
