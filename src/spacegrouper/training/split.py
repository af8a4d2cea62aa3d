"""Which space groups, or other labels, are classes; which crystals train, validate and test."""

import hashlib
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spacegrouper.errors import UserError
from spacegrouper.settings import Split
from spacegrouper.settings.split import FEWER_CRYSTALS

if TYPE_CHECKING:
    from spacegrouper.dataset.dataset import Dataset

log = logging.getLogger(__name__)

PARTS = ("train", "validation", "test")
# Of prototypes that classes share, in search of an assignment with all classes in all parts.
_MOST_MOVES = 10_000


def split_dataset(dataset: "Dataset", settings: Split, seed: int) -> pd.DataFrame:
    """Split the usable crystals of a dataset whose label is known; see `split_crystals`.

    Those of `settings.training_only` are then added to the training set, see `add_training_only`,
    and the copies of all that train.
    Raises UserError too for a label that the dataset does not have.
    """
    crystals = dataset.crystals()
    crystals["class"] = dataset.label(settings.label)[crystals["row"]]
    crystals = crystals[crystals["class"] != (0 if settings.label == "spacegroup" else "")]
    if settings.training_only is None:
        split = split_crystals(crystals, settings, seed)
    else:
        marked = dataset.label(settings.training_only)[crystals["row"]] != ""
        split = split_crystals(crystals[~marked], settings, seed)
        split = add_training_only(split, crystals[marked], settings)
    copies = dataset.copies()
    return split if copies.empty else add_copies(split, copies)


def add_copies(split: pd.DataFrame, copies: pd.DataFrame) -> pd.DataFrame:
    """Add copies of the crystals of the training set to it.

    `split`: as `split_crystals` returns it; `copies`: columns row, material_id and copy_of, the
    crystal's id. Returns both, with the column copy_of, empty for crystals.
    """
    of_crystal = split[split["part"] == "train"].drop(columns="row")
    added = copies.merge(
        of_crystal.rename(columns={"material_id": "copy_of"}), on="copy_of", validate="many_to_one"
    )
    whole: pd.DataFrame = pd.concat([split.assign(copy_of=""), added])
    return whole.sort_values("row", ignore_index=True)


def split_crystals(crystals: pd.DataFrame, settings: Split, seed: int) -> pd.DataFrame:
    """Give every crystal of the classes its part.

    `crystals`: columns row, material_id, spacegroup, prototype, class (what split.label says of the
    crystal: a number for space groups, text for others). Returns those of the classes, with the
    further columns label and part ("train", "validation" or "test"), ordered by row; labels number
    the classes in their order from 0. Each class is present in every part. What happens to a
    crystal depends on the seed, its id and its prototype, not on the order of the rows.

    "random": each class keeps the shares, to the nearest crystal, and new crystals hardly move the
    others. "prototype": all crystals of a prototype are in one part, whatever their classes; the
    shares of each class are kept as well as the sizes of the prototypes allow. Of the training set
    `training_share` is kept; who validates and tests does not depend on it.
    Raises UserError for fewer than two classes, or for those that cannot be present in every part.
    """
    classes = select_classes(crystals["class"], settings)
    table = crystals[crystals["class"].isin(classes)].sort_values("row", ignore_index=True)
    table["label"] = np.searchsorted(np.array(classes), table["class"].to_list())
    place = table["material_id"].map(lambda name: _hash(seed, name))
    members = [
        places.sort_values(kind="stable").index[: settings.maximum_crystals]
        for _, places in place.groupby(table["label"])
    ]
    table = table.loc[np.concatenate(members)]
    unit = _units(table, settings)
    if settings.method == "random":
        table["part"] = [part for own in members for part in _cut_at_shares(len(own), settings)]
    else:
        table["part"] = unit.map(_parts_of_prototypes(unit, table["label"], settings, seed))
    _check_parts(table, unit, crystals["class"].value_counts(), settings)
    training = table["part"] == "train"
    left_out = _beyond_share(table[training], unit[training], settings.training_share, seed)
    split: pd.DataFrame = table.drop(left_out).sort_values("row", ignore_index=True)
    return split


def add_training_only(split: pd.DataFrame, crystals: pd.DataFrame, settings: Split) -> pd.DataFrame:
    """Add crystals that may only train to the training set of a split.

    `split`, `crystals`: as `split_crystals` returns and takes them. Crystals of other classes are
    left out, and, where prototypes are held out, those of a prototype that validates or tests.
    """
    label = dict(zip(split["class"], split["label"], strict=True))
    added = crystals[crystals["class"].isin(label.keys())]
    if settings.method == "prototype":
        held_out = set(split.loc[split["part"] != "train", "prototype"]) - {""}
        leaks = added["prototype"].isin(held_out)
        log.info(
            "split.training_only: %d of %d crystals left out, whose prototypes are held out",
            leaks.sum(),
            len(added),
        )
        added = added[~leaks]
    added = added.assign(label=added["class"].map(label), part="train")
    whole: pd.DataFrame = pd.concat([split, added]).sort_values("row", ignore_index=True)
    return whole


