import json

import numpy as np
import pandas as pd
import pytest
from programs import call, spawn
from scipy.spatial.distance import cdist
from tiny_network import (
    SPACE_GROUPS,
    build_tiny_network,
    grey_images,
    maps_by_hand,
    write_six_groups,
    write_tiny_model,
)

from spacegrouper.dataset.dataset import Dataset

CONFIG = "evaluate: {batch_size: 5, unseen_minimum_crystals: 4}\n"


def evaluate(folder, output, config="config.yaml", run=call):
    return run(
        "evaluate_unseen_groups",
        f"--dataset={folder / 'data.zarr'}",
        f"--model={folder / 'model'}",
        f"--config={folder / config}",
        f"--output={output}",
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unseen")
    dataset = write_six_groups(folder / "data.zarr")
    network = build_tiny_network()
    write_tiny_model(folder / "model", dataset, network)
    (folder / "config.yaml").write_text(CONFIG)
    return folder, network, evaluate(folder, folder / "unseen")


def test_answers_are_those_computed_by_hand(run):
    folder, network, finished = run
    assert finished.returncode == 0, finished.stderr
    table = pd.read_csv(folder / "unseen" / "predictions.csv")
    dataset = Dataset(folder / "data.zarr")
    spacegroup = dataset.label("spacegroup")
    assert table["spacegroup"].tolist() == spacegroup[table["row"]].tolist()
    assert sorted(set(table["spacegroup"])) == list(SPACE_GROUPS[2:])
    unseen = np.flatnonzero(np.isin(spacegroup, SPACE_GROUPS[2:]))
    reference = np.setdiff1d(unseen, table["row"])
    assert len(reference) == len(table) == 16
    cosines = 0
    for image in grey_images(dataset, np.arange(48)):
        embedding = maps_by_hand(network, image)[-1].mean(axis=(1, 2))
        cosines = cosines + 1 - cdist(embedding[table["row"]], embedding[reference], "cosine")
    nearest = table["nearest"].str.removeprefix("material_id-").astype(int)
    assert table["predicted"].tolist() == spacegroup[nearest].tolist()
    named = cosines[np.arange(16), np.searchsorted(reference, nearest)]
    # To the rounding of the network's single precision, the nearest.
    assert named == pytest.approx(cosines.max(axis=1), abs=1e-6)
    assert table["similarity"].to_numpy() == pytest.approx(named, abs=1e-5)
    assert np.ptp(cosines) > 1e-3


def test_scores_follow_from_the_answers_and_are_told(run):
    folder, _, finished = run
    table = pd.read_csv(folder / "unseen" / "predictions.csv")
    right = (table["predicted"] == table["spacegroup"]).mean()
    metrics = json.loads((folder / "unseen" / "metrics.json").read_text())
    assert metrics["top_1_accuracy"] == pytest.approx(right)
    assert metrics["unseen_groups"] == 4
    untrained = (table["untrained_predicted"] == table["spacegroup"]).mean()
    assert metrics["untrained_top_1_accuracy"] == pytest.approx(untrained)
    assert metrics["gain_over_untrained"] == pytest.approx(right - untrained)
    top_k = pd.read_csv(folder / "unseen" / "top_k.csv")
    assert top_k["accuracy"].tolist() == pytest.approx(
        [(table["rank"] <= k).mean() for k in (1, 2, 3, 4)], abs=1e-6
    )
    assert f"top-1 {100 * right:.1f} %" in " ".join(finished.stderr.split())


def test_all_products_are_there_and_a_second_run_gives_the_same_bytes(run):
    folder = run[0]
    again = evaluate(folder, folder / "again", run=spawn)
    assert again.returncode == 0, again.stderr
    expected = {"metrics.json"}
    expected |= {f"{name}.csv" for name in ("predictions", "top_k", "symmetry", "per_class")}
    for name in ("top_k", "symmetry", "per_class"):
        expected |= {f"figures/{name}.{suffix}" for suffix in ("png", "svg")}
    first, second = (
        {p.relative_to(top).as_posix(): p.read_bytes() for p in top.rglob("*") if p.is_file()}
        for top in (folder / "unseen", folder / "again")
    )
    assert set(first) == expected
    assert first == second


def test_too_few_groups_are_one_line_and_leave_no_output(run, tmp_path):
    folder = run[0]
    (folder / "few.yaml").write_text("evaluate: {unseen_minimum_crystals: 9}\n")
    finished = evaluate(folder, tmp_path / "unseen", "few.yaml")
    assert finished.returncode == 1
    assert "evaluate.unseen_minimum_crystals" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert list(tmp_path.iterdir()) == []
