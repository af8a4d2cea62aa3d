"""The elements that records name, and that the programs know how to simulate."""

import re
from collections.abc import Iterable
from functools import lru_cache

import gemmi

# An element with, perhaps, an oxidation state: "Na", "Na+", "O2-", "Fe2.5+", "Fe3+,spin=5".
_SPECIES = re.compile(r"([A-Z][a-z]?)(?:\d*\.?\d*[+-])?(?:,spin=.*)?")

# Symbols by atomic number.
SYMBOLS: tuple[str, ...] = tuple(gemmi.Element(number).name for number in range(119))
ATOMIC_NUMBERS = {symbol: number for number, symbol in enumerate(SYMBOLS)}


class UnusableCrystalError(Exception):
    """The crystal cannot be used, for the reason given."""


@lru_cache(maxsize=1024)
def element_symbol(name: str) -> str:
    """Return the element in a name such as "Na", "O2-", "Fe3+,spin=5" or "D", which is H.

    Raises:
        UnusableCrystalError: the element is unknown, or has no form factors.
    """
    match = _SPECIES.fullmatch(name)
    element = gemmi.Element(match[1]) if match else gemmi.Element("X")
    if element.atomic_number == 0:
        raise UnusableCrystalError(f"unknown element: {name!r}")
    if element.it92 is None:
        raise UnusableCrystalError(f"element {element.name!r} has no form factor")
    return "H" if element.name == "D" else str(element.name)


def reason_against_elements(species: Iterable[str]) -> str:
    """Return why a crystal of these species cannot be simulated, or an empty string."""
    try:
        for name in species:
            element_symbol(name)
    except UnusableCrystalError as error:
        return str(error)
    return ""
