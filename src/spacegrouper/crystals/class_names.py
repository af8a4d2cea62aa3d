"""How classes are written: numbers and symbols of space groups, and names of other labels.

People read Pm3̅m and P2₁/c; files that programs read keep the symbols in ASCII.
"""

import re

import gemmi

_SUBSCRIPTS = str.maketrans("12345", "₁₂₃₄₅")
_OVERLINE = "\u0305"  # combining: it stands behind what it is above


def short_symbol(number: int) -> str:
    """Return the short Hermann-Mauguin symbol in ASCII, such as `P21/c`, for programs."""
    return _standard_symbol(number).replace(" ", "")


def typeset(symbol: str) -> str:
    """Return a Hermann-Mauguin symbol as it is printed: `P m -3 m` as Pm3̅m, `P 42/n` as P4₂/n.

    Its parts must be separated by blanks: `P 3 21` has a screw axis that `P 3 2 1` has not.
    """
    with_screws = re.sub(
        r"(?<=\d)[1-5]", lambda found: found.group().translate(_SUBSCRIPTS), symbol
    )
    return overlined(with_screws).replace(" ", "")


def overlined(text: str) -> str:
    """Return a Laue class or point group, such as `m-3m`, with bars in place of minus signs."""
    return re.sub(r"-(\d)", rf"\1{_OVERLINE}", text)


def space_group_symbol(number: int) -> str:
    """Return the short Hermann-Mauguin symbol as people read it, such as P2₁/c."""
    return typeset(_standard_symbol(number))


def space_group_name(number: int) -> str:
    """Return number and short Hermann-Mauguin symbol as people read them, such as 14 P2₁/c."""
    return f"{number} {space_group_symbol(number)}"


def class_name(label: str, name: object) -> str:
    """Return how a class is written: a space group by `space_group_name`, others as they are."""
    return space_group_name(int(str(name))) if label == "spacegroup" else str(name)


def label_noun(label: str) -> str:
    """Say what is told apart: space group, crystal system, class, or what the label is called."""
    known = {"spacegroup": "space group", "label": "class"}
    return known.get(label, label.replace("_", " ").strip())


def _standard_symbol(number: int) -> str:
    group = gemmi.find_spacegroup_by_number(int(number))
    symbol: str = group.hm
    if group.crystal_system_str() == "monoclinic":  # the unique axis is b
        symbol = symbol.replace(" 1", "")
    return symbol
