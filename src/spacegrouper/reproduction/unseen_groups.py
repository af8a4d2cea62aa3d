"""Space groups that a network was never trained on, told apart by its embeddings.

The experiment of Tiong, Kim, Han and Kim (npj Comput. Mater. 6:196, 2020): a part of the crystals
of each such group is the reference, and another crystal is given the group of the reference crystal
that its embeddings are most similar to. A network that has learnt what symmetry looks like, and
not only the groups it was shown, does well. Some of the success needs no learning at all, as like
patterns have like embeddings whatever the weights: so the same is done with the network untrained.

Shapes: R reference crystals, N test crystals, G groups. A *place* is a group's, 0 to G - 1, in
ascending order of number.
"""

import hashlib
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score

from spacegrouper.crystals.symmetry import LEVELS, Integers, crystal_systems
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError
from spacegrouper.evaluation import metrics
from spacegrouper.evaluation.metrics import ranks_of_truth, share_interval
from spacegrouper.evaluation.scores import Scores
from spacegrouper.settings import Evaluate
from spacegrouper.settings.space_groups import PAPER_UNTRAINED

_LARGEST_K = 5
_RESAMPLES = 10_000
# Test crystals that are compared with all reference crystals at a time.
_CRYSTALS_AT_A_TIME = 256


@dataclass(frozen=True)
class Answers:
    """What the reference crystals say of the test crystals.

    `similarity`: (N, G), the cosine similarity with the nearest reference crystal of each group,
    summed over the images; `nearest`: (N,), the place of the nearest reference crystal of all.
    """

    similarity: NDArray[np.float64]
    nearest: NDArray[np.int64]


def choose_unseen(
    dataset: Dataset,
    trained_on: Integers,
    settings: Evaluate,
    method: Literal["random", "prototype"],
    seed: int,
) -> pd.DataFrame:
    """Choose reference and test crystals of the space groups of `unseen_groups`, never trained on.

    `trained_on`: the space groups in the split of the network's training; `method`: how it was
    made. Returns columns row, material_id, spacegroup, prototype and part ("reference" or "test"),
    in order of row; see `halve_groups`. Raises UserError if there are fewer than two such groups,
    or fewer are asked for.
    """
    if settings.unseen_groups in (0, 1):
        raise UserError(
            f"evaluate.unseen_groups: {settings.unseen_groups} cannot be told apart; two are needed"
        )
    crystals = dataset.crystals()
    unseen = (crystals["spacegroup"] > 0) & ~crystals["spacegroup"].isin(trained_on)
    halves = halve_groups(crystals[unseen], settings, method, seed)
    found = halves["spacegroup"].nunique()
    if found < 2:
        raise UserError(
            f"evaluate.unseen_minimum_crystals: of the space groups that the network was not "
            f"trained on, {found} can be halved and have at least "
            f"{settings.unseen_minimum_crystals} crystals, but two are needed; lower it, or set "
            "evaluate.unseen_groups to 0 to leave the experiment out"
        )
    return halves


