"""Crystals out of files."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.one_crystal import heading
from spacegrouper.errors import UserError
from spacegrouper.prediction.structure_files import read_standard_crystals
from spacegrouper.settings import settings_from_mapping


@dataclass(frozen=True)
class StandardCrystal:
    """A crystal in its standard conventional cell.

    Args:
        crystal: the cell, its atoms, and what else is known of it.
    """

    crystal: Crystal

    @property
    def space_group(self) -> int:
        """The number of the space group that spglib finds."""
        return int(self.crystal.metadata["spacegroup"])

    def __repr__(self) -> str:
        return f"<{heading(self.crystal)}>"

    def _repr_html_(self) -> str:
        atoms = "".join(
            f"<tr><td>{escape(element)}</td>"
            + "".join(f"<td>{coordinate:.4f}</td>" for coordinate in place)
            + "</tr>"
            for element, place in zip(self.crystal.species, self.crystal.frac_coords, strict=True)
        )
        return (
            f"<details><summary>{escape(heading(self.crystal))}</summary>"
            f"<table><tr><th></th><th>x</th><th>y</th><th>z</th></tr>{atoms}</table></details>"
        )


def read(path: str | Path, **settings: Any) -> StandardCrystal:
    """Read a structure and bring it into its standard conventional cell.

    Args:
        path: a CIF, POSCAR, pymatgen's Structure as JSON, or JSON lines, with one crystal.
        settings: keys of the section `standardise`, such as `symprec=0.01`.

    Returns:
        The crystal.

    Raises:
        UserError: the file holds no crystal that can be used, or several.
    """
    made = settings_from_mapping({"standardise": settings}, "read()")
    found = read_standard_crystals(Path(path), made.standardise)
    if len(found) != 1:
        raise UserError(f"{path}: {len(found)} structures; give a file with one")
    if isinstance(found[0], Rejection):
        raise UserError(f"{found[0].id}: {found[0].reason}")
    return StandardCrystal(found[0])
