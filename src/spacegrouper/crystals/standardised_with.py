"""With which settings a run's crystals were standardised: a record beside them.

The configuration of a run may be a newer one, for which it has not made its crystals again yet.
"""

import json
from pathlib import Path

from spacegrouper.atomic import written_aside
from spacegrouper.errors import UserError
from spacegrouper.settings import Standardise

RECORD = "standardised_with.json"


def write_record(folder: Path, settings: Standardise) -> None:
    """Write with which settings the crystals of a folder `structures` were standardised."""
    with written_aside(folder / RECORD) as aside:
        aside.write_text(settings.model_dump_json(indent=1) + "\n", encoding="utf-8")


def check_record(folder: Path, settings: Standardise) -> None:
    """Raise UserError unless the crystals of a folder were standardised with these settings."""
    path = folder / RECORD
    try:
        recorded = json.loads(path.read_text(encoding="utf-8"))
        made = {name: recorded[name] for name in Standardise.model_fields}
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(
            f"{path}: missing, damaged or of another version; run what made these crystals again"
        ) from None
    for name, value in settings.model_dump(mode="json").items():
        if made[name] != value:
            raise UserError(
                f"{folder}: its crystals were standardised with `standardise.{name}: "
                f"{made[name]}`, but here it is {value}; take the same, or finish that run with "
                "these settings"
            )
