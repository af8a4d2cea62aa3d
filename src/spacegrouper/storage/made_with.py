"""What the products of a run say of the settings that they were made with."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import yaml

from spacegrouper.settings import Settings

# Sections and values of a raw shard that are JSON.
_NESTED = ("views", "disorder", "powder", "morphology")
# Of section `train`, what a training does not depend on, or takes as it finds it.
_OF_THE_MACHINE = ("launcher", "nodes", "ranks")


def other_setting(product: Path, settings: Settings) -> str | None:
    """Return which setting a product was made with that is now another, or None.

    `product`: provenance.json of the structures, a raw shard, zarr.json of a dataset, or
    settings.yaml of a network. Settings that it does not name are not looked at; nor does one
    that is not there, or cannot be read, name any. The answer is like
    `simulate.pixels 256, now 128`.
    """
    read = _READERS[product.suffix if product.suffix == ".h5" else product.name]
    try:
        recorded = read(product)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError):
        return None
    now = _flat(settings.model_dump(mode="json"))
    for key, value in _flat(recorded).items():
        if key in now and now[key] != value:
            return f"{key} {value}, now {now[key]}"
    return None


def _of_structures(path: Path) -> dict[str, Any]:
    return {"acquire": json.loads(path.read_text(encoding="utf-8"))}


def _of_raw_shard(path: Path) -> dict[str, Any]:
    with h5py.File(path) as file:
        attributes = dict(file["entry"].attrs)
    return _simulated(
        {key: getattr(value, "tolist", lambda v=value: v)() for key, value in attributes.items()}
    )


def _of_dataset(path: Path) -> dict[str, Any]:
    attributes = json.loads(path.read_text(encoding="utf-8"))["attributes"]
    return _simulated(attributes["simulate_settings"]) | {"shape": attributes.get("shape_settings")}


def _of_network(path: Path) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    train = {key: value for key, value in content["train"].items() if key not in _OF_THE_MACHINE}
    return {key: content[key] for key in ("seed", "split", "model")} | {"train": train}


_READERS: Mapping[str, Callable[[Path], dict[str, Any]]] = {
    "provenance.json": _of_structures,
    ".h5": _of_raw_shard,
    "zarr.json": _of_dataset,
    "settings.yaml": _of_network,
}


def _simulated(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sections that the attributes of a raw shard, or of a dataset, speak of."""
    values = {
        key: json.loads(value) if key in _NESTED else value for key, value in attributes.items()
    }
    own = {key: values.pop(key) for key in ("seed", "powder", "morphology") if key in values}
    return {"simulate": values} | own


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return nested values by their keys: `split.method`."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{before}{key}.")
        else:
            found[f"{before}{key}"] = value
    return found
