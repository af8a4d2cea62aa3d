"""The experiments of section `grid`: networks x sets of classes x ways of splitting."""

import re
from typing import Any

from spacegrouper.errors import UserError
from spacegrouper.settings.grid import GridNetwork
from spacegrouper.settings.loading import settings_from_mapping
from spacegrouper.settings.run import Settings

# How ranks are started is one for the whole run: the workflow asks for them before it knows whose.
_OF_THE_RUN = ("launcher", "ranks", "nodes")
_NAME = re.compile(r"[A-Za-z0-9._]+")


def experiment_name(network: str, classes: str, split: str) -> str:
    """Return the name of an experiment, which its folder has too."""
    return f"{network}-{classes}-{split}"


def experiment_settings(settings: Settings) -> dict[str, Settings]:
    """Return the settings of each experiment by its name, networks changing slowest.

    They are those of the run but for `split`, whose label is the space group, and for what the
    network says of `model` and `train`. A network of another name than `model.name` keeps of
    `model` the size of the images alone, as all other keys belong to networks of one name.
    Raises UserError for names that cannot be told apart or be part of a path, and for keys that
    do not fit; the line names the network.
    """
    grid = settings.grid
    _check_names([network.name for network in grid.networks], "networks")
    _check_names(list(grid.classes), "classes")
    _check_names(list(grid.splits), "splits")
    run = settings.model_dump(mode="json")
    experiments = {}
    for network in grid.networks:
        changed = _changed_sections(run, network)
        for name, classes in grid.classes.items():
            for method in grid.splits:
                split = run["split"] | {"label": "spacegroup", "classes": classes, "method": method}
                experiments[experiment_name(network.name, name, method)] = settings_from_mapping(
                    run | changed | {"split": split},
                    f"grid, network `{network.name}` with classes `{name}`, split `{method}`",
                )
    return experiments


def _check_names(names: list[str], key: str) -> None:
    for name in names:
        if not _NAME.fullmatch(name):
            raise UserError(
                f"grid.{key}: `{name}` cannot be part of a path; use letters, digits, `.` and `_`"
            )
        if names.count(name) > 1:
            raise UserError(f"grid.{key}: there are several of the name `{name}`; rename one")


def _changed_sections(run: dict[str, Any], network: GridNetwork) -> dict[str, Any]:
    for key in _OF_THE_RUN:
        if key in network.train:
            raise UserError(
                f"grid, network `{network.name}`: `train.{key}` is one for all networks; set it in "
                "the section `train`"
            )
    model = run["model"]
    if network.model.get("name", model["name"]) != model["name"]:
        model = {"image_size": model["image_size"]}
    return {"model": model | network.model, "train": run["train"] | network.train}
