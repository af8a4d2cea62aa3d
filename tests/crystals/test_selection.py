import json
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacegrouper.crystals.selection import select_crystals
from spacegrouper.errors import UserError


def line(name, spacegroup):
    record = {"id": name, "spacegroup": spacegroup, "species": ["Fe"], "frac_coords": [[0, 0, 0]]}
    return json.dumps(record | {"lattice": [[3, 0, 0], [0, 3, 0], [0, 0, 3]]})


# Of each crystal the space group: 40 of 225, 25 of 62, 3 of 1, in mixed order.
CRYSTALS = {f"mp-{n}": group for n, group in enumerate([225, 62, 225, 62, 225] * 12 + [225] * 4)}
CRYSTALS |= {"first": 62, "a": 1, "b": 1, "c": 1}


def select(path, names, space_groups=(62, 225), maximum=10, seed=0):
    path.write_text("\n".join(line(name, CRYSTALS[name]) for name in names))
    counts = dict.fromkeys(space_groups, maximum)
    selection = select_crystals(path, counts, seed, lambda _: None)
    assert selection.rejections == []
    assert selection.found == Counter(CRYSTALS[name] for name in names)
    return [crystal.id for crystal in selection.chosen]


def test_the_wanted_groups_are_filled_up_to_the_maximum_in_the_order_of_the_file(tmp_path):
    names = list(CRYSTALS)
    chosen = select(tmp_path / "x.jsonl", names, (1, 225), 10)
    assert Counter(CRYSTALS[name] for name in chosen) == {225: 10, 1: 3}
    assert chosen == [name for name in names if name in chosen]


@given(st.randoms(use_true_random=False), st.integers(1, 30))
def test_the_order_of_the_file_plays_no_role(tmp_path_factory, shuffler, maximum):
    path = tmp_path_factory.getbasetemp() / "shuffled.jsonl"
    names = list(CRYSTALS)
    expected = select(path, names, maximum=maximum)
    shuffler.shuffle(names)
    assert set(select(path, names, maximum=maximum)) == set(expected)


def test_a_larger_maximum_or_file_exchanges_no_crystal_in_vain(tmp_path):
    path = tmp_path / "x.jsonl"
    few, many = (set(select(path, CRYSTALS, maximum=maximum)) for maximum in (5, 10))
    assert few < many
    # What is chosen of all is also chosen of a part of them.
    part = random.Random(0).sample(list(CRYSTALS), 40)
    assert many & set(part) <= set(select(path, part, maximum=10))


def test_each_crystal_is_chosen_about_as_often_over_many_seeds(tmp_path):
    times = Counter()
    for seed in range(200):
        times.update(select(tmp_path / "x.jsonl", CRYSTALS, (225,), 10, seed))
    # 10 of 40 in each of 200 draws: 50 times, standard deviation 6.
    assert len(times) == 40
    assert all(50 - 5 * 6 < count < 50 + 5 * 6 for count in times.values())


def test_lines_that_are_no_crystals_are_returned_and_each_record_is_counted(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text(f"{line('a', 225)}\n{{broken\n{line('b', 225)}\n{line('c', 62)}\n")
    steps = []
    selection = select_crystals(path, {225: 10}, 0, steps.append)
    assert [crystal.id for crystal in selection.chosen] == ["a", "b"]
    assert [entry.id for entry in selection.rejections] == ["line 2"]
    assert steps == [1, 1, 1, 1]


def test_crystals_of_one_id_do_not_disturb(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join([line("a", 225)] * 3))
    selection = select_crystals(path, {225: 2}, 0, lambda _: None)
    assert [crystal.id for crystal in selection.chosen] == ["a", "a"]


@pytest.mark.parametrize("spacegroup", [None, "225"])
def test_a_crystal_without_a_space_group_is_named(tmp_path, spacegroup):
    path = tmp_path / "x.jsonl"
    path.write_text(f"{line('a', 225)}\n{line('b', spacegroup)}\n")
    with pytest.raises(UserError, match=r"x.jsonl: crystal b: key `spacegroup`.*standardise"):
        select_crystals(path, {225: 10}, 0, lambda _: None)


def test_each_group_has_a_number_of_its_own(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(line(name, group) for name, group in CRYSTALS.items()))
    selection = select_crystals(path, {1: 5, 62: 2, 225: 7}, 0, lambda _: None)
    chosen = Counter(crystal.metadata["spacegroup"] for crystal in selection.chosen)
    assert chosen == {1: 3, 62: 2, 225: 7}
    assert {c.id for c in selection.chosen if CRYSTALS[c.id] == 225} == set(
        select(tmp_path / "y.jsonl", CRYSTALS, (225,), 7)
    )
