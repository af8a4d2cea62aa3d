"""From a measured list of reflections to what the ranker of space groups answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spacegrouper.crystals.cif_text import path_text
from spacegrouper.crystals.crystal import Rejection
from spacegrouper.crystals.symmetry import crystal_systems, extinction_class_members
from spacegrouper.crystals.text_files import unpacked_path
from spacegrouper.errors import UserError
from spacegrouper.prediction.guesses import Guess, most_probable
from spacegrouper.techniques.reflections.list_reading import Role, read_reflection_list
from spacegrouper.techniques.reflections.ranking.priors import Prior
from spacegrouper.techniques.reflections.reflection_list import ReflectionList

if TYPE_CHECKING:
    from spacegrouper.techniques.reflections.ranking.ranker import Answer as Ranking
    from spacegrouper.techniques.reflections.ranking.ranker import Ranker


@dataclass(frozen=True, eq=False)
class MeasuredList:
    """The measured reflections of a crystal, and a name for them."""

    name: str
    reflections: ReflectionList


@dataclass(frozen=True, eq=False)
class ListAnswer:
    """What a list says of its space group.

    Args:
        name: of the input.
        guesses: the five most probable space groups, the first first; of two enantiomorphic ones
            the smaller.
        between: the fewest that have 90 % of the probability together.
        crystal_system, laue_class: the most probable ones, each with the sum of the probabilities
            of its space groups.
        extinction_class: likewise, as all its space groups, ascending.
        measured: the list.
        ranking: the evidence, the cell, and the rest of what the ranker says.
    """

    name: str
    guesses: tuple[Guess, ...]
    between: tuple[Guess, ...]
    crystal_system: tuple[str, float]
    laue_class: tuple[str, float]
    extinction_class: tuple[tuple[int, ...], float]
    measured: ReflectionList
    ranking: "Ranking"


def lists_together(
    roles: Mapping[Path, Role | None], structures_are_asked: bool
) -> list[tuple[Path, ...]]:
    """Put what belongs to a list of reflections beside it; all other paths stay alone.

    Instructions of SHELX, or a CIF file that has no more than a cell, belong to the list of the
    same name, or to the only one. Where no network is to be asked, so does a structure of the same
    name, for its cell. `roles`: of all paths, by `role_of`.
    """
    lists = [path for path, role in roles.items() if is_list(role, structures_are_asked)]

    def stem(path: Path) -> Path:
        return unpacked_path(path).with_suffix("")

    def owner(path: Path) -> Path | None:
        named = [each for each in lists if stem(each) == stem(path)]
        if roles[path] == "companion" and not named and len(lists) == 1:
            return lists[0]
        belongs = roles[path] == "companion" or (
            roles[path] == "structure" and not structures_are_asked
        )
        return named[0] if named and belongs else None

    owners = {path: owner(path) for path in roles}
    return [
        (path, *(other for other in roles if path in lists and owners[other] == path))
        for path in roles
        if owners[path] is None
    ]


def is_list(role: Role | None, structures_are_asked: bool) -> bool:
    """Tell whether a file of a role is read as a list of reflections.

    A CIF file may hold a structure too; it is taken for a list where no network is to be asked.
    """
    return role == "list" or (role == "list and structure" and not structures_are_asked)


def read_list(paths: Sequence[Path], role: Role | None, cell: str | None) -> MeasuredList:
    """Read a list and what belongs to it; see `read_reflection_list`, which raises UserError.

    `role`: of the first path.
    """
    found = read_reflection_list(paths, cell)
    if role == "list and structure":
        note = "the file has a structure too, which is not looked at; a network is, with --model"
        found = replace(found, notes=(*found.notes, note))
    return MeasuredList(" ".join(map(path_text, paths)), found)


def answer_list(given: MeasuredList, ranker: "Ranker", prior: Prior) -> ListAnswer | Rejection:
    """Rank the space groups that a list may have; a Rejection where it says too little."""
    try:
        return ranked_list(given, ranker.answer(given.reflections, prior))
    except UserError as error:
        return Rejection(given.name, "rank", str(error))


def ranked_list(given: MeasuredList, ranking: "Ranking") -> ListAnswer:
    """Return what the ranker says of a list, summed up."""
    groups, shares = np.array(list(ranking.shares)), np.array(list(ranking.shares.values()))
    guesses, between = most_probable("spacegroup", groups, shares)
    systems = crystal_systems(groups)
    system = max(dict.fromkeys(systems.tolist()), key=lambda name: shares[systems == name].sum())
    smallest, of_class = next(iter(ranking.extinction_classes.items()))
    return ListAnswer(
        name=given.name,
        guesses=guesses,
        between=between,
        crystal_system=(system, float(shares[systems == system].sum())),
        laue_class=next(iter(ranking.laue_classes.items())),
        extinction_class=(extinction_class_members(smallest, axes="any order"), of_class),
        measured=given.reflections,
        ranking=ranking,
    )
