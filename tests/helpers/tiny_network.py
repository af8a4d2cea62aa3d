"""A dataset of six space groups and a folder of a network so small that it is computed by hand."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
from model_files import write_labels, write_split
from small_dataset import write_small_dataset

from spacegrouper.dataset.dataset import Dataset
from spacegrouper.settings import Model, Simulate, Train, make_settings

SIZE = 16
# The network was trained on the first two; the others are unseen.
SPACE_GROUPS = (2, 14, 62, 139, 194, 225)
CRYSTALS = 48
SETTINGS = make_settings(
    simulate=Simulate(pixels=SIZE),
    model=Model(image_size=SIZE, blocks=(1, 1)),
    train=Train(descriptor="raw", resize="nearest"),
)


def write_six_groups(path: Path, **labels: Any) -> Dataset:
    """Write crystals whose views are lit in shares that tell their space groups apart, nearly.

    `labels`: that are to be others.
    """
    rng = np.random.default_rng(0)
    place = np.arange(CRYSTALS) % len(SPACE_GROUPS)
    share = 0.1 + 0.8 * rng.random((len(SPACE_GROUPS), 3))[place] + 0.05 * rng.random((CRYSTALS, 3))
    patterns = []
    for _ in range(2):
        lit = rng.random((CRYSTALS, 3, SIZE, SIZE)) < share[:, :, None, None]
        patterns.append(lit * rng.integers(1, 256, lit.shape, dtype=np.uint8))
    raw, shaped = patterns
    texts = {
        name: [f"{name}-{row % number}" for row in range(CRYSTALS)]
        for name, number in (("material_id", CRYSTALS), ("prototype", 16))
    }
    labels = {"spacegroup": np.array(SPACE_GROUPS)[place], **texts, **labels}
    return write_small_dataset(path, raw, shaped=shaped, **labels)


def build_tiny_network(seed: int = 0) -> keras.Model:
    """Build a network of three images: 1 x 1 convolutions, whose mean is the embedding."""
    keras.utils.set_random_seed(seed)
    image = keras.Input((SIZE, SIZE, 3))
    maps = image
    for name, channels in (("block1_conv1", 4), ("block2_conv1", 5)):
        # Without biases, grey images would have embeddings of one direction.
        bias = keras.initializers.RandomNormal(stddev=0.5)
        maps = keras.layers.Conv2D(
            channels, 1, activation="relu", bias_initializer=bias, name=name
        )(maps)
    features = keras.layers.GlobalAveragePooling2D(name="features")(maps)
    trunk = keras.Model(image, features, name="trunk")
    images = [keras.Input((SIZE, SIZE, 3), name=name) for name in ("red", "green", "blue")]
    return keras.Model(images, [keras.layers.Dense(2)(trunk(x)) for x in images], name="tiny")


def grey_images(dataset: Dataset, rows: np.ndarray) -> list[np.ndarray]:
    """Return the images of the descriptor `raw`, which are as large as the patterns."""
    raw = dataset.read(rows, ["raw"])["raw"]
    return [np.stack([raw[:, view] / np.float32(255)] * 3, axis=-1) for view in range(3)]


def maps_by_hand(network: keras.Model, image: np.ndarray) -> list[np.ndarray]:
    """Return the maps at the end of both blocks, from the weights and NumPy alone."""
    maps = []
    for name in ("block1_conv1", "block2_conv1"):
        kernel, bias = network.get_layer("trunk").get_layer(name).get_weights()
        image = np.maximum(image @ kernel[0, 0] + bias, 0)
        maps.append(image)
    return maps


def write_tiny_model(folder: Path, dataset: Dataset, network: keras.Model) -> Path:
    """Write the folder of a network trained on the first two space groups."""
    write_labels(folder, SETTINGS, SPACE_GROUPS[:2])
    network.save(folder / "model.keras")
    seen = np.isin(dataset.label("spacegroup"), SPACE_GROUPS[:2])
    part = np.where(np.arange(CRYSTALS) % 4 < 2, "test", "train")
    write_split(folder, dataset, np.where(seen, part, ""))
    return folder
