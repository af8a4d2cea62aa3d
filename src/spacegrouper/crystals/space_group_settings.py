"""Space groups with their origin and axes: the settings that gemmi and spglib know."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import gemmi
import numpy as np
import spglib
from numpy.typing import NDArray

_METRIC_TOLERANCE = 4e-3  # of products of cell vectors: 0.2 % of a length, 0.2 degrees
_NUMBER_BESIDE = re.compile(
    r"\(\d\d+\)$|[(\[]?\s*(?:no\.?|nr\.?|number|#)\s*\d+\s*[)\]]?", re.IGNORECASE
)

Operations = frozenset[gemmi.Op]


@dataclass(frozen=True)
class Setting:
    """A space group with its origin and axes.

    Args:
        symbol: Hermann-Mauguin.
        number: 1 to 230.
        choice: of origin or axes, "1", "2", "H", "R" or empty.
        operations: with translations in [0, 1).
    """

    symbol: str
    number: int
    choice: str
    operations: Operations = field(repr=False)

    @property
    def name(self) -> str:
        """The symbol with its choice, such as "F d -3 m:2"."""
        return f"{self.symbol}:{self.choice}" if self.choice else self.symbol

    def matrices(self) -> NDArray[np.float64]:
        """Return the operations as (n, 4, 4) matrices, in a fixed order, the identity first."""
        rotations, translations = arrays(self.operations)
        matrices = np.zeros((len(rotations), 4, 4))
        matrices[:, :3, :3] = rotations
        matrices[:, :3, 3] = translations / gemmi.Op.DEN
        matrices[:, 3, 3] = 1
        first = (matrices != np.eye(4)).any(axis=(1, 2)).argsort(kind="stable")
        ordered: NDArray[np.float64] = matrices[first]
        return ordered

    def preserves(self, lattice: NDArray[np.float64]) -> bool:
        """Tell whether a cell (3, 3) has the symmetry of the group, but for rounding."""
        metric = lattice @ lattice.T
        rotations = arrays(self.operations)[0]
        turned = rotations.transpose(0, 2, 1) @ metric @ rotations
        lengths = np.sqrt(np.diag(metric))
        largest = _METRIC_TOLERANCE * np.outer(lengths, lengths)
        return bool((np.abs(turned - metric) <= largest).all())

    def has_axes_of(self, named: "Setting") -> bool:
        """Tell whether a setting has the axes that a symbol names, wherever its origin is.

        A symbol does not tell the axes of a cell that is not of its lattice type, such as the
        primitive one of a face-centred lattice, nor those of a tetragonal, hexagonal or cubic one.
        """
        if self.operations == named.operations:
            return True
        if self.number != named.number:
            return False
        rotations, translations = arrays(self.operations)
        named_rotations, named_translations = arrays(named.operations)
        if set(map(_rotation, self.operations)) != set(map(_rotation, named.operations)):
            return len(rotations) != len(named_rotations) or self.number >= 75
        if len(rotations) != len(named_rotations):
            return False
        centring = named_translations[(named_rotations == np.eye(3)).all(axis=(1, 2))]
        steps = np.indices((2 * gemmi.Op.DEN,) * 3).reshape(3, -1).T  # of half a 24th
        # About an origin moved by a step s, an operation (W, w) reads (W, w + (W - 1) s).
        for rotation, translation in zip(rotations, translations, strict=True):
            same = (named_rotations == rotation).all(axis=(1, 2))
            wanted = 2 * (named_translations[same][0] + centring - translation)
            moved = steps @ (rotation - np.eye(3, dtype=int)).T
            left = (moved[:, None] - wanted) % (2 * gemmi.Op.DEN)
            steps = steps[(left == 0).all(axis=2).any(axis=1)]
        return len(steps) > 0


def in_order(operations: Iterable[gemmi.Op]) -> list[gemmi.Op]:
    """Return operations in an order that does not depend on how they were listed."""
    return sorted(operations, key=lambda operation: (operation.rot, operation.tran))


def arrays(operations: Operations) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rotations (n, 3, 3) and translations (n, 3), these in 24ths, in a fixed order."""
    ordered = in_order(operations)
    rotations = np.array([operation.rot for operation in ordered]) // gemmi.Op.DEN
    return rotations, np.array([operation.tran for operation in ordered])


def _rotation(operation: gemmi.Op) -> tuple[int, ...]:
    return tuple(number for row in operation.rot for number in row)


@lru_cache(maxsize=1)
def _settings() -> list[Setting]:
    return [
        Setting(
            group.hm,
            group.number,
            group.ext if group.ext in "12HR" else "",
            frozenset(operation.wrap() for operation in group.operations()),
        )
        for group in gemmi.spacegroup_table()
    ]


@lru_cache(maxsize=1)
def settings_by_operations() -> dict[Operations, Setting]:
    """Return the setting that has each set of operations; of several symbols the first."""
    return {setting.operations: setting for setting in reversed(_settings())}


def operations_from_hall(symbol: str) -> Operations:
    """Return the operations of a Hall symbol; raises as gemmi does for one it cannot read."""
    return frozenset(operation.wrap() for operation in gemmi.symops_from_hall(symbol))


def settings_by_number(number: int) -> list[list[Setting]]:
    """Return the settings that a number may mean, in tiers, by convention the first first.

    The symbol of the International Tables, with both origins or axes; then others that have as many
    lattice points in the cell; then all.
    """
    reference = gemmi.get_spacegroup_reference_setting(number)
    order = len(reference.operations())
    tiers: list[list[Setting]] = [[], [], []]
    for setting in settings_by_operations().values():
        if setting.number == number:
            usual = setting.symbol == reference.hm
            tiers[0 if usual else 1 if len(setting.operations) == order else 2].append(setting)
    return [tier for tier in tiers if tier]


def symbol_key(symbol: str) -> str:
    """Return a symbol without what plays no role: blanks, case, marks of subscripts, its number.

    P2_1/n, P2(1)/n and p 21/n are the same.
    """
    return re.sub(r"[\s_()~\[\]]", "", _NUMBER_BESIDE.sub("", symbol).casefold())


@lru_cache(maxsize=1)
def settings_by_symbol() -> dict[str, list[list[Setting]]]:
    """Return the settings that each symbol may mean, in tiers, by the `symbol_key` of it.

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
            symbols.setdefault(symbol_key(name), {})[setting] = None
    for hall_number in range(1, 531):
        kind = spglib.get_spacegroup_type(hall_number)
        setting = settings_by_operations()[operations_from_hall(kind.hall_symbol)]
        # Full symbols, and those with the glide plane e: "C m c e = C m c a".
        names = [kind.international_full]
        if kind.number > 15:
            names += kind.international.split("=")
        for name in names:
            symbols.setdefault(symbol_key(name), {})[setting] = None
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
