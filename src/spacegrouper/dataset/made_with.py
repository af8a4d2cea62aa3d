"""What a product was made with: one nested form, in raw files, datasets and models' folders alike.

    {"program": "spacegrouper", "version": "0.1.0", "engine_version": "0.1.0", ...,
     "settings": {"simulate": {...}, "shape": {...}, "seed": 0}}

`settings` has the sections that the product depends on, as the configuration names them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from spacegrouper.contract.engine import ENGINES
from spacegrouper.contract.technique import TECHNIQUES, Technique
from spacegrouper.errors import UserError
from spacegrouper.settings import Settings, Simulate, Standardise

MadeWith = Mapping[str, Any]
_PROGRAM = "spacegrouper"
_CELL_KEYS = {"setting", "metric_tolerance"}
_ENGINE, _SEED = "settings.simulate.engine", "settings.seed"


@dataclass(frozen=True)
class Difference:
    """What two products were made with, such as `pixels 256` and `pixels 128`, or versions."""

    first: str
    second: str
    of_versions: bool


def made_with(settings: Settings) -> dict[str, Any]:
    """Return what a run's raw files are made with.

    Raises:
        UserError: the engine is not installed, or does not work.
    """
    return {
        "program": _PROGRAM,
        "version": version("spacegrouper"),
        **settings.engine.versions(),
        "settings": {**_cells(settings), **settings.technique.record(settings)},
    }


def _cells(settings: Settings) -> dict[str, Any]:
    """Return in which cells the crystals are, by section; nothing where it is the standard one."""
    if settings.standardise.setting == "standard":
        return {}
    return {"standardise": settings.standardise.model_dump(mode="json", include=_CELL_KEYS)}


def technique_of(made_with: MadeWith) -> Technique:
    """Return what was simulated.

    Files of other programs, which do not say what they were made with, hold patterns.

    Raises:
        UserError: an engine that this version does not know.
    """
    engine = made_with.get("settings", {}).get("simulate", {}).get("engine")
    if engine in ENGINES.names:
        return TECHNIQUES[ENGINES[engine].technique]
    if made_with.get("program") == _PROGRAM:
        raise UserError(
            f"made with engine {engine!r} of version {made_with.get('version')}, which is not "
            f"known here: this version has {', '.join(ENGINES.names)}; use the version that made "
            "it, or install the package that has the engine"
        )
    return TECHNIQUES["patterns"]


def find_difference(first: MadeWith, second: MadeWith) -> Difference | None:
    """Return in what two products differ; None where they are alike.

    Versions come first, for another version may have other settings.
    """
    engines = [_engine(side) for side in (first, second)]
    keys = ["version"] if engines[0] != engines[1] else ["version", "engine_version"]
    for key in keys:
        if first.get(key) != second.get(key):
            one, other = (
                f"{side.get('program') if key == 'version' else _engine(side)} {side.get(key, '')}"
                for side in (first, second)
            )
            return Difference(one.strip(), other.strip(), True)
    sides = [flat(with_defaults(side)) for side in (first, second)]
    different = [key for key in {*sides[0], *sides[1]} if sides[0].get(key) != sides[1].get(key)]
    if not different:
        return None
    # The engine before what only follows from it, and the seed last: only some experiments have it.
    key = min(different, key=lambda key: (key != _ENGINE, key == _SEED, "settings" not in key, key))
    one, other = (f"{key.removeprefix('settings.')} {side.get(key)}" for side in sides)
    return Difference(one, other, False)


def with_defaults(made_with: MadeWith) -> MadeWith:
    """Return the same with the defaults of those keys that a product does not name.

    These are keys of `simulate`, and the setting of the cells. The product is older than they are,
    or leaves them out so as to be the same as an older one.
    """
    settings = made_with.get("settings", {})
    if "simulate" not in settings:
        return made_with
    simulate = Simulate().model_dump(mode="json") | settings["simulate"]
    cells = Standardise().model_dump(mode="json", include=_CELL_KEYS)
    cells |= settings.get("standardise") or {}
    return {
        **made_with,
        "settings": {**settings, "simulate": simulate, "standardise": cells},
    }


def flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return nested values by their keys: `split.method`."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{before}{key}.")
        else:
            found[f"{before}{key}"] = value
    return found


def _engine(side: MadeWith) -> str:
    return str(side.get("settings", {}).get("simulate", {}).get("engine", "unknown"))
