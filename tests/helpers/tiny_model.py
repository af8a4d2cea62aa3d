"""A trained network's folder in a moment: logits linear in the mean colour of each image."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
from model_files import write_labels

from spacegrouper.settings import Settings, make_settings, write_settings

CLASSES = (166, 194, 207, 215, 221, 225)
SIZE = 16
DEFAULTS = make_settings()


def write_tiny_model(
    folder: Path,
    settings: Settings = DEFAULTS,
    temperature: float | None = None,
    **labels: Any,
) -> Path:
    """Write a model folder for images made as `settings` say; return it.

    `labels`: entries of labels.json, or of its `presentation`, that are to be others.
    """
    shown = {"image_size": SIZE, "resize": "maximum"}
    content = write_labels(folder, settings, **({"classes": CLASSES} | shown | labels))
    write_settings(settings, folder / "settings.yaml")
    if temperature is not None:
        (folder / "calibration.json").write_text(json.dumps({"temperature": temperature}))
    _write_network(
        folder / "model.keras", content["presentation"]["descriptor"], len(content["classes"])
    )
    return folder


def _write_network(path: Path, descriptor: str, classes: int) -> None:
    colours = (SIZE, SIZE, 3)
    shapes: dict[str, list[tuple[int, ...]]] = {
        "shaped": [colours] * 3,
        "raw": [colours] * 3,
        "diffractogram": [(SIZE, 1)],
        "zones": [(17, 17, 3), (12,)],
        "grid": [(9, 17, 17, 2), (12,)],
        "symmetry": [(1234,), (12,)],
    }
    rng = np.random.default_rng(1)
    images = [keras.Input(shape) for shape in shapes.get(descriptor, [colours])]
    logits = []
    for image in images:
        means = image
        if between := len(image.shape) - 2:
            means = getattr(keras.layers, f"GlobalAveragePooling{between}D")()(image)
        dense = keras.layers.Dense(classes)
        logits.append(dense(means))
        dense.set_weights([rng.normal(0, 8, (image.shape[-1], classes)), rng.normal(0, 1, classes)])
    keras.Model(images, logits).save(path)
