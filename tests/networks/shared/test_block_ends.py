"""The ends of blocks are found in every network that makes maps of an image."""

import keras
import pytest
from keras import layers

from spacegrouper.contract.network import NETWORKS, build_model
from spacegrouper.networks.shared.block_ends import block_ends
from spacegrouper.settings import Model

# Edge and channels of the maps at the end of each block, at the smallest images, as published.
MAPS = {
    "msdn": (31, [(8, 128), (4, 320), (2, 704), (1, 960)]),
    "msvgg": (32, [(32, 64), (16, 128), (8, 256), (4, 512), (2, 512)]),
    "vgg": (32, [(32, 64), (16, 128), (8, 256), (4, 512), (2, 512)]),
    "vgg16": (32, [(32, 64), (16, 128), (8, 256), (4, 512), (2, 512)]),
    "alexnet": (64, [(15, 96), (7, 256), (3, 384), (3, 384), (3, 256)]),
    "densenet": (32, [(8, 256), (4, 512), (2, 1024), (1, 1024)]),
    "resnet": (32, [(8, 256), (4, 512), (2, 1024), (1, 2048)]),
    "ziletti": (16, [(16, 32), (8, 16), (4, 8)]),
}


def test_every_network_of_images_is_listed() -> None:
    assert set(MAPS) == {network.name for network in NETWORKS if "image" in network.takes}


@pytest.mark.parametrize("name", sorted(MAPS))
def test_blocks_end_with_their_largest_number_of_channels(name: str) -> None:
    size, expected = MAPS[name]
    network = build_model(3, Model(name=name, image_size=size))
    trunk = network.get_layer("trunk") if len(network.inputs) == 3 else network
    ends = block_ends(trunk)
    shapes = [trunk.get_layer(layer).output.shape for layer in ends.values()]
    assert [(shape[1], shape[3]) for shape in shapes] == expected


def test_other_layers_and_diffractograms_have_no_ends() -> None:
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(2, 3, name="first")(image)
    plain = keras.Model(image, layers.MaxPooling2D(2, name="group1_pool")(x))
    assert block_ends(plain) == {}
    assert block_ends(build_model(3, Model(name="powder_cnn", image_size=711))) == {}
