"""Tables of the crystals that the experiments use."""

import pandas as pd

from spacegrouper.crystals.symmetry import crystal_systems
from spacegrouper.training.split import PARTS


def usage_table(
    splits: dict[str, pd.DataFrame], unseen: dict[str, int], crystals: int
) -> pd.DataFrame:
    """Count what becomes of all crystals, for each set of classes in order.

    `splits`: crystals used, by the name of the set, with columns spacegroup and part; `unseen`:
    how many others the network is tested with though it never learns of their groups; `crystals`:
    how many there are at all. Columns classes, groups, train, validation, test, unseen, unused.
    """
    rows = []
    for classes, split in splits.items():
        parts = {part: int((split["part"] == part).sum()) for part in PARTS}
        others = unseen.get(classes, 0)
        rows.append(
            {"classes": classes, "groups": split["spacegroup"].nunique()}
            | parts
            | {"unseen": others, "unused": crystals - len(split) - others}
        )
    return pd.DataFrame(rows)


def crystals_per_group(splits: dict[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
    """Count the crystals of each space group in each part.

    `splits`: by set of classes and way of splitting, with columns spacegroup and part. Columns
    classes, split, spacegroup, crystal_system, train, validation, test, all.
    """
    tables = []
    for (classes, method), split in splits.items():
        counts = pd.crosstab(split["spacegroup"], split["part"]).reindex(
            columns=list(PARTS), fill_value=0
        )
        table = counts.rename_axis(columns=None).reset_index()
        table.insert(1, "crystal_system", crystal_systems(table["spacegroup"].to_numpy()))
        table["all"] = table[list(PARTS)].sum(axis=1)
        table.insert(0, "classes", classes)
        table.insert(1, "split", method)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def list_test_crystals(splits: dict[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
    """List the crystals of the test parts, by set of classes, way of splitting and space group.

    `splits`: as for `crystals_per_group`, with the column material_id. Columns classes, split,
    spacegroup, material_id.
    """
    tables = []
    for (classes, method), split in splits.items():
        table = split.loc[split["part"] == "test", ["spacegroup", "material_id"]]
        table = table.sort_values(["spacegroup", "material_id"])
        table.insert(0, "classes", classes)
        table.insert(1, "split", method)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)
