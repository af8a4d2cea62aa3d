"""Whether a product of an earlier run was made with other settings than those of today."""

import json
from pathlib import Path
from typing import Any

import yaml

from spacegrouper.dataset.made_with import flat, with_defaults
from spacegrouper.dataset.raw_shard import read_made_with
from spacegrouper.errors import UserError
from spacegrouper.settings import Settings

# Of section `train`, what a training does not depend on, or takes as it finds it.
_OF_THE_MACHINE = ("launcher", "nodes", "ranks")


def other_setting(product: Path, settings: Settings) -> str | None:
    """Return which setting a product was made with that is now another, or None.

    Args:
        product: provenance.json of the structures, a raw shard, zarr.json of a dataset, or
            settings.yaml of a network; one that cannot be read names no settings.
        settings: those of the run.

    Returns:
        For example `simulate.pixels 256, now 128`.
    """
    try:
        recorded = _recorded(product)
    except (OSError, UserError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return None
    derived = settings.technique.record_derived(settings, settings.simulate.pixels)
    now = flat({**settings.model_dump(mode="json"), **derived})
    recorded = with_defaults({"settings": recorded})["settings"]
    for key, value in flat(recorded).items():
        if key in now and now[key] != value:
            return f"{key} {value}, now {now[key]}"
    return None


def _recorded(product: Path) -> Any:
    """Return the sections of settings that a product names."""
    if product.suffix == ".h5":
        return read_made_with(product)["settings"]
    text = product.read_text(encoding="utf-8")
    if product.name == "settings.yaml":
        content = yaml.safe_load(text)
        train = {k: value for k, value in content["train"].items() if k not in _OF_THE_MACHINE}
        return {key: content[key] for key in ("seed", "split", "model")} | {"train": train}
    content = json.loads(text)
    if product.name == "provenance.json":
        return {"acquire": content}
    return content["attributes"]["made_with"]["settings"]
