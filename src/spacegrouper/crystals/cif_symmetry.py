"""What a CIF file says of its symmetry: operations, Hall symbol, Hermann-Mauguin symbol, number.

Statements are held against each other and against the cell: those that contradict are refused by
name. Operations and Hall symbols fix origin and axes; the other two may leave a choice, and then
all settings that the cell allows are returned. Settings are those of spglib and gemmi.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import gemmi
import numpy as np
import spglib
from numpy.typing import NDArray

from spacegrouper.crystals.cif_text import UNKNOWN, Block, CifError, shown

_DENOMINATOR = 24  # of gemmi's operations: translations are multiples of 1/24
_LARGEST_GROUP = 192  # operations of Fm-3m and its kin in their cubic cells
_METRIC_TOLERANCE = 4e-3  # of products of cell vectors: 0.2 % of a length, 0.2 degrees

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
_NUMBER_BESIDE = re.compile(
    r"\(\d\d+\)$|[(\[]?\s*(?:no\.?|nr\.?|number|#)\s*\d+\s*[)\]]?", re.IGNORECASE
)

Rotation = tuple[int, ...]
Operation = tuple[Rotation, tuple[int, int, int]]


@dataclass(frozen=True)
class Setting:
    """A space group with its origin and axes.

    symbol: Hermann-Mauguin; number: 1 to 230; choice: of origin or axes, "1", "2", "H", "R" or
    empty; operations: 3 x 3 rotations in rows, and translations in 24ths.
    """

    symbol: str
    number: int
    choice: str
    operations: frozenset[Operation] = field(repr=False)

    @property
    def name(self) -> str:
        """The symbol with its choice, such as "F d -3 m:2"."""
        return f"{self.symbol}:{self.choice}" if self.choice else self.symbol

    def matrices(self) -> NDArray[np.float64]:
        """Return the operations as (n, 4, 4) matrices, in a fixed order, the identity first."""
        rotations, translations = _arrays(self.operations)
        matrices = np.zeros((len(rotations), 4, 4))
        matrices[:, :3, :3] = rotations
        matrices[:, :3, 3] = translations / _DENOMINATOR
        matrices[:, 3, 3] = 1
        first = (matrices != np.eye(4)).any(axis=(1, 2)).argsort(kind="stable")
        ordered: NDArray[np.float64] = matrices[first]
        return ordered


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
        return any(_same_but_origin(setting, candidate) for candidate in meant)

    def __str__(self) -> str:
        setting = self.tiers[0][0]
        return f"{self.words} ({setting.name}, no. {setting.number})"


def stated_settings(block: Block, lattice: NDArray[np.float64]) -> list[Setting]:
    """Return the settings of the space group that agree with all that a block says.

    lattice: (3, 3), Angstrom, rows. One setting, unless origin or axes are left open; none where
    the block says nothing. Raises CifError for what contradicts itself, the cell included.
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
            raise CifError(
                f"the file contradicts itself: {first} and {other} are different "
                f"{'settings of one space group' if number else 'space groups'}"
            )
    if not first.fixed:
        for code in block.values("_space_group_IT_coordinate_system_code"):
            choice = _CHOICES.get(code.casefold())
            chosen = [[setting for setting in tier if setting.choice == choice] for tier in tiers]
            tiers = chosen if any(chosen) else tiers
    for tier in tiers:
        if fitting := [setting for setting in tier if _preserves(setting, lattice)]:
            return fitting
    lengths = np.linalg.norm(lattice, axis=1)
    angles = [
        np.degrees(np.arccos(lattice[i] @ lattice[j] / (lengths[i] * lengths[j])))
        for i, j in ((1, 2), (0, 2), (0, 1))
    ]
    cell = ", ".join(f"{number:.6g}" for number in (*lengths, *angles))
    raise CifError(f"the cell ({cell}) does not have the symmetry of {first}")


def _listed(block: Block, lattice: NDArray[np.float64]) -> list[_Statement]:
    statements = []
    # Each list by itself: two that differ would make up a third group together.
    for tag in _OPERATIONS:
        if not block.values(tag):
            continue
        texts = dict.fromkeys(text for text in block.table(tag)[tag.lower()] if text not in UNKNOWN)
        if len(texts) > _LARGEST_GROUP:
            raise CifError(
                f"{len(texts)} symmetry operations are listed; no space group has more than "
                f"{_LARGEST_GROUP} in its cell"
            )
        operations = frozenset(map(_operation, texts))
        words = f"the list of {len(operations)} symmetry operation{'s' * (len(operations) > 1)}"
        if operations not in _by_operations():
            _check_group(operations)
        setting = _setting(operations, lattice, words)
        statements.append(_Statement(words, [[setting]], fixed=True))
    if not statements and block.values(_MAGNETIC):
        raise CifError(
            "a magnetic structure, with magnetic symmetry operations only; give the file of "
            "the crystal structure, with _space_group_symop_operation_xyz"
        )
    return statements


