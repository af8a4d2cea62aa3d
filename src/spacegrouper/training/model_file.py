"""The trained network as a `.keras` file that does not differ between equal trainings."""

import json
import re
import tempfile
import zipfile
from pathlib import Path

import keras

from spacegrouper.atomic import written_aside


def write_model(model: keras.Model, path: Path) -> None:
    """Write a model for keras.saving.load_model; equal models give equal bytes.

    Keras also writes the time and the addresses that objects had in memory; they are taken out.
    """
    with tempfile.TemporaryDirectory() as folder, written_aside(path) as aside:
        plain = Path(folder) / "model.keras"
        model.save(plain)
        with zipfile.ZipFile(plain) as source, zipfile.ZipFile(aside, "w") as target:
            for name in source.namelist():
                content = source.read(name)
                if name == "metadata.json":
                    metadata = json.loads(content)
                    del metadata["date_saved"]
                    content = json.dumps(metadata).encode()
                elif name == "config.json":
                    content = _number_shared_objects(content.decode()).encode()
                # An entry's own time is the fixed one that ZipInfo starts with.
                target.writestr(zipfile.ZipInfo(name), content)


def _number_shared_objects(config: str) -> str:
    """Replace the addresses that tell shared objects apart by their order of appearance."""
    numbers: dict[str, int] = {}
    return re.sub(
        r'(?<="shared_object_id": )\d+',
        lambda match: str(numbers.setdefault(match[0], len(numbers))),
        config,
    )
