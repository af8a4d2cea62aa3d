import gemmi
import pytest

from spacegrouper.crystals.class_names import space_group_symbol
from spacegrouper.errors import UserError
from spacegrouper.settings import settings_from_mapping
from spacegrouper.settings.space_group_symbols import space_group_number


@pytest.mark.parametrize(
    ("name", "number"),
    [
        (225, 225),
        ("225", 225),
        ("Fm-3m", 225),
        ("F m -3 m", 225),
        ("FM-3M", 225),
        ("F 4/m -3 2/m", 225),
        ("Fm3m", 225),
        ("P2_1/c", 14),
        ("P2(1)/c", 14),
        ("P 1 21/n 1", 14),
        ("Pbnm", 62),
        ("Cmca", 64),
        ("Cmce", 64),
        ("R-3cH", 167),
        ("R-3c:R", 167),
        ("F d -3 m Z", 227),
        ("Fd-3m:2", 227),
        ("P32", 145),
        ("P321", 150),
        ("P4\u0304m2", 115),
    ],
)
def test_a_symbol_is_found_however_it_is_spelt(name: object, number: int) -> None:
    assert space_group_number(name) == number


def test_every_group_is_found_by_its_symbol() -> None:
    for number in range(1, 231):
        group = gemmi.find_spacegroup_by_number(number)
        spellings = (group.hm, group.xhm(), space_group_symbol(number))
        assert set(map(space_group_number, spellings)) == {number}


@pytest.mark.parametrize("name", ["Fm-3x", "", "0", 231, -1, 2.5, True, "cubic"])
def test_what_is_no_space_group_is_refused(name: object) -> None:
    with pytest.raises(UserError, match=f"`{name}` is no space group"):
        space_group_number(name)


def test_classes_are_given_by_number_or_symbol() -> None:
    content = {
        "split": {"classes": ["Fm-3m", "P2_1/c", 62]},
        "grid": {"classes": {"few": ["P1", 2], "many": "groups_72"}},
    }
    settings = settings_from_mapping(content, "own.yaml")
    assert settings.split.classes == (225, 14, 62)
    assert settings.grid.classes == {"few": (1, 2), "many": "groups_72"}


def test_a_group_that_is_given_twice_is_refused() -> None:
    with pytest.raises(UserError, match=r"`split\.classes`: must be two or more different"):
        settings_from_mapping({"split": {"classes": ["Fm-3m", 225, 62]}}, "own.yaml")
