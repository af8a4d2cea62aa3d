"""Which space groups are classes, and which crystals teach, validate and test."""

import hashlib
from typing import Any

import numpy as np
import pandas as pd
import zarr
from numpy.typing import NDArray

from spacegrouper.config.sections import Split
from spacegrouper.errors import UserError
from spacegrouper.storage.raw_shard import DONE

PARTS = ("train", "validation", "test")


def split_dataset(dataset: zarr.Group, settings: Split, seed: int) -> pd.DataFrame:
    """Split the crystals of a dataset; see `split_crystals`."""
    arrays: Any = dataset
    return split_crystals(
        np.array(arrays["material_id"][:].tolist(), dtype=np.str_),
        arrays["spacegroup"][:],
        arrays["status"][:],
        settings,
        seed,
    )


def split_crystals(
    material_id: NDArray[np.str_],
    spacegroup: NDArray[np.integer[Any]],
    status: NDArray[np.integer[Any]],
    settings: Split,
    seed: int,
) -> pd.DataFrame:
    """Give every crystal of the classes its part; all arrays (crystals,).

    Returns the columns row, material_id, spacegroup, label, part ("train", "validation" or
    "test"), ordered by row; labels number the space groups upwards from 0. Each class keeps the
    shares, to the nearest crystal, and is present in every part. A crystal's place among those of
    its class depends on the seed and its id alone, so neither the order of the rows nor new
    crystals reshuffle the others.
    Raises UserError for fewer than two classes, or one too small to be present in every part.
    """
    classes = select_classes(spacegroup, status, settings.minimum_crystals)
    row = np.flatnonzero((status == DONE) & np.isin(spacegroup, classes))
    table = pd.DataFrame(
        {
            "row": row,
            "material_id": material_id[row],
            "spacegroup": spacegroup[row].astype(np.int64),
            "label": np.searchsorted(np.array(classes), spacegroup[row]),
        }
    )
    table["part"] = "train"
    place = table["material_id"].map(lambda name: _place(seed, name))
    for group, members in place.groupby(table["spacegroup"]):
        held_back = [
            max(1, round(share * len(members))) for share in (settings.validation, settings.test)
        ]
        if sum(held_back) >= len(members):
            raise UserError(
                f"split.minimum_crystals: space group {group} has {len(members)} crystals, too few "
                f"for a share in each of {', '.join(PARTS)}; raise it above {len(members)}"
            )
        ordered = members.sort_values(kind="stable").index
        table.loc[ordered[: held_back[0]], "part"] = "validation"
        table.loc[ordered[held_back[0] : sum(held_back)], "part"] = "test"
    return table


def select_classes(
    spacegroup: NDArray[np.integer[Any]], status: NDArray[np.integer[Any]], minimum_crystals: int
) -> tuple[int, ...]:
    """Return, ascending, the space groups with at least so many crystals done; 0 is unknown.

    Raises UserError if fewer than two space groups have.
    """
    known = spacegroup[(status == DONE) & (spacegroup > 0)]
    groups, counts = np.unique(known, return_counts=True)
    classes = tuple(int(group) for group in groups[counts >= minimum_crystals])
    if len(classes) < 2:
        largest = np.argsort(-counts, kind="stable")[:5]
        sizes = ", ".join(f"{groups[i]} with {counts[i]}" for i in largest) or "none at all"
        raise UserError(
            f"split.minimum_crystals: {len(classes)} space groups have at least "
            f"{minimum_crystals} crystals, but two classes are needed (largest groups: {sizes}); "
            "lower it or add crystals"
        )
    return classes


def _place(seed: int, material_id: str) -> str:
    return hashlib.sha256(f"{seed}:{material_id}".encode()).hexdigest()
