import json
import zipfile
from pathlib import Path

import keras
import pytest

from spacegrouper.errors import UserError
from spacegrouper.evaluation.predictions import load_network
from spacegrouper.networks.shared.archive import check_archive


def write_description(path: Path, layer: dict[str, object]) -> Path:
    description = {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "registered_name": "Functional",
        "config": {"layers": [layer]},
    }
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(description))
        archive.writestr("metadata.json", "{}")
    return path


def test_a_lambda_layer_is_refused_before_it_is_built(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    image = keras.Input((4,))
    keras.Model(image, keras.layers.Lambda(lambda x: 2 * x)(image)).save(path)
    with pytest.raises(UserError, match=r"would run code .*keras\.layers\.Lambda"):
        load_network(path)


@pytest.mark.parametrize(
    "layer",
    [
        {"module": "os", "class_name": "system", "config": "true"},
        {"module": "keras_hub.layers", "class_name": "Anything", "config": {}},
        {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "/tmp"}},
        {
            "module": "keras.layers",
            "class_name": "Dense",
            "registered_name": "theirs>Dense",
            "config": {},
        },
    ],
)
def test_classes_that_are_not_of_keras_are_refused_by_name(
    tmp_path: Path, layer: dict[str, object]
) -> None:
    path = write_description(tmp_path / "model.keras", layer)
    with pytest.raises(UserError, match=rf"{layer['module']}\.{layer['class_name']}"):
        check_archive(path)


def test_what_is_no_archive_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(b"not a network")
    with pytest.raises(UserError, match="not a network, or damaged"):
        check_archive(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "[" * 100_000)
    with pytest.raises(UserError, match="not a network, or damaged"):
        check_archive(path)
