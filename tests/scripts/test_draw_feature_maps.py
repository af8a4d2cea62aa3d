import keras
import pandas as pd
import pytest
from programs import call, spawn
from tiny_network import CRYSTALS, build_tiny_network, write_six_groups, write_tiny_model


def draw(folder, output, *models, run=call):
    return run(
        "draw_feature_maps",
        f"--dataset={folder / 'data.zarr'}",
        *(f"--model={folder / model}" for model in models),
        f"--output={output}",
        "--crystals=6",
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("maps")
    # One crystal of the paper, which no network was trained on.
    names = [f"mp-{row}" for row in range(CRYSTALS)]
    dataset = write_six_groups(folder / "data.zarr", material_id=[*names[:-1], "mp-19055"])
    network = build_tiny_network()
    write_tiny_model(folder / "first", dataset, network)
    other = keras.Model(network.inputs, network.outputs, name="other")
    write_tiny_model(folder / "second", dataset, other)
    return folder


def test_all_products_are_there_and_a_second_run_gives_the_same_bytes(folder):
    written = []
    for name, run in (("once", spawn), ("twice", call)):
        finished = draw(folder, folder / name, "first", "second", run=run)
        assert finished.returncode == 0, finished.stderr
        written.append({p.name: p.read_bytes() for p in (folder / name).iterdir()})
    names = {
        f"{what}.{suffix}"
        for what in ("feature_maps", "published_feature_maps", "feature_redundancy")
        for suffix in ("svg", "png")
    }
    assert set(written[0]) == names | {"feature_maps.csv"}
    assert written[0] == written[1]
    drawn = written[0]["published_feature_maps.svg"].decode()
    assert "<!-- Not in the dataset: mp-2416, mp-1219865 -->" in drawn
    assert drawn.count("raw: mp-19055, in no set -->") == 2
    assert "not in the dataset: mp-2416, mp-1219865" in " ".join(finished.stderr.split())
    table = pd.read_csv(folder / "once" / "feature_maps.csv")
    assert table.groupby("network", sort=False).size().to_dict() == {
        "tiny, raw": 8,
        "other, raw": 8,
    }
    assert set(table["crystals"]) == {6}
    # Of the same weights.
    first, second = (part["correlation"].tolist() for _, part in table.groupby("network"))
    assert first == second


def test_the_same_network_twice_is_one_line_and_leaves_no_output(folder, tmp_path):
    finished = draw(folder, tmp_path / "maps", "first", "first")
    assert finished.returncode == 1
    assert "a second network `tiny, raw`" in " ".join(finished.stderr.split())
    assert "Traceback" not in finished.stderr
    assert list(tmp_path.iterdir()) == []
