"""Which space groups, or other labels, are classes; which crystals teach, validate and test."""

import hashlib
from typing import Any

import numpy as np
import pandas as pd
import zarr

from spacegrouper.errors import UserError
from spacegrouper.settings import Split
from spacegrouper.settings.space_groups import SPACE_GROUPS
from spacegrouper.storage.dataset import read_label, usable_rows

PARTS = ("train", "validation", "test")


def split_dataset(dataset: zarr.Group, settings: Split, seed: int) -> pd.DataFrame:
    """Split the usable crystals of a dataset whose label is known; see `split_crystals`.

    Raises UserError too for a label that the dataset does not have.
    """
    arrays: Any = dataset
    crystals = pd.DataFrame(
        {
            "material_id": arrays["material_id"][:].astype(object),
            "spacegroup": arrays["spacegroup"][:].astype(np.int64),
            "prototype": arrays["prototype"][:].astype(object),
            "class": read_label(dataset, settings.label),
        }
    )
    crystals.insert(0, "row", crystals.index)
    unknown = 0 if settings.label == "spacegroup" else ""
    known = usable_rows(dataset) & (crystals["class"] != unknown)
    return split_crystals(crystals[known], settings, seed)


def split_crystals(crystals: pd.DataFrame, settings: Split, seed: int) -> pd.DataFrame:
    """Give every crystal of the classes its part.

    `crystals`: columns row, material_id, spacegroup, prototype, class (what split.label says of the
    crystal: a number for space groups, text for others). Returns those of the classes, with the
    further columns label and part ("train", "validation" or "test"), ordered by row; labels number
    the classes in their order from 0. Each class is present in every part. What happens to a
    crystal depends on the seed, its id and its prototype, not on the order of the rows.

    "random": each class keeps the shares, to the nearest crystal, and new crystals hardly move the
    others. "prototype": crystals of one prototype are in one part; the shares are kept as well as
    the sizes of the prototypes allow.
    Raises UserError for fewer than two classes, or one too small to be present in every part.
    """
    classes = select_classes(crystals["class"], settings)
    table = crystals[crystals["class"].isin(classes)].sort_values("row", ignore_index=True)
    table["label"] = np.searchsorted(np.array(classes), table["class"].to_list())
    table["part"] = ""
    place = table["material_id"].map(lambda name: _hash(seed, name))
    for name, members in place.groupby(table["class"]):
        ordered = table.loc[members.sort_values(kind="stable").index[: settings.maximum_crystals]]
        unit = _units(ordered, settings)
        if settings.method == "random":
            parts = _cut_at_shares(len(ordered), settings)
        else:
            parts = _parts_of_prototypes(unit, settings, seed)
        missing = set(PARTS) - set(parts)
        if missing:
            kinds = "crystals" if settings.method == "random" else "prototypes"
            raise UserError(
                f"split.classes: {_kind(settings, 1)} {name} has {unit.nunique()} {kinds}, too few "
                f"for a share in each of {', '.join(PARTS)}; leave it out, or raise "
                f"split.minimum_crystals above {len(members)}"
            )
        table.loc[ordered.index, "part"] = parts
    return table[table["part"] != ""].reset_index(drop=True)


def select_classes(label: "pd.Series[Any]", settings: Split) -> tuple[int, ...] | tuple[str, ...]:
    """Return, ascending, the classes to tell apart among the labels of the crystals.

    Raises UserError if there are fewer than two, or if one that is asked for has no crystals.
    """
    counts = label.value_counts()
    if isinstance(settings.classes, tuple) or settings.classes in SPACE_GROUPS:
        wanted = SPACE_GROUPS.get(settings.classes, settings.classes)  # type: ignore[arg-type]
        absent = [name for name in wanted if name not in counts.index]
        if absent:
            raise UserError(
                f"split.classes: no crystals of the {_kind(settings, 2)} "
                f"{', '.join(map(str, absent))}; leave them out or add crystals"
            )
        return tuple(sorted(wanted))
    least = settings.minimum_crystals if settings.classes == "populated" else 1
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


def validation_groups(split: pd.DataFrame, settings: Split, seed: int) -> "pd.Series[int]":
    """Number the groups of the learning and validation sets that validate in turn.

    Returns, for each row of `split`, the number of its group: 0 for the validation set, from 1 on
    those that the learning set is cut into, each as large as the validation set, -1 for the test
    set. Crystals of a prototype stay together where the split keeps them together.
    """
    groups = round(settings.train / settings.validation)
    place = _units(split, settings).map(lambda name: _hash(seed, f"group {name}"))
    number = pd.Series(-1, index=split.index)
    number[split["part"] == "validation"] = 0
    for _, members in place[split["part"] == "train"].groupby(split["label"]):
        number[members.index] = 1 + members.rank(method="dense").astype(int) % groups
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


def _parts_of_prototypes(prototype: "pd.Series[str]", settings: Split, seed: int) -> list[str]:
    """Give each crystal the part of its prototype.

    In the order of their hashes, prototypes go into the part that lacks most of its share, if they
    fit; one that fits nowhere is learnt from. What is left empty gets the smallest prototype of the
    learning set.
    """
    sizes = prototype.value_counts()
    share = {part: getattr(settings, part) * len(prototype) for part in PARTS}
    room = dict(share)
    part_of: dict[str, str] = {}
    for name in sorted(sizes.index, key=lambda name: _hash(seed, name)):
        fitting = [part for part in PARTS if sizes[name] <= room[part]]
        part_of[name] = max(fitting, key=lambda part: room[part] / share[part], default="train")
        room[part_of[name]] -= sizes[name]
    for part in PARTS[1:]:
        learnt_from = [name for name, given in part_of.items() if given == "train"]
        if part not in part_of.values() and len(learnt_from) > 1:
            part_of[min(learnt_from, key=lambda name: (sizes[name], _hash(seed, name)))] = part
    return [part_of[name] for name in prototype]


def _hash(seed: int, name: str) -> str:
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()
