"""Space groups by number or by symbol, wherever a person names one."""

import re
from functools import cache
from typing import Any
from unicodedata import normalize

from spacegrouper.errors import UserError

_DIALECTS = str.maketrans(
    {"\u2212": "-", "\u2013": "-", " ": None, "_": None, "(": None, ")": None}
)


def space_group_number(name: Any) -> int:
    """Return the number of a space group that is given by number or Hermann-Mauguin symbol.

    Symbols may be short or full, of any setting that gemmi or spglib lists, with or without
    blanks, `_` and the letter of a cell or an origin: `Fm-3m`, `P2_1/c`, `P 1 21/n 1`, `R-3cH`;
    or as people read them: Fm3̅m, P2₁/c.
    Raises UserError for what is no group, and for a symbol of several.
    """
    if isinstance(name, str) and not name.strip().isdecimal():
        key = _key(name)
        # Cubic groups were long written without the bar: Fd3m.
        found = _symbols().get(key) or _symbols().get(re.sub("^([PIF][a-z])3", r"\1-3", key), set())
        if len(found) == 1:
            return next(iter(found))
        if found:
            numbers = " and ".join(map(str, sorted(found)))
            raise UserError(f"`{name}` is a symbol of space groups {numbers}; give the number")
        raise UserError(f"`{name}` is no space group; give its number or Hermann-Mauguin symbol")
    number = int(name) if isinstance(name, int | str) and not isinstance(name, bool) else 0
    if not 1 <= number <= 230:
        raise UserError(f"`{name}` is no space group; numbers are 1 to 230")
    return number


def _key(symbol: str) -> str:
    """Return a symbol without what its spelling is free in."""
    # As answers print them: bars above the numbers, and small numbers.
    text = re.sub("([1346])[\u0304\u0305]", r"-\1", normalize("NFKC", symbol))
    text = text.translate(_DIALECTS)
    # Letters behind the symbol, of a cell or an origin: `R-3cH`, `Fd-3mS`, `Fd-3m:2`.
    text = re.sub(r":[12HRhr]$|(?<=[a-z0-9])[HRSZ]$", "", text)
    # The lattice is a capital, all else is small, as some programs write all in capitals.
    return text[:1].upper() + text[1:].lower()


@cache
def _symbols() -> dict[str, set[int]]:
    """Return the numbers of the groups that each symbol names, by the symbol's key."""
    # Imported here, as most configurations have no symbol.
    import gemmi
    import spglib

    found: dict[str, set[int]] = {}
    for group in gemmi.spacegroup_table_itb():
        for symbol in (group.hm, group.short_name()):
            found.setdefault(_key(symbol), set()).add(group.number)
    for hall in range(1, 531):
        kind = spglib.get_spacegroup_type(hall)
        for symbol in (kind.international_short, kind.international_full):
            found.setdefault(_key(symbol), set()).add(kind.number)
    return found
