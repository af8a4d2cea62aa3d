"""Whether a product of an earlier run was made with other settings than those of today."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from spacegrouper.dataset.made_with import flat
from spacegrouper.dataset.raw_shard import read_made_with
from spacegrouper.errors import UserError
from spacegrouper.settings import Settings

# Of section `train`, what a training does not depend on, or takes as it finds it.
_OF_THE_MACHINE = ("launcher", "nodes", "ranks")


def other_setting(product: Path, settings: Settings) -> str | None:
    """Return which setting a product was made with that is now another, or None.

    Args:
        product: provenance.json of the structures, a raw shard, zarr.json of a dataset, or
            settings.yaml of a network. Settings that it does not name are not looked at; nor does
            one that is not there, or cannot be read, name any.
        settings: those of the run.

    Returns:
        For example `simulate.pixels 256, now 128`.
    """
    read = _READERS[product.suffix if product.suffix == ".h5" else product.name]
    try:
        recorded = read(product)
    except (OSError, UserError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return None
    derived = settings.technique.record_derived(settings, settings.simulate.pixels)
    now = flat({**settings.model_dump(mode="json"), **derived})
    for key, value in flat(recorded).items():
        if key in now and now[key] != value:
            return f"{key} {value}, now {now[key]}"
    return None


def _of_structures(path: Path) -> dict[str, Any]:
    return {"acquire": json.loads(path.read_text(encoding="utf-8"))}


def _of_raw_shard(path: Path) -> dict[str, Any]:
    settings: dict[str, Any] = read_made_with(path)["settings"]
    return settings


def _of_dataset(path: Path) -> dict[str, Any]:
    attributes = json.loads(path.read_text(encoding="utf-8"))["attributes"]
    settings: dict[str, Any] = attributes["made_with"]["settings"]
    return settings


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
