import pytest

from spacegrouper.crystals.cif_elements import element_of, names_hydrogens, parse_formula
from spacegrouper.errors import UserError


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("Al2 O3", {"Al": 2, "O": 3}),
        ("HLiO", {"H": 1, "Li": 1, "O": 1}),
        ("Ca4Al8 Si8H16O40", {"Ca": 4, "Al": 8, "Si": 8, "H": 16, "O": 40}),
        ("C0.5 D2 H2", {"C": 0.5, "H": 4}),
        ("Na1 Cl0", {"Na": 1}),
        ("Ca(OH)2", {"Ca": 1, "O": 2, "H": 2}),
        ("Fe2(SO4)3 (H2O)9", {"Fe": 2, "S": 3, "O": 21, "H": 18}),
        ("Ca(OH2", {}),
        ("()2", {}),
        ("Si O.", {}),
        ("C12 H10, H2O", {}),
        ("Xx2 O3", {}),
        ("NACL", {}),
        ("Na" + 400 * "9" + " Cl", {}),
        ("(H)" * 30000, {}),
        ("", {}),
    ],
)
def test_formulas_are_read_with_and_without_blanks(text, amounts):
    assert parse_formula(text) == amounts


@pytest.mark.parametrize(
    ("label", "type_symbol", "formula", "element"),
    [
        ("Na1", "Na1+", "", "Na"),
        ("x", "O-2", "", "O"),
        ("C1", "C0", "", "C"),
        ("D1", "", "", "H"),
        ("F1", "CL", "", "Cl"),
        ("ZN1", "", "", "Zn"),
        ("HO1", "", "H Li O", "H"),
        ("HO1", "HO", "H Li O", "H"),
        ("HO1", "", "Ho O", "Ho"),
        ("Hwa", "", "Ca Al H O", "H"),
        ("Ala", "", "Ca Al H O", "Al"),
        ("Ow", "", "", "O"),
        ("Oh", "Oh", "", "O"),
        ("Os1", "", "H O", "O"),
        ("CA1", "", "Ca O", "Ca"),
        ("CA1", "", "C O", "C"),
        ("Ca1", "", "C Ca O", "Ca"),
        ("Co1", "", "", "Co"),
        ("C1A", "", "", "C"),
        ("H2O1", "", "H4 Cl Li", "H"),
    ],
)
def test_elements_that_are_certain(label, type_symbol, formula, element):
    assert element_of(label, type_symbol, parse_formula(formula)) == element


@pytest.mark.parametrize(
    ("label", "type_symbol", "formula", "reason"),
    [
        ("HO1", "", "", "ambiguous element 'HO1': Ho or H"),
        ("CA1", "", "", "Ca or C"),
        ("CA1", "", "C Ca O", "Ca or C"),
        ("HO1", "HO", "", "'HO' at site HO1"),
        ("H2O1", "", "", "a whole molecule"),
        ("Wat1", "", "", "a whole molecule"),
        ("Wat1", "", "H2 O", "unknown element 'Wat1': none of the formula (H O) fits"),
        ("CaMg1", "", "", "it names several"),
        ("Fe/Mg", "", "", "it names several"),
        ("T1", "", "", "unknown element 'T1'"),
        ("Q1", "", "", "unknown element 'Q1'"),
        ("Du1", "Du", "", "'Du' at site Du1: D, or no atom at all"),
        ("Vac1", "", "", "V, or no atom at all"),
        ("(Ca)", "", "", "unknown element"),
        ("", "", "", "neither"),
    ],
)
def test_what_leaves_a_choice_is_refused_by_name(label, type_symbol, formula, reason):
    with pytest.raises(UserError) as caught:
        element_of(label, type_symbol, parse_formula(formula))
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("label", "type_symbol", "hydrogens"),
    [("Oh", "", True), ("OW2", "", True), ("NH4", "", True), ("O1", "", False), ("OH", "O", False)],
)
def test_groups_with_hydrogens_are_known_by_their_names(label, type_symbol, hydrogens):
    assert names_hydrogens(label, type_symbol) is hydrogens
