"""Names of a registry: each stands for one thing, and another is refused by name."""

from dataclasses import dataclass

import pytest

from spacegrouper.contract.descriptor import DESCRIPTORS
from spacegrouper.contract.engine import ENGINES
from spacegrouper.contract.registry import Registry
from spacegrouper.contract.technique import TECHNIQUES
from spacegrouper.errors import UserError


@dataclass(frozen=True)
class Thing:
    """Something with a name."""

    name: str
    value: int = 0


def test_a_name_is_given_to_one_thing_only() -> None:
    things: Registry[Thing] = Registry("thing")
    first = things.register(Thing("a"))
    # A module that is imported twice registers an equal thing.
    assert things.register(Thing("a")) == first
    with pytest.raises(ValueError, match="two of kind thing are named 'a'; rename one"):
        things.register(Thing("a", 1))


def test_things_come_in_the_order_of_their_names() -> None:
    things: Registry[Thing] = Registry("thing")
    for name in "cab":
        things.register(Thing(name))
    assert things.names == ("a", "b", "c")
    assert [thing.name for thing in things] == ["a", "b", "c"]


def test_an_unknown_name_is_refused_with_those_that_are_known() -> None:
    things: Registry[Thing] = Registry("thing")
    things.register(Thing("a"))
    things.register(Thing("b"))
    with pytest.raises(UserError, match="no thing is called 'c'; known are a, b; install"):
        things["c"]


def test_every_technique_has_engines_and_descriptors() -> None:
    assert all(technique.engines and technique.descriptors for technique in TECHNIQUES)
    assert sorted(name for each in TECHNIQUES for name in each.engines) == list(ENGINES.names)
    assert {name for each in TECHNIQUES for name in each.descriptors} == set(DESCRIPTORS.names)
