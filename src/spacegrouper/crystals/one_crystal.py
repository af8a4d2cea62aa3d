"""One crystal of a file: found by its id, brought into its standard cell, and named."""

import difflib
from collections.abc import Callable
from pathlib import Path

from spacegrouper.crystals.class_names import space_group_name
from spacegrouper.crystals.crystal import Crystal, Rejection, check_setting
from spacegrouper.crystals.json_lines import read_crystals
from spacegrouper.errors import UserError
from spacegrouper.settings import Standardise


def find_crystal(structures: Path, id: str, advance: Callable[[int], None]) -> Crystal:
    """Return the crystal of an id.

    Args:
        structures: crystals as JSON lines.
        id: of the crystal.
        advance: called with 1 after each record that is another's.

    Raises:
        UserError: none has the id, or its record is no crystal.
    """
    seen = []
    for record in read_crystals(structures):
        if record.id == id:
            if isinstance(record, Rejection):
                raise UserError(f"{structures}: {id} is no crystal, mend it: {record.reason}")
            return record
        seen.append(record.id)
        advance(1)
    nearest = difflib.get_close_matches(id, seen, n=1, cutoff=0)
    hint = f"; the nearest of {len(seen)} ids is {nearest[0]!r}" if nearest else ", nor any other"
    raise UserError(f"{structures}: no crystal has the id {id!r}{hint}")


def in_standard_cell(crystal: Crystal, settings: Standardise) -> Crystal:
    """Return a crystal in the cell of its setting, where standardise.py has not done so.

    Raises:
        UserError: it cannot be standardised, or is in the cell of the other setting.
    """
    check_setting(crystal, settings.setting)
    if "structure_key" in crystal.metadata:
        return crystal
    # Only here, as it is slow to import.
    from spacegrouper.crystals.standard_cell import standardise

    standardised = standardise(crystal, settings)
    if isinstance(standardised, Rejection):
        raise UserError(f"{crystal.id} cannot be standardised: {standardised.reason}")
    return standardised


def heading(crystal: Crystal) -> str:
    """Say which crystal it is, its space group and its cell; it must have been standardised."""
    from pymatgen.core import Lattice

    from spacegrouper.crystals.formula import printed_formula

    cell = Lattice(crystal.lattice)
    edges = ", ".join(f"{length:.2f}" for length in cell.abc)
    angles = ", ".join(f"{angle:.0f}°" for angle in cell.angles)
    group = space_group_name(crystal.metadata["spacegroup"])
    return f"{crystal.id}   {printed_formula(crystal)}   {group}   ({edges} Å; {angles})"
