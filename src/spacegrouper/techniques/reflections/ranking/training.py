"""A ranker from crystals: their measurements are simulated, and trees learn the true candidates."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.crystal import Crystal, space_group_of
from spacegrouper.crystals.elements import UnusableCrystalError
from spacegrouper.errors import UserError
from spacegrouper.randomness import generator_for
from spacegrouper.techniques.reflections.ranking.boosted_trees import from_scikit_learn
from spacegrouper.techniques.reflections.ranking.features import (
    FEATURES,
    LIST_FEATURES,
    Candidates,
    all_rows,
)
from spacegrouper.techniques.reflections.ranking.group_settings import told_apart
from spacegrouper.techniques.reflections.ranking.ranker import Kind, Ranker

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]

_TEMPERATURES = np.geomspace(0.3, 5, 60)
_FEWEST_SURE = 30  # answers from which a temperature is taken


@dataclass(frozen=True)
class Growing:
    """How trees are grown, as scikit-learn's HistGradientBoostingClassifier names it."""

    max_iter: int = 600
    learning_rate: float = 0.1
    max_leaf_nodes: int = 31
    min_samples_leaf: int = 30
    l2_regularization: float = 1.0


@dataclass(frozen=True, eq=False)
class Example:
    """The candidates of a simulated list.

    Args:
        prototype: of the crystal.
        number: the true space group, as `told_apart` has it.
        groups: (rows,), those of the candidates.
        laue: (rows,), which Laue candidate each is of.
        features: (rows, features).
    """

    prototype: str
    number: int
    groups: NDArray[np.int64]
    laue: NDArray[np.int64]
    features: Floats

    def truth(self) -> NDArray[np.bool_]:
        """Tell which candidate is the true one: of several, that of the likeliest Laue class."""
        same = self.groups == self.number
        first: NDArray[np.bool_] = same & (np.cumsum(same) == 1)
        return first


def examples(
    crystals: Iterable[Crystal],
    candidates: Callable[[Crystal, np.random.Generator], Sequence[Candidates]],
    seed: int,
    advance: Callable[[int], None] = lambda _: None,
) -> Iterator[Example]:
    """Yield the candidates of a simulated list of each crystal; what says too little is left out.

    Args:
        crystals: their metadata name the space group, and the prototype.
        candidates: measures a crystal, and returns the candidates of the list under each centring
            that it may have; none where too little was measured.
        seed: what is drawn for a crystal depends on it and the crystal's id alone.
        advance: is called with 1 for each crystal.
    """
    for crystal in crystals:
        advance(1)
        try:
            several = candidates(crystal, generator_for(seed, crystal.id, "list"))
        except (UnusableCrystalError, UserError):
            continue
        if not several:
            continue
        groups, laue, features = all_rows(several)
        yield Example(
            prototype=str(crystal.metadata.get("prototype", crystal.id)),
            number=told_apart(space_group_of(crystal)),
            groups=groups,
            laue=laue,
            features=features,
        )


def held_out(given: list[Example], share: float, seed: int) -> NDArray[np.bool_]:
    """Tell which examples are held out: all of so many prototypes."""
    prototypes = sorted({example.prototype for example in given})
    chosen = np.random.default_rng(seed).random(len(prototypes)) < share
    out = {name for name, one in zip(prototypes, chosen, strict=True) if one}
    return np.array([example.prototype in out for example in given])


