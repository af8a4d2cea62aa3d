"""What a CIF file says of its symmetry: operations, Hall symbol, Hermann-Mauguin symbol, number.

Statements are held against each other and against the cell: those that contradict are refused by
name. Operations and Hall symbols fix origin and axes; the other two may leave a choice, and then
all settings that the cell allows are returned. Settings are those of spglib and gemmi.
"""

import math
import re
from dataclasses import dataclass

import gemmi
import numpy as np
import spglib
from numpy.typing import NDArray

from spacegrouper.crystals.cif_text import UNKNOWN, Block, shown
from spacegrouper.crystals.space_group_settings import (
    Operations,
    Setting,
    arrays,
    in_order,
    operations_from_hall,
    settings_by_number,
    settings_by_operations,
    settings_by_symbol,
    symbol_key,
)
from spacegrouper.errors import UserError

_LARGEST_GROUP = 192  # operations of Fm-3m and its kin in their cubic cells

_OPERATIONS = ("_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz")
_MAGNETIC = "_space_group_symop_magn_operation_xyz"
_HALL = ("_space_group_name_Hall", "_symmetry_space_group_name_Hall")
_SYMBOLS = (
    "_space_group_name_H-M_alt",
    "_symmetry_space_group_name_H-M",
    "_space_group_name_H-M_full",
)
_NUMBERS = ("_space_group_IT_number", "_symmetry_Int_Tables_number")

# Endings of symbols, as in the ICSD (S: origin 1, Z: at a centre), in gemmi and in words.
_CHOICES = {
    "1": "1", "s": "1", "o1": "1", "origin1": "1", "originchoice1": "1",
    "2": "2", "z": "2", "o2": "2", "origin2": "2", "originchoice2": "2",
    "h": "H", "hs": "H", "hexagonalaxes": "H",
    "r": "R", "rs": "R", "rhombohedralaxes": "R",
}  # fmt: skip
_ENDING = re.compile(rf"(.+?):?({'|'.join(sorted(_CHOICES, key=len, reverse=True))})")


@dataclass(frozen=True)
class _Statement:
    """What one tag says: in words, and the settings it may mean, by convention the first first.

    `fixed`: origin and axes are stated too. `number`: only the space group is.
    """

    words: str
    tiers: list[list[Setting]]
    fixed: bool = False
    number: bool = False

    def allows(self, setting: Setting) -> bool:
        """Tell whether this may be a statement on a crystal in that setting."""
        meant = [candidate for tier in self.tiers for candidate in tier]
        if self.number:
            return setting.number == meant[0].number
        if self.fixed:
            return any(setting.operations == candidate.operations for candidate in meant)
        return any(setting.has_axes_of(candidate) for candidate in meant)

    def __str__(self) -> str:
        setting = self.tiers[0][0]
        return f"{self.words} ({setting.name}, no. {setting.number})"


def stated_settings(block: Block, lattice: NDArray[np.float64]) -> list[Setting]:
    """Return the settings of the space group that agree with all that a block says.

    Args:
        block: a data block.
        lattice: (3, 3), Angstrom, rows.

    Returns:
        One setting, unless origin or axes are left open; none where the block says nothing.

    Raises:
        UserError: statements contradict each other, or the cell.
    """
    statements = _listed(block, lattice)
    statements += _hall(block, needed=not statements)
    statements += _symbols(block, needed=not statements)
    statements += _numbers(block)
    if not statements:
        return []
    first = statements[0]  # the most definite
    tiers = first.tiers
    for other in statements[1:]:
        tiers = [[setting for setting in tier if other.allows(setting)] for tier in tiers]
        if not any(tiers):
            number = other.tiers[0][0].number == first.tiers[0][0].number
            raise UserError(
                f"the file contradicts itself: {first} and {other} are different "
                f"{'settings of one space group' if number else 'space groups'}"
            )
    if not first.fixed:
        for code in block.values("_space_group_IT_coordinate_system_code"):
            choice = _CHOICES.get(code.casefold())
            chosen = [[setting for setting in tier if setting.choice == choice] for tier in tiers]
            tiers = chosen if any(chosen) else tiers
    for tier in tiers:
        if fitting := [setting for setting in tier if setting.preserves(lattice)]:
            return fitting
    # Only here: it imports much of pymatgen.
    from pymatgen.core import Lattice

    cell = ", ".join(f"{number:.6g}" for number in Lattice(lattice).parameters)
    raise UserError(f"the cell ({cell}) does not have the symmetry of {first}")


