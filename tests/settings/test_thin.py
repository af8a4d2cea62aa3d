import pytest
import yaml

from spacegrouper.errors import UserError
from spacegrouper.settings import load_settings, settings_from_mapping, write_settings
from spacegrouper.settings.run_check import check_run


def read(wanted, **sections):
    return settings_from_mapping({"thin": {"crystals_per_space_group": wanted}, **sections}, "c")


def test_numbers_are_given_by_number_or_symbol_and_stay_when_written(tmp_path):
    settings = read({"P2_1/c": 200, 225: 3})
    assert settings.thin.counts == {14: 200, 225: 3}
    write_settings(settings, tmp_path / "c.yaml")
    assert load_settings(tmp_path / "c.yaml") == settings
    assert read("paper").thin.counts[225] == 8367
    assert read(None).thin.counts is None


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("all", "must be paper, or a number of crystals for each space group"),
        (300, "must be paper, or a number"),
        ({}, "must be paper, or a number"),
        ({"Fm-3x": 3}, "`Fm-3x` is no space group"),
        ({225: 3, "Fm-3m": 4}, "space group 225 is there twice"),
        ({225: 0}, "each group needs a whole number of crystals, 1 or more"),
        ({225: True}, "each group needs a whole number of crystals, 1 or more"),
        ({225: 2.5}, "each group needs a whole number of crystals, 1 or more"),
    ],
)
def test_what_is_no_number_of_crystals_is_one_line(wanted, said):
    with pytest.raises(UserError, match=r"^c: `thin.crystals_per_space_group`: [^\n]*$") as error:
        read(wanted)
    assert said in str(error.value)


def test_classes_without_crystals_are_refused():
    with pytest.raises(UserError, match=r"split.classes.*leaves no crystal of 2, 4; name them"):
        read({1: 5, 225: 5}, split={"classes": [1, 2, 4, 225]})
    with pytest.raises(UserError, match=r"split.classes.*leaves no crystal of 139, 141"):
        read({225: 5}, split={"classes": "groups_8"})
    assert read("paper", split={"classes": "groups_72"})
    assert read({225: 5}, split={"classes": "populated"})


def test_a_run_of_a_database_has_nothing_to_thin():
    text = """{simulate: {engine: bitmap_database}, morphology: {database: 'sqlite:///x.db'},
      model: {name: ziletti}, train: {descriptor: morphology}, evaluate: {unseen_groups: 30}}"""
    with pytest.raises(UserError, match=r"`thin.crystals_per_space_group`: has no effect"):
        check_run(read("paper", **yaml.safe_load(text)))