def select_classes(label: "pd.Series[Any]", settings: Split) -> tuple[int, ...] | tuple[str, ...]:
    """Return, ascending, the classes to tell apart among the labels of the crystals.

    Raises UserError if there are fewer than two, or if one that is asked for has no crystals.
    """
    counts = label.value_counts()
    wanted: tuple[Any, ...] | None = settings.listed
    if wanted is not None:
        absent = [name for name in wanted if name not in counts.index]
        if absent:
            raise UserError(
                f"split.classes: no crystals of the {_kind(settings, 2)} "
                f"{', '.join(map(str, absent))}; leave them out or add crystals"
            )
        return tuple(sorted(wanted))
    least = _minimum(counts, settings) if settings.classes == "populated" else 1
    classes = counts.index[counts >= least]
    if len(classes) < 2:
        largest = counts.sort_index().sort_values(ascending=False, kind="stable")[:5]
        sizes = ", ".join(f"{name} with {size}" for name, size in largest.items())
        raise UserError(
            f"split.minimum_crystals: {_kind(settings, 2)} with at least {least} crystals: "
            f"{len(classes)}, but two classes are needed (largest: {sizes or 'none at all'}); "
            "lower it or add crystals"
        )
    return tuple(sorted(classes.tolist()))


def _minimum(counts: "pd.Series[int]", settings: Split) -> int:
    """Return `minimum_crystals` or, of the default, as many as the data bear."""
    least = settings.minimum_crystals
    if least == settings.fewest or (counts >= least).sum() > 1:
        return least
    fitting = (
        fewer
        for fewer in FEWER_CRYSTALS
        if (kept := counts[counts >= fewer]).size > 1 and 2 * kept.sum() >= counts.sum()
    )
    chosen = next(fitting, settings.fewest)
    log.warning(
        "no two %s have %d crystals: split.minimum_crystals is %d here, which keeps %d of them",
        _kind(settings, 2),
        least,
        chosen,
        (counts >= chosen).sum(),
    )
    return chosen


def validation_groups(split: pd.DataFrame, settings: Split, seed: int) -> "pd.Series[int]":
    """Number the folds of the training and validation sets that validate one after another.

    Returns, for each row of `split`, the number of its fold: 0 for the validation set, from 1 on
    the folds that the training set is cut into, each as large as that, -1 for the test set.
    Crystals of a prototype stay together where the split keeps them together.
    Raises UserError if there are too few crystals, or prototypes, for all folds.
    """
    groups = round(settings.train / settings.validation)
    number = pd.Series(-1, index=split.index)
    number[split["part"] == "validation"] = 0
    training = split[split["part"] == "train"]
    unit = _units(training, settings)
    place = unit.map(lambda name: _hash(seed, f"group {name}"))
    rank = place.groupby(training["label"]).rank(method="dense").astype(int)
    # A prototype of several classes goes where the first of them puts it.
    by_class = (1 + rank % groups)[training["label"].sort_values(kind="stable").index]
    number[by_class.index] = by_class.groupby(unit).transform("first")
    empty = sorted(set(range(groups + 1)) - set(number))
    if empty:
        kinds = "crystals" if settings.method == "random" else "prototypes"
        raise UserError(
            f"train.rotation_epochs: {groups + 1} folds are to validate, but {len(empty)} of "
            f"them would be empty: every class has fewer than {groups} {kinds} in the training "
            "set; raise split.validation, which makes fewer folds, or add crystals"
        )
    return number


def _kind(settings: Split, number: int) -> str:
    kind = "space group" if settings.label == "spacegroup" else f"{settings.label} class"
    return kind if number == 1 else f"{kind}{'es' if kind.endswith('s') else 's'}"


def _units(crystals: pd.DataFrame, settings: Split) -> "pd.Series[str]":
    """Name, for each crystal, what the split keeps in one part: the crystal, or its prototype."""
    names = crystals["material_id"]
    if settings.method == "random":
        return names
    # An unknown prototype is taken for one of its own.
    return crystals["prototype"].where(crystals["prototype"] != "", names)


def _cut_at_shares(crystals: int, settings: Split) -> list[str]:
    held_back = {
        part: max(1, round(share * crystals))
        for part, share in (("validation", settings.validation), ("test", settings.test))
    }
    parts = [part for part, count in held_back.items() for _ in range(count)]
    return (parts + ["train"] * (crystals - len(parts)))[:crystals]


def _beyond_share(
    training: pd.DataFrame, unit: "pd.Series[str]", share: float, seed: int
) -> "pd.Index[int]":
    """Return the index of the training crystals that are left out so that a share remains.

    Each class keeps its crystals, or whole prototypes, in the order of their hashes until it has
    its share, one crystal at least; so those of a smaller share are among those of a larger one. A
    prototype that one of its classes keeps stays in all of them.
    """
    sizes = training.groupby(["label", unit.rename("unit")]).size().rename("size").reset_index()
    sizes["place"] = [_hash(seed, name) for name in sizes["unit"]]
    sizes = sizes.sort_values(["label", "place"])
    by_class = sizes.groupby("label")["size"]
    before = by_class.cumsum() - sizes["size"]
    wanted = (share * by_class.transform("sum")).round().clip(lower=1)
    return training.index[~unit.isin(sizes.loc[before < wanted, "unit"])]


