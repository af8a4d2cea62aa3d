"""A trained network's folder in a moment: logits linear in the mean colour of each image."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np

from spacegrouper.techniques.powder.settings import Diffractogram
from spacegrouper.techniques.patterns.settings import Shape
from spacegrouper.settings import Settings, write_settings
from spacegrouper.dataset.raw_shard import provenance

CLASSES = (166, 194, 207, 215, 221, 225)
SIZE = 16


DEFAULTS = Settings()


def write_tiny_model(
    folder: Path,
    settings: Settings = DEFAULTS,
    temperature: float | None = None,
    **labels: Any,
) -> Path:
    """Write a model folder for images made as `settings` say; return it.

    `labels`: entries of labels.json that are to be others.
    """
    content = {
        "label": "spacegroup",
        "classes": list(CLASSES),
        "best_epoch": 1,
        "image_size": SIZE,
        "resize": "maximum",
        "descriptor": settings.train.descriptor,
        "simulate_settings": provenance(settings),
        "shape_settings": settings.of(Shape).model_dump(mode="json")
        if settings.simulate.technique == "diffraction"
        else None,
        "diffractogram": settings.of(Diffractogram).model_dump(mode="json"),
        "seed": settings.seed,
    } | labels
    folder.mkdir(parents=True)
    (folder / "labels.json").write_text(json.dumps(content))
    write_settings(settings, folder / "settings.yaml")
    if temperature is not None:
        (folder / "calibration.json").write_text(json.dumps({"temperature": temperature}))
    _write_network(folder / "model.keras", content["descriptor"], len(content["classes"]))
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