def halve_groups(
    crystals: pd.DataFrame,
    settings: Evaluate,
    method: Literal["random", "prototype"],
    seed: int,
) -> pd.DataFrame:
    """Halve the most populous space groups, or the paper's, into reference and test crystals.

    `crystals`: columns row, material_id, spacegroup, prototype. A group needs
    unseen_minimum_crystals; of equally populous ones the smaller number comes first. Which crystals
    are taken of a large group, and which half each is in, depends on the seed, its id and its
    prototype, not on the order of the rows. "random": the reference has as many as the test, or one
    more. "prototype": crystals of one prototype are in one half, and groups of a single prototype
    are left out.
    Returns the crystals that are in a half, with the column part, in order of row.
    """
    if settings.unseen_groups == "groups_untrained":
        crystals = crystals[crystals["spacegroup"].isin(PAPER_UNTRAINED)]
    counts = crystals["spacegroup"].value_counts().sort_index()
    populous = counts[counts >= settings.unseen_minimum_crystals]
    halves: list[pd.DataFrame] = []
    for group in populous.sort_values(ascending=False, kind="stable").index:
        if len(halves) == settings.unseen_groups:
            break
        members = crystals[crystals["spacegroup"] == group]
        place = members["material_id"].map(lambda name: _hash(seed, name))
        ordered = members.loc[place.sort_values().index[: settings.unseen_maximum_crystals]]
        if method == "random":
            part = ["reference"] * ceil(len(ordered) / 2) + ["test"] * (len(ordered) // 2)
        else:
            part = _prototype_halves(ordered, seed)
        if len(set(part)) == 2:
            halves.append(ordered.assign(part=part))
    if not halves:
        return crystals.iloc[:0].assign(part="")
    return pd.concat(halves).sort_values("row", ignore_index=True)


def compare_embeddings(
    reference: NDArray[np.float64], groups: Integers, test: NDArray[np.float64]
) -> Answers:
    """Compare test crystals with all reference crystals.

    `reference`: (R, images, channels), `test`: (N, images, channels), of length 1 in the last axis,
    as embeddings.embed_crystals returns them; `groups`: (R,), the group of each reference
    crystal.
    """
    order = np.argsort(groups, kind="stable")
    _, first = np.unique(groups[order], return_index=True)
    # The cosines of unit vectors, summed over the images, are one product of long vectors.
    known = reference[order].reshape(len(reference), -1).T
    unknown = test.reshape(len(test), -1)
    similarity = np.empty((len(test), len(first)), dtype=np.float64)
    nearest = np.empty(len(test), dtype=np.int64)
    for start in range(0, len(test), _CRYSTALS_AT_A_TIME):
        batch = slice(start, start + _CRYSTALS_AT_A_TIME)
        cosines = unknown[batch] @ known
        similarity[batch] = np.maximum.reduceat(cosines, first, axis=1)
        nearest[batch] = order[cosines.argmax(axis=1)]
    return Answers(similarity, nearest)


def score_unseen(
    reference: pd.DataFrame,
    test: pd.DataFrame,
    trained: Answers,
    untrained: Answers,
    seed: int,
) -> Scores:
    """Score the answers of the trained network, and of the untrained one beside it.

    `reference`, `test`: crystals as `choose_unseen` returns them, in the order of the answers; the
    groups of both are the same. `seed`: of the intervals. Tables: top_k, symmetry, per_class,
    predictions.
    """
    groups = np.unique(reference["spacegroup"])
    truth = test["spacegroup"].to_numpy()
    places = np.searchsorted(groups, truth)
    answered = {"": trained, "untrained_": untrained}
    ranks = {name: ranks_of_truth(each.similarity, places) for name, each in answered.items()}
    named = {name: groups[each.similarity.argmax(axis=1)] for name, each in answered.items()}
    top_k = _side_by_side(
        [metrics.top_k_table(each.similarity, places) for each in answered.values()],
        ["accuracy", "low", "high"],
    )
    symmetry = _side_by_side(
        [metrics.symmetry_table(truth, each, groups) for each in named.values()],
        ["accuracy", "low", "high"],
    )
    # Of naming one of the groups evenly.
    symmetry["chance"] = [
        np.mean(classes_of(groups)[None] == classes_of(truth)[:, None])
        for classes_of in LEVELS.values()
    ]
    per_class = _side_by_side(
        [metrics.per_class(truth, each) for each in named.values()], ["correct", "recall"]
    ).drop(columns=["precision", "f1"])
    per_class.insert(1, "crystal_system", crystal_systems(per_class["class"].to_numpy()))
    counts = reference["spacegroup"].value_counts()
    per_class.insert(2, "reference_crystals", per_class["class"].map(counts))
    return Scores(
        _summary(reference, test, ranks, named, symmetry, seed),
        {
            "top_k": top_k.assign(chance=top_k.pop("chance")),
            "symmetry": symmetry,
            "per_class": per_class,
            "predictions": _predictions(reference, test, trained, ranks, named),
        },
    )


def describe_unseen(summary: dict[str, Any]) -> str:
    """Say in one line how well the groups are told apart."""
    low, high = summary["top_1_interval_95"]
    return (
        f"{summary['unseen_groups']} untrained groups: top-1 {100 * summary['top_1_accuracy']:.1f} "
        f"% (95 % interval {100 * low:.1f} to {100 * high:.1f} %), untrained network "
        f"{100 * summary['untrained_top_1_accuracy']:.1f} %, chance "
        f"{100 * summary['chance_accuracy']:.1f} %, n = {summary['test_crystals']}"
    )


def _prototype_halves(crystals: pd.DataFrame, seed: int) -> list[str]:
    """Give prototypes, in the order of their hashes, to the half that is smaller so far."""
    # An unknown prototype is taken for one of its own.
    prototype = crystals["prototype"].where(crystals["prototype"] != "", crystals["material_id"])
    sizes = prototype.value_counts()
    filled = {"reference": 0, "test": 0}
    half_of: dict[str, str] = {}
    for name in sorted(sizes.index, key=lambda name: _hash(seed, name)):
        half_of[name] = min(filled, key=lambda half: filled[half])
        filled[half_of[name]] += int(sizes[name])
    return [half_of[name] for name in prototype]


def _summary(
    reference: pd.DataFrame,
    test: pd.DataFrame,
    ranks: dict[str, NDArray[np.int64]],
    named: dict[str, Integers],
    symmetry: pd.DataFrame,
    seed: int,
) -> dict[str, Any]:
    truth = test["spacegroup"].to_numpy()
    levels = {row["level"]: row for row in symmetry.to_dict("records")}
    known = set(zip(reference["spacegroup"], reference["prototype"], strict=True))
    also_known = [pair in known for pair in zip(truth, test["prototype"], strict=True)]
    gain = (ranks[""] == 1).astype(int) - (ranks["untrained_"] == 1)
    summary: dict[str, Any] = {
        "unseen_groups": levels["space group"]["classes"],
        "reference_crystals": len(reference),
        "test_crystals": len(test),
        "prototype_in_reference": float(np.mean(also_known)),
        "chance_accuracy": levels["space group"]["chance"],
    }
    for name, places in ranks.items():
        summary |= {
            f"{name}top_1_accuracy": float(np.mean(places == 1)),
            f"{name}top_1_interval_95": list(share_interval(places == 1)),
            f"{name}top_5_accuracy": float(np.mean(places <= _LARGEST_K)),
            f"{name}balanced_accuracy": float(balanced_accuracy_score(truth, named[name])),
            f"{name}extinction_class_accuracy": levels["extinction class"][f"{name}accuracy"],
            f"{name}crystal_system_accuracy": levels["crystal system"][f"{name}accuracy"],
        }
    return summary | {
        "gain_over_untrained": float(gain.mean()),
        "gain_over_untrained_interval_95": list(_interval_of_mean_gain(gain, seed)),
    }


def _side_by_side(tables: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """Return the table of the trained network, with columns of the untrained one's beside it."""
    trained, untrained = tables
    return trained.join(untrained[columns].add_prefix("untrained_"))


def _predictions(
    reference: pd.DataFrame,
    test: pd.DataFrame,
    trained: Answers,
    ranks: dict[str, NDArray[np.int64]],
    named: dict[str, Integers],
) -> pd.DataFrame:
    return test[["row", "material_id", "spacegroup"]].assign(
        predicted=named[""],
        rank=ranks[""],
        similarity=trained.similarity.max(axis=1),
        nearest=reference["material_id"].to_numpy()[trained.nearest],
        untrained_predicted=named["untrained_"],
        untrained_rank=ranks["untrained_"],
    )


def _interval_of_mean_gain(gain: NDArray[np.integer[Any]], seed: int) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of the mean of values -1, 0 and 1; (N,).

    Crystals are resampled with both of their answers. The numbers of the three values in a
    resample are multinomial, so they are drawn as such.
    """
    shares = np.bincount(gain + 1, minlength=3) / gain.size
    drawn = np.random.default_rng(seed).multinomial(gain.size, shares, size=_RESAMPLES)
    low, high = np.percentile((drawn[:, 2] - drawn[:, 0]) / gain.size, (2.5, 97.5))
    return float(low), float(high)


def _hash(seed: int, name: str) -> str:
    # Other words than in the split of the training, whose order would sort by what was drawn there.
    return hashlib.sha256(f"unseen {seed}:{name}".encode()).hexdigest()