def fitted(
    given: list[Example],
    frequencies: NDArray[np.int64],
    growing: Growing,
    measuring: dict[str, Any],
    share: float,
    seed: int,
    kind: Kind = "lists",
) -> Ranker:
    """Return a ranker with the temperature and the scores that held-out prototypes give.

    The held-out prototypes are halved: one half gives the temperature, the other the scores.

    Args:
        given: examples, of all prototypes.
        frequencies: (231,), how many crystals of each space group there are.
        growing: of the trees.
        measuring: how the examples were measured, for the record.
        share: of prototypes that are held out.
        seed: of the split and of the trees.
        kind: of lists that the examples are.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    outside = held_out(given, share, seed)
    inside = [example for example, out in zip(given, outside, strict=True) if not out]
    rest = [example for example, out in zip(given, outside, strict=True) if out]
    if not inside or len(rest) < 2:
        raise UserError("too few crystals to hold some out; give more")
    half = held_out(rest, 0.5, seed + 1)
    tuning = [example for example, one in zip(rest, half, strict=True) if one]
    testing = [example for example, one in zip(rest, half, strict=True) if not one]
    classifier = HistGradientBoostingClassifier(
        **asdict(growing), early_stopping=False, random_state=seed
    )
    classifier.fit(
        np.concatenate([example.features for example in inside]),
        np.concatenate([example.truth() for example in inside]),
    )
    trees = from_scikit_learn(classifier)
    calibrating = tuning or rest
    odds = [trees.log_odds(example.features) for example in calibrating]
    temperature = honest_temperature(odds, calibrating)
    made = {
        "features": list(FEATURES),
        "list_ranges": list_ranges(
            np.array([example.features[0, : len(LIST_FEATURES)] for example in inside])
        ),
        "growing": asdict(growing),
        "measuring": measuring,
        "seed": seed,
        "held_out_share": share,
        "training_lists": len(inside),
        "held_out_lists": len(rest),
    }
    ranker = Ranker(trees, temperature, np.asarray(frequencies, dtype=np.int64), made, kind)
    made["scores"] = scores(ranker, testing or rest)
    return ranker


def list_ranges(of_lists: Floats) -> dict[str, list[float]]:
    """Return what all but two in a thousand lists are between, of each of LIST_FEATURES.

    Args:
        of_lists: (lists, features), NaN where a list has none.
    """
    return {
        name: np.nanquantile(column, [0.001, 0.999]).tolist()
        for name, column in zip(LIST_FEATURES, of_lists.T, strict=True)
        if not np.isnan(column).all()
    }


def honest_temperature(odds: Sequence[Floats], given: Sequence[Example]) -> float:
    """Return the temperature at which first answers are right as often as they say.

    Of those that say more than one half; 1 where these are too few to tell. The temperature of the
    smallest loss is lower: it suits the many lists that say little, and leaves the answers that
    people rely on too sure.

    Args:
        odds: of each example (rows,), logarithms.
        given: the examples.
    """
    unique = [np.unique(example.groups, return_inverse=True) for example in given]

    def said_at(temperature: float) -> tuple[Floats, NDArray[np.bool_]]:
        """Return what first answers say that say more than one half, and whether they are right."""
        said = []
        for one, example, (groups, place) in zip(odds, given, unique, strict=True):
            shares = np.bincount(place, np.exp((one - one.max()) / temperature))
            first = shares.argmax()
            said.append((shares[first] / shares.sum(), groups[first] == example.number))
        probability, right = np.array(said).T
        sure = probability > 0.5
        return probability[sure], right[sure].astype(bool)

    if len(said_at(1.0)[0]) < _FEWEST_SURE:
        log.warning(
            "of %d lists, fewer than %d have an answer that says more than one half: the ranker's "
            "probabilities are not calibrated",
            len(given),
            _FEWEST_SURE,
        )
        return 1.0
    gaps = []
    for temperature in _TEMPERATURES:
        probability, right = said_at(temperature)
        enough = len(right) >= _FEWEST_SURE
        gaps.append(abs(probability.mean() - right.mean()) if enough else np.inf)
    return float(_TEMPERATURES[int(np.argmin(gaps))])


def scores(ranker: Ranker, given: list[Example]) -> dict[str, Any]:
    """Return how often the true group is the first, among three and five, and the mean loss."""
    ranks, losses, there = [], [], []
    for example in given:
        probabilities = ranker.probabilities(example.features, example.groups, example.laue, "none")
        order = sorted(probabilities, key=lambda group: -probabilities[group])
        there.append(example.number in probabilities)
        ranks.append(order.index(example.number) if there[-1] else len(order) + 5)
        losses.append(-np.log(max(probabilities.get(example.number, 0.0), 6e-6)))
    return {
        "lists": len(given),
        "among_candidates": float(np.mean(there)),
        **{f"top_{k}": float(np.mean(np.array(ranks) < k)) for k in (1, 3, 5)},
        "loss": float(np.mean(losses)),
    }
