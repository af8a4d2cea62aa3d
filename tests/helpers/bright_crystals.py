"""Crystals that are told apart by their brightness, and a network that does so, nearly."""

import json
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import zarr

from spacegrouper.dataset.store import open_dataset
from spacegrouper.techniques.images import compose_images
from spacegrouper.techniques.patterns.settings import Shape
from spacegrouper.techniques.powder.settings import Diffractogram
from spacegrouper.training.images import read_patterns

SPACE_GROUPS = np.array([62, 166, 225])
SYSTEMS = np.array(["orthorhombic", "trigonal", "cubic"])
CRYSTALS = 24
SIZE = 16
LABEL = np.arange(CRYSTALS) % 3
PART = np.where(
    np.arange(CRYSTALS) % 2, "test", np.where(np.arange(CRYSTALS) % 4, "validation", "train")
)
_RNG = np.random.default_rng(1)
_WEIGHTS = [(_RNG.normal(0, 8, (3, 3)), _RNG.normal(0, 4, 3)) for _ in range(3)]


def write_bright_crystals(path: Path) -> None:
    """Write crystals whose patterns are the brighter the higher their label, with some noise."""
    rng = np.random.default_rng(0)
    share = (0.2 + 0.25 * LABEL + 0.1 * rng.random(CRYSTALS))[:, None, None, None]
    group = zarr.create_group(path, zarr_format=3)
    for name in ("raw", "shaped"):
        patterns = (rng.random((CRYSTALS, 3, 32, 32)) < share).astype(np.uint8) * 200
        group.create_array(name, data=patterns)
    names = group.create_array("material_id", shape=(CRYSTALS,), dtype="string")
    names[:] = np.array([f"mp-{i}" for i in range(CRYSTALS)], dtype=object)
    group.create_array("spacegroup", data=SPACE_GROUPS[LABEL].astype(np.int16))
    group.create_array("status", data=np.ones(CRYSTALS, dtype=np.uint8))
    group.attrs["simulate_settings"] = {"engine": "kinematic"}
    group.attrs["shape_settings"] = Shape().model_dump(mode="json")


def write_brightness_model(folder: Path, label: str = "spacegroup") -> None:
    """Write a trained network's folder: logits linear in the mean colour of each image.

    `label`: "spacegroup", or "crystal_system", whose classes come in order of their names.
    """
    folder.mkdir()
    images = [keras.Input((SIZE, SIZE, 3)) for _ in range(3)]
    logits = []
    for image, (kernel, bias) in zip(images, _WEIGHTS, strict=True):
        dense = keras.layers.Dense(3)
        logits.append(dense(keras.layers.GlobalAveragePooling2D()(image)))
        dense.set_weights([kernel, bias])
    keras.Model(images, logits).save(folder / "model.keras")
    names = SPACE_GROUPS if label == "spacegroup" else SYSTEMS
    classes = np.sort(names)
    content = {
        "label": label,
        "classes": classes.tolist(),
        "best_epoch": 2,
        "image_size": SIZE,
        "resize": "nearest",
        "descriptor": "shaped",
        "diffractogram": Diffractogram().model_dump(mode="json"),
        "seed": 0,
        "simulate_settings": {"engine": "kinematic"},
        "shape_settings": Shape().model_dump(mode="json"),
    }
    (folder / "labels.json").write_text(json.dumps(content))
    split = pd.DataFrame(
        {
            "row": np.arange(CRYSTALS),
            "material_id": [f"mp-{i}" for i in range(CRYSTALS)],
            "spacegroup": SPACE_GROUPS[LABEL],
            "prototype": "",
            "class": names[LABEL],
            "label": np.searchsorted(classes, names[LABEL]),
            "part": PART,
        }
    )
    split.to_csv(folder / "split.csv", index=False)
    (folder / "history.csv").write_text(
        "epoch,loss,accuracy,validation_loss,validation_accuracy\n1,3,0.3,3.1,0.3\n2,2,0.6,2.5,0.5\n"
    )


def logits_by_hand(dataset: Path, part: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the rows of a part, (N,), the network's logits, (N, 3), and the true labels, (N,)."""
    rows = np.flatnonzero(part == PART)
    patterns = read_patterns(open_dataset(dataset), rows, SIZE, "nearest", "shaped")
    logits = sum(
        image.mean(axis=(1, 2)) @ kernel + bias
        for image, (kernel, bias) in zip(compose_images(patterns, "shaped"), _WEIGHTS, strict=True)
    )
    return rows, logits, LABEL[rows]
