"""Describe a dataset: which crystals it holds, and what was measured of them."""

from spacegrouper.atomic import written_aside
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError
from spacegrouper.programs.command_line import (
    CORES,
    Results,
    Store,
    Threads,
    log,
    progress,
    run_program,
)


def main(dataset: Store, output: Results, threads: Threads = CORES) -> None:
    """Describe the finished crystals of a dataset.

    Reads DATASET. Writes to OUTPUT tables as CSV, and figures/ with each figure as SVG and PNG: of
    patterns, crystals and brightness for each space group, occupied pixels and nodes; of bitmaps,
    also how far they tell space groups apart (docs/dataset.md, docs/morphology.md).
    """
    group = Dataset(dataset)
    if group.technique.describe is None:
        raise UserError(f"{dataset}: holds {group.technique.measures}, which are not described")
    with progress("measuring", group.rows) as advance:
        found = group.technique.describe(group, threads, advance)
    # matplotlib takes a second to import.
    from spacegrouper.figures.toolkit import save_figure

    with written_aside(output) as folder:
        folder.mkdir()
        for name, table in found.tables.items():
            table.to_csv(folder / f"{name}.csv", index=False, float_format="%.6f")
        for name, figure in found.figures.items():
            save_figure(figure, folder / "figures", name)
    log.info("%s; written to %s", found.summary, output)


if __name__ == "__main__":
    run_program(main)