def _setting(
    operations: frozenset[Operation], lattice: NDArray[np.float64] | None, words: str
) -> Setting:
    """Return the setting with these operations, which are a group; made for it if need be."""
    if (setting := _by_operations().get(operations)) is not None:
        return setting
    rotations, translations = _arrays(operations)
    found = spglib.get_spacegroup_type_from_symmetry(
        rotations, translations / _DENOMINATOR, lattice
    )
    if found is None:
        raise CifError(f"{words} is of no space group that spglib knows in this cell")
    name = f"{found.international_short} in an unusual setting"
    return Setting(name, int(found.number), "", operations)


def _operation(text: str) -> Operation:
    try:
        operation = gemmi.Op(text.strip("'\"")).wrap()
    except (ValueError, RuntimeError):
        raise CifError(
            f"the symmetry operation {shown(text)} cannot be read; give it like x,1/2-y,z, with "
            "steps that are multiples of 1/24"
        ) from None
    plain = _plain(operation)
    if abs(round(float(np.linalg.det(np.reshape(plain[0], (3, 3)))))) != 1 or any(
        number % _DENOMINATOR for row in operation.rot for number in row
    ):
        raise CifError(f"{shown(text)} is no symmetry operation: it deforms the cell")
    return plain


def _plain(operation: gemmi.Op) -> Operation:
    rotation = tuple(number // _DENOMINATOR for row in operation.rot for number in row)
    x, y, z = (number % _DENOMINATOR for number in operation.tran)
    return rotation, (x, y, z)


def _arrays(
    operations: Iterable[Operation],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rotations (n, 3, 3) and translations (n, 3) in 24ths, in a fixed order."""
    ordered = sorted(operations)
    rotations = np.array([rotation for rotation, _ in ordered]).reshape(-1, 3, 3)
    return rotations, np.array([translation for _, translation in ordered])


def _check_group(operations: frozenset[Operation]) -> None:
    identity = ((1, 0, 0, 0, 1, 0, 0, 0, 1), (0, 0, 0))
    if identity not in operations:
        raise CifError("the symmetry operations listed are no group: x,y,z is not among them")
    rotations, translations = _arrays(operations)
    for rotation, translation in zip(rotations, translations, strict=True):
        products = zip(
            (rotation @ rotations).reshape(-1, 9).tolist(),
            ((translations @ rotation.T + translation) % _DENOMINATOR).tolist(),
            strict=True,
        )
        for turned, moved in products:
            if (tuple(turned), tuple(moved)) not in operations:
                raise CifError(
                    f"the {len(operations)} symmetry operations listed are no group: two of them "
                    f"in a row give one that is not listed, {_triplet(turned, moved)}"
                )


def _triplet(rotation: Sequence[int], translation: Sequence[int]) -> str:
    operation = gemmi.Op()
    operation.rot = (np.reshape(rotation, (3, 3)) * _DENOMINATOR).tolist()
    operation.tran = list(translation)
    return str(operation.triplet())


def _hall(block: Block, needed: bool) -> list[_Statement]:
    """Return what the Hall symbols say; those of other spellings are passed over if not needed."""
    statements = []
    for symbol in block.values(*_HALL):
        words = f"the Hall symbol {shown(symbol)}"
        try:
            operations = frozenset(map(_plain, gemmi.symops_from_hall(symbol.replace("_", " "))))
        except (ValueError, RuntimeError):
            if not needed:
                continue
            raise CifError(f"{words} cannot be read") from None
        statements.append(_Statement(words, [[_setting(operations, None, words)]], fixed=True))
    return statements


def _symbols(block: Block, needed: bool) -> list[_Statement]:
    """Return what the Hermann-Mauguin symbols say; unknown ones are passed over if not needed."""
    statements = []
    unknown = []
    for symbol in block.values(*_SYMBOLS):
        key = _key(symbol)
        choice = ""
        if key not in _by_symbol() and (match := _ENDING.fullmatch(key)):
            key, choice = match[1], _CHOICES[match[2]]
        # The ICSD puts the letters also where there is no choice.
        tiers = [
            [setting for setting in tier if not choice or setting.choice in (choice, "")]
            for tier in _by_symbol().get(key, [])
        ]
        if any(tiers):
            words = f"the symbol {shown(symbol)}"
            fixed = bool(choice) and any(tier[0].choice for tier in tiers)
            statements.append(_Statement(words, tiers, fixed=fixed))
        else:
            unknown.append(symbol)
    if needed and unknown and not statements:
        raise CifError(
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
            raise CifError(f"{tag} is {number:g}; space groups have the numbers 1 to 230")
        settings = [setting for setting in _by_operations().values() if setting.number == number]
        # The symbol of the International Tables, with both origins or axes; then others that have
        # as many lattice points in the cell; then all.
        reference = gemmi.get_spacegroup_reference_setting(int(number))
        order = len(reference.operations())
        tiers: list[list[Setting]] = [[], [], []]
        for setting in settings:
            usual = setting.symbol == reference.hm
            tiers[0 if usual else 1 if len(setting.operations) == order else 2].append(setting)
        words = f"the number {number:g}"
        statements.append(_Statement(words, [tier for tier in tiers if tier], number=True))
    return statements


def _key(symbol: str) -> str:
    """Return a symbol without what plays no role: blanks, case, marks of subscripts, its number.

    P2_1/n, P2(1)/n and p 21/n are the same.
    """
    symbol = _NUMBER_BESIDE.sub("", symbol).casefold()
    return re.sub(r"[\s_()~\[\]]", "", symbol)


def _preserves(setting: Setting, lattice: NDArray[np.float64]) -> bool:
    """Tell whether a cell has the symmetry of a group, but for rounding."""
    metric = lattice @ lattice.T
    rotations = _arrays(setting.operations)[0]
    turned = rotations.transpose(0, 2, 1) @ metric @ rotations
    lengths = np.sqrt(np.diag(metric))
    return bool((np.abs(turned - metric) <= _METRIC_TOLERANCE * np.outer(lengths, lengths)).all())


def _same_but_origin(setting: Setting, named: Setting) -> bool:
    """Tell whether a setting has the axes that a symbol names, wherever its origin is.

    A symbol does not tell the axes of a cell that is not of its lattice type, such as the primitive
    one of a face-centred lattice, nor those of a tetragonal, hexagonal or cubic one.
    """
    if setting.operations == named.operations:
        return True
    if setting.number != named.number:
        return False
    rotations, translations = _arrays(setting.operations)
    named_rotations, named_translations = _arrays(named.operations)
    if {rotation for rotation, _ in setting.operations} != {
        rotation for rotation, _ in named.operations
    }:
        return len(rotations) != len(named_rotations) or setting.number >= 75
    if len(rotations) != len(named_rotations):
        return False
    centring = named_translations[(named_rotations == np.eye(3)).all(axis=(1, 2))]
    steps = np.indices((2 * _DENOMINATOR,) * 3).reshape(3, -1).T  # of half a 24th
    # About an origin moved by a step s, an operation (W, w) reads (W, w + (W - 1) s).
    for rotation, translation in zip(rotations, translations, strict=True):
        same = (named_rotations == rotation).all(axis=(1, 2))
        wanted = 2 * (named_translations[same][0] + centring - translation)
        moved = steps @ (rotation - np.eye(3, dtype=int)).T
        left = (moved[:, None] - wanted) % (2 * _DENOMINATOR)
        steps = steps[(left == 0).all(axis=2).any(axis=1)]
    return len(steps) > 0


@lru_cache(maxsize=1)
def _settings() -> list[Setting]:
    """Return all settings in gemmi's table."""
    return [
        Setting(
            group.hm,
            group.number,
            group.ext if group.ext in "12HR" else "",
            frozenset(map(_plain, group.operations())),
        )
        for group in gemmi.spacegroup_table()
    ]


@lru_cache(maxsize=1)
def _by_operations() -> dict[frozenset[Operation], Setting]:
    """Return the setting that has each set of operations; of several symbols the first."""
    return {setting.operations: setting for setting in reversed(_settings())}


@lru_cache(maxsize=1)
def _by_symbol() -> dict[str, list[list[Setting]]]:
    """Return the settings that each symbol may mean, in the form that `_key` gives it.

    A short monoclinic symbol means the unique axis b if the cell allows it, else c or a.
    """
    symbols: dict[str, dict[Setting, None]] = {}  # as ordered sets
    for setting in _settings():
        names = [setting.symbol]
        if 3 <= setting.number <= 15:
            names.append(setting.symbol.replace(" 1", ""))
        if setting.number >= 200:  # m3m, as it was written before 1983
            names.append(setting.symbol.replace("-3", "3"))
        for name in names:
            symbols.setdefault(_key(name), {})[setting] = None
    for hall_number in range(1, 531):
        kind = spglib.get_spacegroup_type(hall_number)
        operations = frozenset(map(_plain, gemmi.symops_from_hall(kind.hall_symbol)))
        # Full symbols, and those with the glide plane e: "C m c e = C m c a".
        names = [kind.international_full]
        if kind.number > 15:
            names += kind.international.split("=")
        for name in names:
            symbols.setdefault(_key(name), {})[_by_operations()[operations]] = None
    return {
        key: [
            tier
            for axis in (2, 3, 1)  # b, c, a
            if (tier := [setting for setting in settings if _unique_axis(setting) == axis])
        ]
        for key, settings in symbols.items()
    }


def _unique_axis(setting: Setting) -> int:
    """Return where the symbol of a monoclinic group is not 1: 1 to 3; 2 for all others."""
    if not 3 <= setting.number <= 15:
        return 2
    parts = setting.symbol.split()
    return next(place for place in (2, 3, 1) if parts[place] != "1")