def _listed(block: Block, lattice: NDArray[np.float64]) -> list[_Statement]:
    statements = []
    # Each list by itself: two that differ would make up a third group together.
    for tag in _OPERATIONS:
        if not block.values(tag):
            continue
        texts = dict.fromkeys(text for text in block.table(tag)[tag.lower()] if text not in UNKNOWN)
        if len(texts) > _LARGEST_GROUP:
            raise UserError(
                f"{len(texts)} symmetry operations are listed; no space group has more than "
                f"{_LARGEST_GROUP} in its cell"
            )
        operations = frozenset(map(_operation, texts))
        words = f"the list of {len(operations)} symmetry operation{'s' * (len(operations) > 1)}"
        if operations not in settings_by_operations():
            _check_group(operations)
        setting = _setting(operations, lattice, words)
        statements.append(_Statement(words, [[setting]], fixed=True))
    if not statements and block.values(_MAGNETIC):
        raise UserError(
            "a magnetic structure, with magnetic symmetry operations only; give the file of "
            "the crystal structure, with _space_group_symop_operation_xyz"
        )
    return statements


def _setting(operations: Operations, lattice: NDArray[np.float64] | None, words: str) -> Setting:
    """Return the setting with these operations, which are a group; made for it if need be."""
    if (setting := settings_by_operations().get(operations)) is not None:
        return setting
    rotations, translations = arrays(operations)
    found = spglib.get_spacegroup_type_from_symmetry(
        rotations, translations / gemmi.Op.DEN, lattice
    )
    if found is None:
        raise UserError(f"{words} is of no space group that spglib knows in this cell")
    name = f"{found.international_short} in an unusual setting"
    return Setting(name, int(found.number), "", operations)


def _operation(text: str) -> gemmi.Op:
    try:
        operation = gemmi.Op(text.strip("'\"")).wrap()
    except (ValueError, RuntimeError):
        raise UserError(
            f"the symmetry operation {shown(text)} cannot be read; give it like x,1/2-y,z, with "
            "steps that are multiples of 1/24"
        ) from None
    if (
        abs(operation.det_rot()) != gemmi.Op.DEN**3
        or (np.array(operation.rot) % gemmi.Op.DEN).any()
    ):
        raise UserError(f"{shown(text)} is no symmetry operation: it deforms the cell")
    return operation


def _check_group(operations: Operations) -> None:
    if gemmi.Op("x,y,z") not in operations:
        raise UserError("the symmetry operations listed are no group: x,y,z is not among them")
    ordered = in_order(operations)
    for second in ordered:
        for first in ordered:
            both = (second * first).wrap()
            if both not in operations:
                raise UserError(
                    f"the {len(operations)} symmetry operations listed are no group: two of them "
                    f"in a row give one that is not listed, {both.triplet()}"
                )


def _hall(block: Block, needed: bool) -> list[_Statement]:
    """Return what the Hall symbols say; those of other spellings are passed over if not needed."""
    statements = []
    for symbol in block.values(*_HALL):
        words = f"the Hall symbol {shown(symbol)}"
        try:
            operations = operations_from_hall(symbol.replace("_", " "))
        except (ValueError, RuntimeError):
            if not needed:
                continue
            raise UserError(f"{words} cannot be read") from None
        statements.append(_Statement(words, [[_setting(operations, None, words)]], fixed=True))
    return statements


def _symbols(block: Block, needed: bool) -> list[_Statement]:
    """Return what the Hermann-Mauguin symbols say; unknown ones are passed over if not needed."""
    statements = []
    unknown = []
    for symbol in block.values(*_SYMBOLS):
        key = symbol_key(symbol)
        choice = ""
        if key not in settings_by_symbol() and (match := _ENDING.fullmatch(key)):
            key, choice = match[1], _CHOICES[match[2]]
        # The ICSD puts the letters also where there is no choice.
        tiers = [
            [setting for setting in tier if not choice or setting.choice in (choice, "")]
            for tier in settings_by_symbol().get(key, [])
        ]
        if any(tiers):
            words = f"the symbol {shown(symbol)}"
            fixed = bool(choice) and any(tier[0].choice for tier in tiers)
            statements.append(_Statement(words, tiers, fixed=fixed))
        else:
            unknown.append(symbol)
    if needed and unknown and not statements:
        raise UserError(
            f"the space group {shown(unknown[0])} is not known, and no symmetry operations are "
            "listed"
        )
    return statements


def _numbers(block: Block) -> list[_Statement]:
    """Return what the space-group numbers say; 0 is taken for unknown."""
    statements = []
    for tag in _NUMBERS:
        number = block.number(tag)
        if math.isnan(number) or number == 0:
            continue
        if number not in range(1, 231):
            raise UserError(f"{tag} is {number:g}; space groups have the numbers 1 to 230")
        tiers = settings_by_number(int(number))
        statements.append(_Statement(f"the number {number:g}", tiers, number=True))
    return statements
