"""Tables of the crystals that the experiments use."""

import pandas as pd

from spacegrouper.crystals.symmetry import crystal_systems
from spacegrouper.settings.space_groups import PAPER_TRAINED, PAPER_UNTRAINED
from spacegrouper.training.split import PARTS

_PAPER = PAPER_TRAINED | PAPER_UNTRAINED


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
    classes, split, spacegroup, crystal_system, train, validation, test, all, and paper: how many
    materials the paper has of the group, empty where it is none of its 102.
    """
    counts = {
        key: pd.crosstab(split["spacegroup"], split["part"]).reindex(
            columns=list(PARTS), fill_value=0
        )
        for key, split in splits.items()
    }
    table = pd.concat(counts, names=["classes", "split"]).rename_axis(columns=None).reset_index()
    table.insert(3, "crystal_system", crystal_systems(table["spacegroup"].to_numpy()))
    return table.assign(
        all=table[list(PARTS)].sum(axis=1), paper=_in_paper(table["spacegroup"], _PAPER)
    )


def untrained_groups(population: pd.DataFrame, tested: pd.DataFrame | None) -> pd.DataFrame:
    """Count the crystals of groups never trained on: the paper's 30, and others that were tested.

    `population`: columns spacegroup and crystals, of all there are; `tested`: columns class,
    reference_crystals and crystals, as unseen_groups.score_unseen has them per class, if any.
    Columns spacegroup, crystal_system, paper (materials of the paper; empty where it is none of its
    30), crystals (all there are), reference and test (those that networks were tested with).
    """
    if tested is None:
        tested = pd.DataFrame({"class": [], "reference_crystals": [], "crystals": []}, dtype=int)
    groups = pd.Series(sorted({*PAPER_UNTRAINED, *tested["class"]}), name="spacegroup")

    def counted(counts: pd.Series) -> pd.Series:
        return groups.map(counts).fillna(0).astype(int)

    of_group = tested.set_index("class")
    return pd.DataFrame(
        {
            "spacegroup": groups,
            "crystal_system": crystal_systems(groups.to_numpy()),
            "paper": _in_paper(groups, PAPER_UNTRAINED),
            "crystals": counted(population.set_index("spacegroup")["crystals"]),
            "reference": counted(of_group["reference_crystals"]),
            "test": counted(of_group["crystals"]),
        }
    )


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


def _in_paper(groups: pd.Series, materials: dict[int, int]) -> pd.Series:
    return groups.map(materials).astype("Int64")
