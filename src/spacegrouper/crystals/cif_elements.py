"""The elements of a CIF file's atoms, from their type symbols, labels and the file's formula.

A label begins with the element by convention only: HO1 is a hydrogen of a hydroxyl group or
holmium, Wat1 no tungsten. What the formula does not decide is refused, by the label's name.
"""

import re
from collections.abc import Collection
from itertools import takewhile

import gemmi

from spacegrouper.crystals.cif_text import Block, given_twice, shown
from spacegrouper.errors import UserError

FORMULA_TAG = "_chemical_formula_sum"

# A whole type symbol: Na, Na1+, O2-, O-2, Fe2.5+, C0.
_TYPE = re.compile(r"([A-Za-z]{1,2})(?:\d*\.?\d*[+-]|[+-]?\d*\.?\d*)")
_LONGEST_FORMULA = 1000  # characters
_FORMULA_PART = re.compile(r"([A-Z][a-z]?)(\d{1,9}(?:\.\d*)?|\.\d+|)")
_BRACKET = re.compile(r"\(([^()]*)\)(\d+\.?\d*|)")
# One site may stand for a molecule with hydrogens: Wat, H2O1, HOH; HO is more often a hydrogen.
_WATER = re.compile(r"wat|h\d*oh|h\d+o", re.IGNORECASE)
# Dummies: vacancies, voids, empty spheres, centroids, ghost atoms.
_DUMMY = re.compile(r"va|void|es\d|cg|cen|bq|du", re.IGNORECASE)
# The heavier atom of a group with hydrogens: OH, Ow, NH4, CH3.
_WITH_HYDROGENS = re.compile(r"o[hw]|nh|ch", re.IGNORECASE)
_TWO_ELEMENTS = re.compile(r"[/,&]|^[A-Z][a-z]?[A-Z][a-z]")


def parse_formula(text: str) -> dict[str, float]:
    """Return the amounts in a formula such as "Al2 O3" or "Ca(OH)2"; none for other forms.

    Deuterium is hydrogen.
    """
    if len(text) > _LONGEST_FORMULA:
        return {}
    while bracket := _BRACKET.search(text):
        times = float(bracket[2] or 1)
        inside = parse_formula(bracket[1])
        plain = " ".join(f"{element}{amount * times:g}" for element, amount in inside.items())
        if not inside:
            return {}
        text = f"{text[: bracket.start()]} {plain} {text[bracket.end() :]}"
    amounts: dict[str, float] = {}
    for part in text.split():
        matches = list(_FORMULA_PART.finditer(part))
        if "".join(match[0] for match in matches) != part:
            return {}
        for element, amount in ((match[1], match[2]) for match in matches):
            if not _is_element(element):
                return {}
            name = _isotope_free(element)
            amounts[name] = amounts.get(name, 0) + float(amount or 1)
    return {element: amount for element, amount in amounts.items() if amount > 0}


def stated_formula(block: Block) -> dict[str, float]:
    """Return the amounts in the formula; none if there is none, or in no usual form."""
    texts = block.values(FORMULA_TAG)
    formulas = [parse_formula(text) for text in texts]
    for text, formula in zip(texts, formulas, strict=True):
        if formula != formulas[0]:
            raise UserError(given_twice(FORMULA_TAG, texts[0], text))
    return formulas[0] if formulas else {}


def elements_named(text: str) -> set[str]:
    """Return the elements in a formula of any form, such as "Na Cl . 2H2 O"; none if one is none.

    Deuterium is hydrogen.
    """
    names = set(re.findall("[A-Z][a-z]?", text))
    return set(map(_isotope_free, names)) if all(map(_is_element, names)) else set()


def element_of(label: str, type_symbol: str, formula: Collection[str]) -> str:
    """Return the element of a site; D is H.

    Args:
        label: as in the file, empty if unknown.
        type_symbol: likewise.
        formula: the elements in the file's formula, none if it has none.

    Raises:
        UserError: they leave a choice, or none.
    """
    match = _TYPE.fullmatch(type_symbol)
    if match and _is_element(match[1].capitalize()):
        name = match[1]
        # HO, CO, ...: cobalt in capitals, or a carbon of a carbonyl group.
        if len(name) == 2 and name.isupper() and (name == "HO" or formula):
            return _from_label(label, type_symbol, formula, certain=name != "HO")
        return _isotope_free(name.capitalize())
    if not (type_symbol or label):
        raise UserError("a site has neither _atom_site_type_symbol nor _atom_site_label")
    return _from_label(label, type_symbol or label, formula)


def names_hydrogens(label: str, type_symbol: str) -> bool:
    """Tell whether a site without a plain type symbol is named after a group with hydrogens."""
    match = _TYPE.fullmatch(type_symbol)
    if match and _is_element(match[1].capitalize()):
        return False
    return _WITH_HYDROGENS.match(type_symbol or label) is not None


def _from_label(label: str, name: str, formula: Collection[str], certain: bool = False) -> str:
    """Return the element that a name begins with; `certain`: two capitals are one element."""
    site = f" at site {label}" if label and name != label else ""
    begin = "".join(takewhile(str.isalpha, name[:2]))
    # T is a tetrahedral site more often than tritium.
    candidates = [
        element
        for element in dict.fromkeys((begin.capitalize(), begin[:1].upper()))
        if _is_element(element) and element != "T"
    ]
    problem = ""
    if not candidates:
        problem = f"unknown element {shown(name)}{site}"
    elif formula:
        candidates = [element for element in candidates if _isotope_free(element) in formula]
        if not candidates:
            elements = " ".join(sorted(formula))
            problem = f"unknown element {shown(name)}{site}: none of the formula ({elements}) fits"
    elif _WATER.match(name):
        problem = f"ambiguous element {shown(name)}{site}: a hydrogen, or a whole molecule"
    elif _DUMMY.match(name):
        problem = f"ambiguous element {shown(name)}{site}: {candidates[0]}, or no atom at all"
    elif _TWO_ELEMENTS.search(name):
        problem = f"ambiguous element {shown(name)}{site}: it names several"
    if len(candidates) > 1 and not certain and begin != candidates[0]:
        problem = f"ambiguous element {shown(name)}{site}: {' or '.join(candidates)}"
    if problem:
        raise UserError(f"{problem}; give the element as _atom_site_type_symbol")
    return _isotope_free(candidates[0])


def _is_element(name: str) -> bool:
    return bool(gemmi.Element(name).atomic_number)


def _isotope_free(element: str) -> str:
    return "H" if element == "D" else element
