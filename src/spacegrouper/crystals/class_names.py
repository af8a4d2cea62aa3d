"""How classes are written: numbers and symbols of space groups, and names of other labels."""

import gemmi


def space_group_name(number: int) -> str:
    """Return number and short Hermann-Mauguin symbol, such as `225 Fm-3m`."""
    # gemmi writes hexagonal axes of a rhombohedral group as H; its standard symbol begins with R.
    symbol = gemmi.find_spacegroup_by_number(int(number)).short_name().replace("H", "R", 1)
    return f"{number} {symbol}"


def class_name(label: str, name: object) -> str:
    """Return how a class is written: a space group by `space_group_name`, others as they are."""
    return space_group_name(int(str(name))) if label == "spacegroup" else str(name)


def label_noun(label: str) -> str:
    """Say what is told apart: `space group`, `crystal system`, or what the label is called."""
    return "space group" if label == "spacegroup" else label.replace("_", " ")
