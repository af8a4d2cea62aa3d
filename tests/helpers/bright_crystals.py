"""Crystals that are told apart by their brightness, and a network that does so, nearly."""

from pathlib import Path

import keras
import numpy as np
from model_files import write_labels, write_split
from small_dataset import write_small_dataset

from spacegrouper.dataset.dataset import Dataset
from spacegrouper.settings import Model, Simulate, Train, make_settings
from spacegrouper.training.images import PatternReader, presentation_of

SPACE_GROUPS = np.array([62, 166, 225])
SYSTEMS = np.array(["orthorhombic", "trigonal", "cubic"])
CRYSTALS = 24
SIZE = 16
SETTINGS = make_settings(
    simulate=Simulate(pixels=32),
    model=Model(image_size=SIZE, blocks=(1, 1)),
    train=Train(resize="nearest"),
)
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
    raw, shaped = (
        (rng.random((CRYSTALS, 3, 32, 32)) < share).astype(np.uint8) * 200 for _ in range(2)
    )
    names = [f"mp-{row}" for row in range(CRYSTALS)]
    write_small_dataset(path, raw, SPACE_GROUPS[LABEL], shaped=shaped, material_id=names)


def write_brightness_model(folder: Path, dataset: Path, label: str = "spacegroup") -> None:
    """Write a trained network's folder: logits linear in the mean colour of each image.

    `label`: "spacegroup", or "crystal_system", whose classes come in order of their names.
    """
    names = SPACE_GROUPS if label == "spacegroup" else SYSTEMS
    write_labels(folder, SETTINGS, np.sort(names), label=label, best_epoch=2)
    images = [keras.Input((SIZE, SIZE, 3)) for _ in range(3)]
    logits = []
    for image, (kernel, bias) in zip(images, _WEIGHTS, strict=True):
        dense = keras.layers.Dense(3)
        logits.append(dense(keras.layers.GlobalAveragePooling2D()(image)))
        dense.set_weights([kernel, bias])
    keras.Model(images, logits).save(folder / "model.keras")
    write_split(folder, Dataset(dataset), PART, names[LABEL])
    (folder / "history.csv").write_text(
        "epoch,loss,accuracy,validation_loss,validation_accuracy\n1,3,0.3,3.1,0.3\n2,2,0.6,2.5,0.5\n"
    )


def logits_by_hand(dataset: Path, part: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the rows of a part, (N,), the network's logits, (N, 3), and the true labels, (N,)."""
    rows = np.flatnonzero(part == PART)
    opened = Dataset(dataset)
    reader = PatternReader(opened, presentation_of(SETTINGS, opened))
    images = reader.compose(reader.read(rows), rows)
    logits = sum(
        image.mean(axis=(1, 2)) @ kernel + bias
        for image, (kernel, bias) in zip(images, _WEIGHTS, strict=True)
    )
    return rows, logits, LABEL[rows]
