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
    views = 3 if descriptor in ("shaped", "raw") else 1
    shape = (SIZE, 1) if descriptor == "diffractogram" else (SIZE, SIZE, 3)
    rng = np.random.default_rng(1)
    images = [keras.Input(shape) for _ in range(views)]
    logits = []
    for image in images:
        means = keras.ops.mean(image, axis=tuple(range(1, len(shape))))
        dense = keras.layers.Dense(classes)
        logits.append(dense(means))
        dense.set_weights([rng.normal(0, 8, (shape[-1], classes)), rng.normal(0, 1, classes)])
    keras.Model(images, logits).save(path)