def _check_parts(
    table: pd.DataFrame, unit: "pd.Series[str]", sizes: "pd.Series[int]", settings: Split
) -> None:
    """Raise UserError unless every class is in every part; `sizes`: of each class, uncut."""
    parts = pd.crosstab(table["class"], table["part"]).reindex(columns=list(PARTS), fill_value=0)
    lacking = parts.index[(parts == 0).any(axis=1)]
    if lacking.empty:
        return
    units = unit.groupby(table["class"]).nunique()[lacking]
    kind = "crystal" if settings.method == "random" else "prototype"
    named = [
        f"{_kind(settings, 1)} {name} has {units[name]} {kind}{'' if units[name] == 1 else 's'}"
        for name in lacking[:5]
    ]
    if len(lacking) > len(named):
        named.append(f"{len(lacking) - len(named)} more have as few")
    too_few = f"too few for a share in each of {', '.join(PARTS)}"
    if units.max() >= len(PARTS) and settings.method == "prototype":
        too_few += " (prototypes that classes share are in one part)"
    if settings.maximum_crystals and (sizes[lacking] > settings.maximum_crystals).any():
        advice = f"raise split.maximum_crystals above {settings.maximum_crystals}"
    else:
        advice = f"leave {'it' if len(lacking) == 1 else 'them'} out"
        if settings.classes == "populated":
            advice += f", or raise split.minimum_crystals above {sizes[lacking].max()}"
    raise UserError(f"split.classes: {', '.join(named)}, {too_few}; {advice}")


def _parts_of_prototypes(
    prototype: "pd.Series[str]", label: "pd.Series[int]", settings: Split, seed: int
) -> dict[str, str]:
    """Give each prototype its part, over all classes at once.

    `prototype`, `label`: of each crystal. In the order of their hashes, first those of several
    classes, prototypes go into the part that lacks most of its share of their classes, if they fit
    in all of them; one that fits nowhere trains. Then classes that lack a part get one.
    """
    sizes: dict[str, dict[int, int]] = {}
    pairs: Any = Counter(zip(prototype, label, strict=True))
    for (name, own), size in sorted(pairs.items()):
        sizes.setdefault(name, {})[own] = size
    totals = label.value_counts()
    share = {
        own: {part: getattr(settings, part) * total for part in PARTS}
        for own, total in totals.items()
    }
    room = {own: dict(parts) for own, parts in share.items()}
    place = {name: (len(own) == 1, _hash(seed, name)) for name, own in sizes.items()}
    part_of: dict[str, str] = {}
    for name in sorted(sizes, key=place.__getitem__):
        own = sizes[name]
        crystals = sum(own.values())
        lack = {
            part: sum(size / crystals * room[c][part] / share[c][part] for c, size in own.items())
            for part in PARTS
            if all(size <= room[c][part] for c, size in own.items())
        }
        part_of[name] = max(lack, key=lack.__getitem__, default="train")
        for c, size in own.items():
            room[c][part_of[name]] -= size
    _fill_empty_parts(part_of, sizes, place)
    return part_of


def _fill_empty_parts(
    part_of: dict[str, str], sizes: dict[str, dict[int, int]], place: dict[str, tuple[bool, str]]
) -> None:
    """Move prototypes until every class of three or more is in every part, or none is left to try.

    A class gets, for a part that it lacks, the prototype whose move leaves the fewest parts of
    other classes empty: of those that were moved least often, in the training set, and smallest.
    """
    members: dict[int, list[str]] = {}
    for name, own in sizes.items():
        for c in own:
            members.setdefault(c, []).append(name)
    prototypes = Counter((c, part_of[name]) for c, names in members.items() for name in names)
    large = sorted(c for c, names in members.items() if len(names) >= len(PARTS))
    moves: Counter[str] = Counter()

    def cost(name: str, part: str) -> tuple[Any, ...]:
        emptied = sum(prototypes[c, part_of[name]] == 1 for c in sizes[name])
        filled = sum(prototypes[c, part] == 0 for c in sizes[name])
        trains = part_of[name] == "train"
        crystals = sum(sizes[name].values())
        return emptied - filled + moves[name], not trains, crystals, place[name]

    for _ in range(_MOST_MOVES):
        empty = next(((c, part) for c in large for part in PARTS if not prototypes[c, part]), None)
        if empty is None:
            return
        lacking, part = empty
        moved = min(members[lacking], key=lambda name: cost(name, part))
        for c in sizes[moved]:
            prototypes[c, part_of[moved]] -= 1
            prototypes[c, part] += 1
        part_of[moved] = part
        moves[moved] += 1


def _hash(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()
