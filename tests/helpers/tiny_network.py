"""A dataset of six space groups and a folder of a network so small that it is computed by hand."""

import json
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import zarr

from spacegrouper.techniques.patterns.settings import Shape

SIZE = 16
# The network was trained on the first two; the others are unseen.
SPACE_GROUPS = (2, 14, 62, 139, 194, 225)
CRYSTALS = 48


def write_six_groups(path: Path) -> Path:
    """Write crystals whose views are lit in shares that tell their space groups apart, nearly."""
    rng = np.random.default_rng(0)
    place = np.arange(CRYSTALS) % len(SPACE_GROUPS)
    share = 0.1 + 0.8 * rng.random((len(SPACE_GROUPS), 3))[place] + 0.05 * rng.random((CRYSTALS, 3))
    group = zarr.create_group(path, zarr_format=3)
    group.attrs["shape_settings"] = Shape(central_window=(7, 9)).model_dump(mode="json")
    group.attrs["simulate_settings"] = {"engine": "kinematic"}
    for name in ("raw", "shaped"):
        lit = rng.random((CRYSTALS, 3, SIZE, SIZE)) < share[:, :, None, None]
        group.create_array(name, data=lit * rng.integers(1, 256, lit.shape, dtype=np.uint8))
    group.create_array("spacegroup", data=np.array(SPACE_GROUPS, dtype=np.int16)[place])
    group.create_array("status", data=np.ones(CRYSTALS, dtype=np.uint8))
    for name, number in (("material_id", CRYSTALS), ("prototype", 16)):
        texts = np.array([f"{name}-{row % number}" for row in range(CRYSTALS)], dtype=object)
        group.create_array(name, shape=(CRYSTALS,), dtype="string")[:] = texts
    return path


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


def maps_by_hand(network: keras.Model, image: np.ndarray) -> list[np.ndarray]:
    """Return the maps at the end of both blocks, from the weights and NumPy alone."""
    maps = []
    for name in ("block1_conv1", "block2_conv1"):
        kernel, bias = network.get_layer("trunk").get_layer(name).get_weights()
        image = np.maximum(image @ kernel[0, 0] + bias, 0)
        maps.append(image)
    return maps


def write_tiny_model(folder: Path, dataset: Path, network: keras.Model) -> Path:
    """Write the folder of a network trained on the first two space groups."""
    folder.mkdir()
    network.save(folder / "model.keras")
    labels = {
        "label": "spacegroup",
        "classes": SPACE_GROUPS[:2],
        "image_size": SIZE,
        "resize": "nearest",
        "descriptor": "raw",
        "diffractogram": {},
        "seed": 0,
        "shape_settings": None,
    }
    (folder / "labels.json").write_text(json.dumps(labels))
    group = zarr.open_group(dataset, mode="r")
    split = pd.DataFrame(
        {
            "row": np.arange(CRYSTALS),
            "material_id": group["material_id"][:].astype(object),
            "spacegroup": group["spacegroup"][:],
        }
    )
    split = split[split["spacegroup"].isin(SPACE_GROUPS[:2])]
    split["class"] = split["spacegroup"]
    split["label"] = np.searchsorted(SPACE_GROUPS, split["spacegroup"])
    split["part"] = np.where(split["row"] % 4 < 2, "test", "train")
    split.to_csv(folder / "split.csv", index=False)
    return folder
