import keras
import numpy as np
import pytest
from model_files import labels_of
from tiny_network import (
    SETTINGS,
    build_tiny_network,
    grey_images,
    maps_by_hand,
    write_six_groups,
)

from spacegrouper.contract.network import build_model
from spacegrouper.errors import UserError
from spacegrouper.reproduction.embeddings import embed_crystals, image_trunk, untrained_copy
from spacegrouper.settings import Model

LABELS = labels_of(SETTINGS, (2, 14))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return write_six_groups(tmp_path_factory.mktemp("data") / "data.zarr")


def test_embeddings_are_those_computed_by_hand_at_length_1(dataset):
    network, rows, steps = build_tiny_network(), np.array([0, 3, 17, 40, 47]), []
    found = embed_crystals(network, LABELS, dataset, rows, 2, steps.append)
    images = grey_images(dataset, rows)
    expected = np.stack([maps_by_hand(network, x)[-1].mean(axis=(1, 2)) for x in images], axis=1)
    expected /= np.linalg.norm(expected, axis=2, keepdims=True)
    assert found == pytest.approx(expected, abs=1e-5)
    assert found.shape == (5, 3, 5)
    assert steps == [2, 2, 1]


def test_an_embedding_of_nothing_stays_0(dataset):
    network = build_tiny_network()
    layer = network.get_layer("trunk").get_layer("block2_conv1")
    layer.set_weights([np.zeros_like(weights) for weights in layer.get_weights()])
    found = embed_crystals(network, LABELS, dataset, np.arange(2), 2, lambda _: None)
    assert not found.any()


def test_embeddings_that_are_no_numbers_are_reported(dataset):
    network = build_tiny_network()
    layer = network.get_layer("trunk").get_layer("block2_conv1")
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel, np.full_like(bias, np.inf)])
    with pytest.raises(UserError, match="embeddings are not finite"):
        embed_crystals(network, LABELS, dataset, np.arange(2), 2, lambda _: None)


def test_a_network_of_one_image_is_its_own_trunk(dataset):
    network = build_model(2, Model(name="ziletti", image_size=16))
    assert image_trunk(network) is network
    labels = labels_of(SETTINGS, (2, 14), descriptor="spot")
    found = embed_crystals(network, labels, dataset, np.arange(3), 2, lambda _: None)
    assert found.shape == (3, 1, 128)
    assert np.linalg.norm(found, axis=2) == pytest.approx(np.ones((3, 1)), abs=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        Model(name="msdn", image_size=32, blocks=(1, 2), growth=4),
        Model(name="vgg16", image_size=32, hidden=(8,)),
        Model(name="ziletti", image_size=16),
    ],
    ids=lambda settings: settings.name,
)
def test_the_untrained_copy_has_the_architecture_and_weights_of_its_own(settings):
    keras.utils.set_random_seed(1)
    network = build_model(3, settings)
    before = [weights.copy() for weights in network.get_weights()]
    copy, again, other = (untrained_copy(network, seed) for seed in (5, 5, 6))
    assert [w.path for w in copy.weights] == [w.path for w in network.weights]
    assert "features" in {layer.name for layer in image_trunk(copy).layers}
    for w, old, same, new, different in zip(
        network.weights,
        before,
        again.get_weights(),
        copy.get_weights(),
        other.get_weights(),
        strict=True,
    ):
        assert np.array_equal(w, old)
        assert np.array_equal(new, same)
        if w.path.endswith("kernel"):
            assert not np.array_equal(new, old)
            assert not np.array_equal(new, different)
