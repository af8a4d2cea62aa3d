"""Pack standard cells for `make gpu`: all that is to travel to a machine with a GPU."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from cells_file import write_cells

from spacegrouper.contract.source import SOURCES
from spacegrouper.crystals.crystal import Crystal, Rejection, check_setting, stated_space_group
from spacegrouper.crystals.json_lines import read_crystals
from spacegrouper.dataset.made_with import made_with
from spacegrouper.errors import UserError
from spacegrouper.programs.command_line import Config, Structures, log, run_program
from spacegrouper.settings import Settings, load_settings
from spacegrouper.techniques.form_factors import reason_against_elements
from spacegrouper.training.split import select_classes

FOLDER = Path(__file__).parent


def main(
    structures: Structures,
    config: Config = FOLDER / "config.yaml",
    output: Annotated[Path, typer.Option(help="the file, of cells")] = FOLDER / "travels/cells.npz",
) -> None:
    """Write the standard cells of the crystals of `split.classes` to OUTPUT.

    STRUCTURES are those of standardise.py. What CONFIG says of patterns, split and training is in
    the file too.
    """
    settings = load_settings(config)
    check(settings, config)
    source = SOURCES["json_lines"].section.model_validate(
        {"source": "json_lines", "path": structures}
    )
    settings = settings.model_copy(update={"acquire": source})
    crystals = dict(enumerate(standard_cells(structures, settings)))
    group = pd.Series({row: cell.metadata["spacegroup"] for row, cell in crystals.items()})
    classes = select_classes(group, settings.split)
    packed = {row: crystals[row] for row in group.index[group.isin(classes)]}
    made = made_with(settings)
    derived = settings.technique.record_derived(settings, settings.simulate.pixels)
    write_cells(output, packed, settings, made | {"settings": made["settings"] | derived})
    size = output.stat().st_size / 1e6
    log.info("%d crystals of %d classes, %.1f MB: %s", len(packed), len(classes), size, output)


def check(settings: Settings, config: Path) -> None:
    """Refuse what a run on the GPU does not do."""
    split, train = settings.split, settings.train
    asked = {
        "thin": settings.thin.counts is not None,
        "simulate.engine": settings.technique.name != "patterns",
        "variation": settings.technique.copies(settings) > 0,
        "split.label": split.label != "spacegroup",
        "split.training_only": split.training_only is not None,
        "train.rotation_epochs": train.rotation_epochs is not None,
    }
    for key in (key for key, is_asked in asked.items() if is_asked):
        raise UserError(f"{config}: `{key}`: `make gpu` does not do this; leave it out")


def standard_cells(path: Path, settings: Settings) -> list[Crystal]:
    """Read the cells of a file, all of which can be simulated."""
    found = []
    for crystal in read_crystals(path):
        if isinstance(crystal, Rejection):
            raise UserError(f"{path}: {crystal.reason}")
        if "structure_key" not in crystal.metadata:
            raise UserError(
                f"{path}: crystal {crystal.id} is in no standard cell; give the file that "
                "scripts/standardise.py makes"
            )
        check_setting(crystal, settings.standardise.setting)
        stated_space_group(crystal, path)
        reason = reason_against_elements(crystal.species, settings.simulate.form_factors)
        if reason:
            raise UserError(f"{path}: crystal {crystal.id}: {reason}; leave it out")
        found.append(crystal)
    return found


if __name__ == "__main__":
    run_program(main)
