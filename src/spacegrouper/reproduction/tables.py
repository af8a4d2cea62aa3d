"""Tables of the crystals that the experiments use."""

import pandas as pd

from spacegrouper.crystals.symmetry import crystal_systems
from spacegrouper.training.split import PARTS


def usage_table(
    splits: dict[str, pd.DataFrame], unseen: dict[str, int], crystals: int
) -> pd.DataFrame:
    """Count what becomes of all crystals, for each set of classes in order.

    `splits`: crystals used, by the name of the set, with columns spacegroup and part; `unseen`:
    how many others the network is tested with, of groups it was not trained on; `crystals`: how
    many there are at all. Columns classes, groups, train, validation, test, unseen, unused.
    """
    rows = []
    for classes, split in splits.items():
        parts = split["part"].value_counts().reindex(list(PARTS), fill_value=0).to_dict()
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
    counts = {
        key: pd.crosstab(split["spacegroup"], split["part"]).reindex(
            columns=list(PARTS), fill_value=0
        )
        for key, split in splits.items()
    }
    table = pd.concat(counts, names=["classes", "split"]).rename_axis(columns=None).reset_index()
    table.insert(3, "crystal_system", crystal_systems(table["spacegroup"].to_numpy()))
    return table.assign(all=table[list(PARTS)].sum(axis=1))


def list_test_crystals(splits: dict[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
    """List the crystals of the test parts, by set of classes, way of splitting and space group.

    `splits`: as for `crystals_per_group`, with the column material_id. Columns classes, split,
    spacegroup, material_id.
    """
    columns = ["spacegroup", "material_id"]
    tests = {
        key: split.loc[split["part"] == "test", columns].sort_values(columns)
        for key, split in splits.items()
    }
    return pd.concat(tests, names=["classes", "split", "place"]).reset_index().drop(columns="place")
