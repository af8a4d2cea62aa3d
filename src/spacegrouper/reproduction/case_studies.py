"""Crystals that a network names right from shaped patterns and another one wrong from spots.

Fig. 5 of Tiong, Kim, Han, Kim, npj Comput. Mater. 6, 196 (2020) shows such crystals; how many
there are, beside the other outcomes, says whether they are more than luck. Beside those found by a
rule stand the paper's own.
"""

from pathlib import Path

import pandas as pd

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.symmetry import crystal_systems
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError
from spacegrouper.evaluation.model_folder import check_rows
from spacegrouper.reproduction.paired_outcomes import count_pairs
from spacegrouper.settings.space_groups import CRYSTAL_SYSTEMS

_COLUMNS = {
    "row": int,
    "material_id": str,
    "spacegroup": int,
    "predicted": int,
    "probability": float,
}
_TWO_THETA = (5, 90)  # degrees


def read_predictions(evaluation: Path, dataset: Dataset) -> pd.DataFrame:
    """Read predictions.csv of an evaluation whose label is the space group.

    Columns row, material_id, spacegroup, predicted, probability (of the predicted group). Raises
    UserError where there is none, it is of another label, or it is of other crystals than the
    dataset's.
    """
    path = evaluation / "predictions.csv"
    try:
        table = pd.read_csv(path, dtype=_COLUMNS, keep_default_na=False)[list(_COLUMNS)]
    except OSError:
        raise UserError(f"{path}: no such file; make it with scripts/evaluate.py") from None
    except (ValueError, KeyError):
        raise UserError(
            f"{path}: not the answers of a network that names space groups; make it with "
            "scripts/evaluate.py from one trained with `split.label: spacegroup`"
        ) from None
    check_rows(table, dataset, path)
    return table


def outcomes_table(spot: pd.DataFrame, shaped: pd.DataFrame) -> pd.DataFrame:
    """Return the crystals that both networks were tested on, in order of row.

    `spot`, `shaped`: as `read_predictions` returns them. Columns row, material_id, spacegroup,
    crystal_system, spot_predicted, spot_probability, shaped_predicted, shaped_probability. Raises
    UserError if there are none.
    """
    of_spot, of_shaped = (
        table.rename(columns={name: f"{network}_{name}" for name in ("predicted", "probability")})
        for network, table in (("spot", spot), ("shaped", shaped))
    )
    table = of_spot.merge(of_shaped).sort_values("row", ignore_index=True)
    if table.empty:
        raise UserError(
            "no crystal was tested by both networks; train them with the same `split` and `seed`"
        )
    table.insert(3, "crystal_system", crystal_systems(table["spacegroup"].to_numpy()))
    return table


def count_outcomes(outcomes: pd.DataFrame) -> dict[str, int | float]:
    """Return how many crystals both networks name right, only one of them, and neither.

    `outcomes`: as `outcomes_table` returns them. `mcnemar_p`: as `count_pairs` has it.
    """
    counts = count_pairs(_right(outcomes, "shaped"), _right(outcomes, "spot"))
    named = {"only_first_right": "only_shaped_right", "only_second_right": "only_spot_right"}
    return {named.get(name, name): count for name, count in counts.items()}


def choose_cases(outcomes: pd.DataFrame, cases: int) -> pd.DataFrame:
    """Choose, of the crystals that only the shaped network names right, one of each system.

    It is the one of the crystal system to which the shaped network gives the true space group with
    the largest probability; the first by id if there are several. If that makes more than `cases`,
    those with the largest probabilities stay. Returned from triclinic to cubic.
    """
    right = outcomes[_right(outcomes, "shaped") & ~_right(outcomes, "spot")]
    ordered = right.sort_values(["shaped_probability", "material_id"], ascending=[False, True])
    chosen = ordered.groupby("crystal_system").head(1).head(cases)
    order = chosen["crystal_system"].map(CRYSTAL_SYSTEMS.index)
    return chosen.loc[order.sort_values().index].reset_index(drop=True)


def find_cases(
    published: pd.DataFrame, crystals: pd.DataFrame, outcomes: pd.DataFrame
) -> pd.DataFrame:
    """Find the crystals that the paper shows, and what the networks answer if they were tested.

    `published`: columns pair, material_id, spacegroup, formula; `crystals`: of the dataset, columns
    row, material_id, spacegroup; `outcomes`: as `outcomes_table` returns them. Returns a row for
    each published one, in their order: pair, material_id, published_spacegroup,
    published_formula, row, spacegroup, and both networks' answers as in `outcomes`. Row and
    spacegroup are empty where the dataset lacks it, answers where not both were tested with it.
    """
    named = {name: f"published_{name}" for name in ("spacegroup", "formula")}
    there = crystals[["row", "material_id", "spacegroup"]].astype(
        {"row": "Int64", "spacegroup": "Int64"}
    )
    answers = outcomes.drop(columns=["material_id", "spacegroup", "crystal_system"])
    answers = answers.astype(
        {"row": "Int64", "spot_predicted": "Int64", "shaped_predicted": "Int64"}
    )
    return published.rename(columns=named).merge(there, how="left").merge(answers, how="left")


def powder_pattern(crystal: Crystal) -> pd.DataFrame:
    """Return the reflections of a crystal's powder, Cu K-alpha: two_theta, intensity, hkl.

    two_theta: 5 to 90 degrees; intensity: the strongest is 100; hkl: of one of the equivalent
    reflections, in the given cell. Computed by pymatgen's XRDCalculator.
    """
    # It takes seconds to import, which other figures need not wait for.
    from pymatgen.analysis.diffraction.xrd import XRDCalculator
    from pymatgen.core import Structure

    structure = Structure(crystal.lattice, crystal.species, crystal.frac_coords)
    pattern = XRDCalculator("CuKa").get_pattern(structure, two_theta_range=_TWO_THETA)
    return pd.DataFrame(
        {
            "two_theta": pattern.x,
            "intensity": pattern.y,
            "hkl": [" ".join(map(str, families[0]["hkl"])) for families in pattern.hkls],
        }
    )


def _right(outcomes: pd.DataFrame, network: str) -> "pd.Series[bool]":
    return outcomes[f"{network}_predicted"] == outcomes["spacegroup"]
