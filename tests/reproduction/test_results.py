import json

import numpy as np
import pandas as pd
import pytest
from paper_grid import SETS, write_grid

from spacegrouper.errors import UserError
from spacegrouper.reproduction.results import (
    best_spot_network,
    experiments_in_detail,
    experiments_of_largest_set,
    experiments_table,
    list_experiments,
    read_error_rates,
    read_split_table,
    top_k_of_all,
    unseen_crystals,
    unseen_top_k_of_all,
)
from spacegrouper.settings import settings_from_mapping


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    """Settings and experiments of a small grid."""
    folder = tmp_path_factory.mktemp("grid")
    settings = write_grid(folder)
    return settings, list_experiments(settings, folder / "grid")


def test_experiments_come_in_the_order_of_the_grid(grid):
    _, experiments = grid
    assert len(experiments) == 3 * 2 * 2
    first, last = experiments[0], experiments[-1]
    assert (first.title, first.classes, first.split) == ("first (shaped)", "few", "random")
    assert (last.title, last.classes, last.split) == ("strong (spot)", "many", "prototype")
    assert last.folder.name == "strong-many-prototype"


def test_the_table_holds_what_the_evaluations_say(grid):
    _, experiments = grid
    table = experiments_table(experiments)
    assert table[["network", "classes", "split"]].duplicated().sum() == 0
    for experiment, row in zip(experiments, table.to_dict("records"), strict=True):
        metrics = json.loads((experiment.folder / "evaluation" / "metrics.json").read_text())
        predictions = pd.read_csv(experiment.folder / "evaluation" / "predictions.csv")
        assert row["groups"] == len(SETS[experiment.classes])
        assert row["n"] == len(predictions)
        for k in range(1, row["groups"] + 1):
            assert row[f"top_{k}"] == pytest.approx((predictions["rank"] <= k).mean(), abs=1e-6)
        assert [row["macro_f1_low"], row["macro_f1_high"]] == metrics["macro_f1_interval_95"]
        for score in ("extinction_class_accuracy", "physics_line_top_1_accuracy"):
            assert row[score] == metrics[score]
    assert table.loc[table["classes"] == "few", "top_3"].isna().all()


def test_the_best_network_on_spot_images_is_drawn_beside_the_first(grid):
    settings, experiments = grid
    scores = experiments_table(experiments)
    assert best_spot_network(scores, "many", "random") == "strong"
    shown = experiments_in_detail(experiments, settings, scores)
    assert [each.folder.name for each in shown] == ["first-many-random", "strong-many-random"]


def test_of_equally_good_networks_the_first_is_best(grid):
    scores = experiments_table(grid[1]).assign(top_1=0.5)
    assert best_spot_network(scores, "many", "random") == "weak"


def test_a_grid_without_spot_images_shows_one_network(grid):
    settings, experiments = grid
    scores = experiments_table(experiments).assign(descriptor="shaped")
    assert best_spot_network(scores, "many", "random") is None
    assert len(experiments_in_detail(experiments, settings, scores)) == 1


def test_top_k_tables_are_joined(grid):
    _, experiments = grid
    table = top_k_of_all(experiments)
    assert len(table) == 6 * 2 + 6 * 4
    assert table.groupby(["network", "classes", "split"])["k"].apply(list).map(len).max() == 4
    everything = table[table["k"] == table["groups"]]
    assert (everything["accuracy"] == 1).all()


def test_all_networks_with_the_largest_set_are_tested_with_untrained_groups(grid):
    settings, experiments = grid
    chosen = experiments_of_largest_set(experiments, settings)
    assert [each.network for each in chosen] == ["first", "weak", "strong"]
    table = unseen_top_k_of_all(chosen)
    assert table["network"].value_counts().tolist() == [3, 3, 3]
    assert set(table["n"]) == {19}
    assert unseen_crystals(chosen[0]) == 39


def test_error_rates_have_crystal_systems_on_both_sides(grid):
    rates = read_error_rates(grid[1][-1])
    assert rates.index.tolist() == rates.columns.tolist()
    assert rates.loc["cubic"].notna().all()
    assert np.nanmax(rates.to_numpy()) <= 1


def test_ids_stay_text(grid):
    split = read_split_table(grid[1][0])
    assert split["material_id"].iloc[0] == "0000"
    assert split.columns.tolist() == ["row", "material_id", "spacegroup", "part"]


def test_a_missing_result_is_named(tmp_path):
    settings = settings_from_mapping({}, "test")
    with pytest.raises(UserError, match=r"metrics.json: no such result .* `snakemake paper`"):
        experiments_table(list_experiments(settings, tmp_path))
