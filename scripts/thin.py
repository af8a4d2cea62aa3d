"""Keep so many crystals of each space group."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.json_lines import write_crystals
from spacegrouper.crystals.selection import select_crystals
from spacegrouper.errors import UserError
from spacegrouper.programs.command_line import log, progress, run_program
from spacegrouper.settings import load_settings


def main(
    structures: Annotated[Path, typer.Option(help="The standardised crystals, JSON lines.")],
    config: Annotated[Path, typer.Option(help="The configuration, YAML; read: thin, seed.")],
    output: Annotated[Path, typer.Option(help="The crystals that are kept, JSON lines.")],
    table: Annotated[Path, typer.Option(help="How many there are of each space group, CSV.")],
) -> None:
    """Keep at most as many crystals of each space group as `thin` in the configuration says.

    Goes in: standardised crystals as JSON lines. Comes out: those that are kept, in the same order;
    and a table with the columns spacegroup, wanted, found, kept and missing. Which are kept depends
    on the seed and the ids alone. Groups that the configuration does not name are left out.
    """
    settings = load_settings(config)
    wanted = settings.thin.counts
    if wanted is None:
        raise UserError(f"{config}: `thin.crystals_per_space_group` is missing; add it")
    with progress("thin", None) as advance:
        selection = select_crystals(structures, wanted, settings.seed, advance)
    if selection.rejections:
        raise UserError(
            f"{structures}: {selection.rejections[0].reason}; thin takes the products of "
            "standardise only, run that first"
        )
    if not selection.chosen:
        raise UserError(
            f"{structures}: no crystal of the space groups that `thin.crystals_per_space_group` "
            "names; name others"
        )
    kept = Counter(crystal.metadata["spacegroup"] for crystal in selection.chosen)
    groups = sorted({*wanted, *selection.found})
    rows = pd.DataFrame(
        {
            "spacegroup": groups,
            "wanted": [wanted.get(group, 0) for group in groups],
            "found": [selection.found[group] for group in groups],
            "kept": [kept[group] for group in groups],
        }
    ).assign(missing=lambda rows: (rows["wanted"] - rows["found"]).clip(lower=0))
    write_crystals(output, selection.chosen)
    with written_aside(table) as aside:
        rows.to_csv(aside, index=False)
    log.info(
        "kept %d of %d crystals, in %d space groups; %d are of space groups that are not wanted",
        kept.total(),
        selection.found.total(),
        len(kept),
        rows.loc[rows["wanted"] == 0, "found"].sum(),
    )
    if not (short := rows[rows["missing"] > 0]).empty:
        log.warning(
            "%d crystals are missing: %d of %d space groups have fewer than wanted, of which all "
            "are kept (found of wanted): %s",
            short["missing"].sum(),
            len(short),
            len(wanted),
            ", ".join(
                f"{row.spacegroup}: {row.found} of {row.wanted}" for row in short.itertuples()
            ),
        )


if __name__ == "__main__":
    run_program(main)
