"""The answer to a measured list: space groups with probabilities, and what speaks for them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal
from zipfile import BadZipFile

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.symmetry import extinction_classes, laue_classes
from spacegrouper.errors import UserError
from spacegrouper.techniques.reflections.cells import cell_of
from spacegrouper.techniques.reflections.ranking.absences import WHOLE_LISTS, ZONES
from spacegrouper.techniques.reflections.ranking.boosted_trees import BoostedTrees, from_arrays
from spacegrouper.techniques.reflections.ranking.conditions import (
    SeenCondition,
    conditions_seen,
)
from spacegrouper.techniques.reflections.ranking.features import (
    FEATURES,
    LIST_FEATURES,
    Candidate,
    Candidates,
    all_rows,
    candidates_of,
)
from spacegrouper.techniques.reflections.ranking.group_settings import enantiomorphs
from spacegrouper.techniques.reflections.ranking.priors import PRIORS, USUAL, Prior, frequencies
from spacegrouper.techniques.reflections.ranking.twinning import TwinTest
from spacegrouper.techniques.reflections.ranking.warnings import (
    check_agreement,
    unlike_training,
    warnings_of,
)
from spacegrouper.techniques.reflections.reflection_list import ReflectionList

Floats = NDArray[np.float64]

Kind = Literal["lists", "zones"]  # of what a ranker was trained on: whole lists, or single zones
TOLERANCES = {"lists": WHOLE_LISTS, "zones": ZONES}
_SHIPPED = {"lists": "ranker.npz", "zones": "zone_ranker.npz"}
_WORDS = {"lists": "lists of reflections", "zones": "micrographs"}
_FORMAT = 1
_ANSWERS = 5


@dataclass(frozen=True, eq=False)
class RankedGroup:
    """A space group in an answer.

    Args:
        number: of the space group; of two enantiomorphic ones the smaller.
        symbol: Hermann-Mauguin, of the standard setting.
        other_hand: the number of the enantiomorphic group, which intensities do not tell from it.
        probability: 0 to 1.
        extinction_class: as `crystals.symmetry.extinction_classes` names it, axes in any order.
        laue_class: such as `2/m`.
        setting: the symbol in the axes of `candidate`.
        to_standard: (3, 3), rows, the axes of the standard cell in units of the given ones; indices
            in them are hkl @ to_standard.T.
        cell: (6,), the standard cell, Angstrom and degrees.
        candidate: what was found where the group forbids reflections, and where not.
    """

    number: int
    symbol: str
    other_hand: int | None
    probability: float
    extinction_class: int
    laue_class: str
    setting: str
    to_standard: Floats
    cell: Floats
    candidate: Candidate


@dataclass(frozen=True, eq=False)
class Operator:
    """How well a rotation of the lattice turns reflections into their equals.

    Args:
        matrix: (3, 3), of columns of coordinates in the given axes; may be fractional.
        kept: whether the likeliest group has it.
        correlation: of |E|; NaN with too few pairs.
        r_merge: sum of differences over sum of intensities; NaN with too few pairs.
        pairs: of reflections.
    """

    matrix: Floats
    kept: bool
    correlation: float
    r_merge: float
    pairs: int


@dataclass(frozen=True, eq=False)
class Answer:
    """What a list says of its space group.

    Args:
        groups: the five likeliest, the likeliest first.
        shares: the probabilities of all space groups, the likeliest first.
        prior: what was held for frequent before.
        laue_classes: their probabilities.
        extinction_classes: their probabilities.
        operators: the rotations of the lattice, without the identity.
        conditions: those on reflections, in the standard axes of the likeliest group.
        left_out: reflections of the given cell that are absent by the lattice.
        left_out_i_over_sigma: the mean of these, NaN without any.
        twin_test: how far intensities are spread.
        warnings: a sentence each.
    """

    groups: tuple[RankedGroup, ...]
    shares: dict[int, float]
    prior: Prior
    laue_classes: dict[str, float]
    extinction_classes: dict[int, float]
    operators: tuple[Operator, ...]
    conditions: tuple[SeenCondition, ...]
    left_out: int
    left_out_i_over_sigma: float
    twin_test: TwinTest
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Ranker:
    """Trees that tell candidates apart, calibrated.

    Args:
        trees: of the features of a candidate.
        temperature: that their logarithms of odds are divided by.
        counted: (231,), crystals of each space group where those for training were chosen from.
        made_with: settings, seed and scores.
        kind: of lists that it was trained on.
    """

    trees: BoostedTrees
    temperature: float
    counted: NDArray[np.int64]
    made_with: dict[str, Any]
    kind: Kind = "lists"

    def answer(
        self,
        measured: ReflectionList,
        prior: Prior = USUAL,
        centrings: Sequence[str | None] = (None,),
    ) -> Answer:
        """Rank all space groups that a list may have.

        Args:
            measured: the list.
            prior: what is held for frequent before.
            centrings: that the given cell may have; none: what the list has.

        Raises:
            UserError: the list says too little or contradicts itself, or there is no such prior.
        """
        tolerances = TOLERANCES[self.kind]
        found = [candidates_of(measured, centring, tolerances) for centring in centrings]
        # Of zones of images opposite spots are one reflection from the start.
        doubtful = check_agreement(found[0].reflections) if self.kind == "lists" else ()
        groups, laue, features = all_rows(found)
        unlike = unlike_training(
            features[0, : len(LIST_FEATURES)], self.made_with.get("list_ranges")
        )
        shares = self.shares(features, groups, laue, prior)
        return _answer(measured, found, groups, shares, prior, doubtful + unlike)

    def shares(
        self, features: Floats, groups: NDArray[np.int64], laue: NDArray[np.int64], prior: Prior
    ) -> Floats:
        """Return the probability of each candidate, (rows,).

        The prior moves probability between the groups of a Laue candidate, not between these: how
        frequent a Laue class is does not say which rotations this list has.
        """
        if prior not in PRIORS:
            raise UserError(f"no prior {prior!r}; give one of {', '.join(PRIORS)}")
        odds = self.trees.log_odds(features) / self.temperature
        shares = np.exp(odds - odds.max())
        weighted = shares * frequencies(prior, self.counted)[groups]
        found = np.zeros(len(shares))
        for rank in np.unique(laue):
            own = laue == rank
            found[own] = weighted[own] / weighted[own].sum() * shares[own].sum()
        normalised: Floats = found / found.sum()
        return normalised

    def probabilities(
        self, features: Floats, groups: NDArray[np.int64], laue: NDArray[np.int64], prior: Prior
    ) -> dict[int, float]:
        """Return the probability of each space group among the candidates."""
        return _summed(groups, self.shares(features, groups, laue, prior))

    def write(self, path: Path) -> None:
        """Write it as arrays of NumPy and JSON; nothing in the file is a program."""
        made = {
            **self.made_with,
            "format": _FORMAT,
            "kind": self.kind,
            "temperature": self.temperature,
        }
        text = np.frombuffer(json.dumps(made).encode(), dtype=np.uint8)
        with written_aside(path) as aside, aside.open("wb") as file:
            np.savez_compressed(file, made_with=text, counted=self.counted, **self.trees.arrays())


def read_ranker(path: Path | None = None, kind: Kind = "lists") -> Ranker:
    """Read a ranker, that of the package unless a file is given.

    Args:
        path: the file.
        kind: of lists that are to be ranked.

    Raises:
        UserError: the file is none, of another kind, or of other features than this version looks
            at.
    """
    source = path or files(__package__) / _SHIPPED[kind]
    try:
        with source.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        made = json.loads(arrays.pop("made_with").tobytes())
        counted = arrays.pop("counted")
        temperature = float(made.pop("temperature"))
        version = made.pop("format")
        trained_on = made.pop("kind", "lists")
        trees = from_arrays(arrays)
    except FileNotFoundError:
        raise UserError(f"{source}: no such file; scripts/train_ranker.py makes one") from None
    except (BadZipFile, EOFError, OSError, ValueError, KeyError, TypeError, AttributeError):
        raise UserError(
            f"{source}: no ranker of space groups; scripts/train_ranker.py makes one"
        ) from None
    if version != _FORMAT or made["features"] != list(FEATURES):
        raise UserError(
            f"{source}: made by another version, which looked at other numbers; train it anew with "
            "scripts/train_ranker.py"
        )
    if trained_on != kind:
        raise UserError(
            f"{source}: a ranker of {_WORDS[trained_on]}; of {_WORDS[kind]} one is made with "
            f"scripts/train_ranker.py --kind {kind}"
        )
    return Ranker(trees, temperature, counted, made, kind)


def _summed(keys: NDArray[Any], shares: Floats) -> dict[Any, float]:
    """Return the sum of the shares of each key, the largest first."""
    unique, place = np.unique(keys, return_inverse=True)
    sums = np.bincount(place, shares)
    order = np.argsort(-sums, kind="stable")
    return {unique[number].item(): float(sums[number]) for number in order}


def _answer(
    measured: ReflectionList,
    several: Sequence[Candidates],
    groups: NDArray[np.int64],
    shares: Floats,
    prior: Prior,
    said: tuple[str, ...],
) -> Answer:
    sums = _summed(groups, shares)
    rows = [row for one in several for row in one.rows]
    ranked = []
    for number in list(sums)[:_ANSWERS]:
        same = np.flatnonzero(groups == number)
        candidate = rows[same[shares[same].argmax()]]
        ranked.append(_ranked(candidate, sums[number], measured))
    first = ranked[0].candidate
    found = next(one for one in several if any(row is first for row in one.rows))
    return Answer(
        groups=tuple(ranked),
        shares=sums,
        prior=prior,
        laue_classes=_summed(laue_classes(groups), shares),
        extinction_classes=_summed(extinction_classes(groups, axes="any order"), shares),
        operators=_operators(found, first),
        conditions=conditions_seen(found.reflections, ranked[0].number, ranked[0].to_standard),
        left_out=found.reflections.left_out,
        left_out_i_over_sigma=found.reflections.left_out_i_over_sigma,
        twin_test=found.twin_test,
        warnings=said + warnings_of(measured, found, first),
    )


def _ranked(candidate: Candidate, probability: float, measured: ReflectionList) -> RankedGroup:
    number = candidate.setting.number
    axes = np.linalg.inv(candidate.setting.to_standard).T @ candidate.axes
    given = gemmi.UnitCell(*measured.cell)
    lattice = axes @ np.array(given.orth.mat.tolist()).T
    if str(laue_classes(np.array(number))) == "2/m" and lattice[0] @ lattice[2] > 0:
        # As is usual, beta is obtuse; a monoclinic group is the same in these axes.
        axes, lattice = (np.diag([-1, -1, 1]) @ rows for rows in (axes, lattice))
    other = next((big for big, small in enantiomorphs().items() if small == number), None)
    return RankedGroup(
        number=number,
        symbol=gemmi.get_spacegroup_reference_setting(number).hm,
        other_hand=other,
        probability=probability,
        extinction_class=int(extinction_classes(np.array(number), axes="any order")),
        laue_class=str(laue_classes(np.array(number))),
        setting=candidate.setting.symbol,
        to_standard=axes,
        cell=cell_of(lattice),
        candidate=candidate,
    )


def _operators(found: Candidates, first: Candidate) -> tuple[Operator, ...]:
    rotations, axes = found.rotations, found.reflections.axes
    members = found.laue[first.laue].members
    # Columns of coordinates in the given axes are axes.T times those in the reduced cell.
    given = axes.T @ rotations.matrices @ np.linalg.inv(axes.T)
    return tuple(
        Operator(
            matrix=given[place],
            kept=bool(members[place]),
            correlation=float(rotations.correlation[place]),
            r_merge=float(rotations.r_merge[place]),
            pairs=int(rotations.pairs[place]),
        )
        for place in range(len(given))
        if not (rotations.matrices[place] == np.eye(3)).all()
    )
