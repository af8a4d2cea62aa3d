import keras
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_files import labels_of
from tiny_network import (
    SETTINGS,
    build_tiny_network,
    grey_images,
    maps_by_hand,
    write_six_groups,
)

from spacegrouper.errors import UserError
from spacegrouper.reproduction.feature_maps import (
    channel_correlation,
    choose_crystals,
    effective_rank,
    mean_absolute_correlation,
    measure_redundancy,
    read_maps,
)

LABELS = labels_of(SETTINGS, (2, 14))
ROWS = np.array([40, 3, 17, 0, 25, 8, 33, 12, 46, 21, 30, 5])


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_six_groups(tmp_path_factory.mktemp("data") / "data.zarr")


@given(st.integers(1, 20))
def test_effective_rank_of_independent_and_of_equal_channels(channels):
    assert effective_rank(np.eye(channels)) == pytest.approx(channels)
    assert effective_rank(np.ones((channels, channels))) == pytest.approx(1, abs=1e-6)


def test_effective_rank_of_known_eigenvalues():
    # Eigenvalues 3/2 and 1/2, as shares 3/4 and 1/4.
    correlation = np.array([[1, 0.5], [0.5, 1]])
    assert effective_rank(correlation) == pytest.approx(4 / 3**0.75)
    assert effective_rank(np.empty((0, 0))) == 0


def test_the_rank_sees_a_channel_that_is_a_sum_of_others_and_no_pair_shows_it():
    rng = np.random.default_rng(0)
    free = rng.normal(size=(100_000, 6))
    summed = np.column_stack([free, free.sum(axis=1)])
    ranks = [
        effective_rank(channel_correlation(len(v), v.sum(axis=0), v.T @ v)) for v in (free, summed)
    ]
    assert ranks[0] == pytest.approx(6, abs=0.01)
    assert ranks[1] < 6


def test_correlation_is_numpys_without_the_silent_channels():
    rng = np.random.default_rng(0)
    values = rng.random((500, 4)) @ rng.random((4, 5)) + 100
    values[:, 2] = 7.3
    found = channel_correlation(500, values.sum(axis=0), values.T @ values)
    expected = np.corrcoef(np.delete(values, 2, axis=1), rowvar=False)
    assert found == pytest.approx(expected, abs=1e-6)
    pairs = [abs(expected[i, j]) for i in range(4) for j in range(i)]
    assert mean_absolute_correlation(expected) == pytest.approx(np.mean(pairs))
    assert np.isnan(mean_absolute_correlation(np.ones((1, 1))))


def test_measures_are_those_of_maps_computed_by_hand(dataset):
    network, steps = build_tiny_network(7), []
    table = measure_redundancy(network, LABELS, dataset, ROWS, steps.append)
    assert sum(steps) == 3 * len(ROWS)
    assert table["image"].tolist() == [n for n in ("red", "green", "blue", "all") for _ in range(2)]
    assert table["block"].tolist() == ["block1", "block2"] * 4
    assert set(table["network"]) == {"tiny, raw"}
    maps = [maps_by_hand(network, image) for image in grey_images(dataset, np.sort(ROWS))]
    for place, block in enumerate(("block1", "block2")):
        every = np.concatenate([of_image[place].reshape(-1, 4 + place) for of_image in maps])
        active = every[:, every.std(axis=0) > 1e-6]
        expected = np.corrcoef(active, rowvar=False)
        row = table[(table["image"] == "all") & (table["block"] == block)].iloc[0]
        assert row["positions"] == len(every) == 3 * len(ROWS) * 256
        assert row["silent_channels"] == every.shape[1] - active.shape[1]
        assert row["correlation"] == pytest.approx(mean_absolute_correlation(expected), abs=1e-4)
        assert row["effective_rank"] == pytest.approx(effective_rank(expected), abs=1e-3)
        assert row["rank_share"] == pytest.approx(row["effective_rank"] / every.shape[1])


def test_intervals_are_of_the_jackknife_over_groups_of_crystals(dataset):
    network = build_tiny_network(7)
    table = measure_redundancy(network, LABELS, dataset, ROWS[:4], lambda _: None)
    row = table[(table["image"] == "red") & (table["block"] == "block2")].iloc[0]
    red = maps_by_hand(network, grey_images(dataset, np.sort(ROWS[:4]))[0])[1]

    def measure(maps):
        values = maps.reshape(-1, 5)
        values = values[:, values.std(axis=0) > 1e-6]
        return mean_absolute_correlation(np.corrcoef(values, rowvar=False))

    without = [measure(np.delete(red, crystal, axis=0)) for crystal in range(4)]
    error = np.sqrt(3 / 4 * np.sum((without - np.mean(without)) ** 2))
    # Student's t of 3 degrees of freedom: 3.182.
    reach = 3.182446 * error
    assert row["correlation"] - row["correlation_low"] == pytest.approx(reach, abs=1e-4)
    assert row["correlation_high"] - row["correlation"] == pytest.approx(reach, abs=1e-4)


def test_channels_that_repeat_each_other_are_fully_redundant(dataset):
    network = build_tiny_network()
    layer = network.get_layer("trunk").get_layer("block2_conv1")
    layer.set_weights([np.ones_like(weights) for weights in layer.get_weights()])
    table = measure_redundancy(network, LABELS, dataset, ROWS, lambda _: None)
    second = table[table["block"] == "block2"]
    assert second["correlation"].to_numpy() == pytest.approx(np.ones(4), abs=1e-6)
    assert second["rank_share"].to_numpy() == pytest.approx(np.full(4, 1 / 5), abs=1e-4)


def test_the_maps_of_a_crystal_are_those_computed_by_hand(dataset):
    network = build_tiny_network()
    split = pd.DataFrame({"row": [16, 17], "part": ["test", "train"]})
    found = read_maps(network, LABELS, dataset, 17, split)
    assert (found.network, found.material_id, found.part) == (
        "tiny, raw",
        "material_id-17",
        "train",
    )
    assert read_maps(network, LABELS, dataset, 18, split).part is None
    images = grey_images(dataset, np.array([17]))
    for name, image in zip(("red", "green", "blue"), images, strict=True):
        np.testing.assert_array_equal(found.images[name], image[0])
        for block, maps in zip(("block1", "block2"), maps_by_hand(network, image), strict=True):
            assert found.maps[block][name] == pytest.approx(maps[0], abs=1e-5)


def test_a_network_without_known_blocks_is_named(dataset):
    image = keras.Input((16, 16, 3))
    features = keras.layers.GlobalAveragePooling2D(name="features")(image)
    network = keras.Model([image], [features], name="plain")
    with pytest.raises(UserError, match="the network plain has no blocks"):
        measure_redundancy(network, LABELS, dataset, ROWS, lambda _: None)


def test_crystals_are_in_all_tables_and_always_the_same():
    first = pd.DataFrame({"row": range(50), "material_id": [f"mp-{row}" for row in range(50)]})
    second = first.iloc[20:].sample(frac=1, random_state=0)
    chosen = choose_crystals([first, second], 12)
    assert chosen["row"].between(20, 49).all()
    assert len(chosen) == 12
    assert chosen["row"].tolist() == choose_crystals([second, first], 12)["row"].tolist()
    assert chosen["row"].tolist() == choose_crystals([first, second], 30)["row"].tolist()[:12]
    with pytest.raises(UserError, match="no test crystal in common"):
        choose_crystals([first.head(10), second], 12)
