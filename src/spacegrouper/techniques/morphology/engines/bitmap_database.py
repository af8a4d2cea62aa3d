"""Engine `bitmap_database`: bitmaps of other people's databases, docs/morphology.md."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from spacegrouper.contract.engine import ENGINES, Engine, Patterns
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.source_files import one_file
from spacegrouper.errors import UserError
from spacegrouper.settings.run import Settings
from spacegrouper.techniques.morphology.settings import Morphology

_SQLITE = "sqlite:///"


def _simulate(crystals: Sequence[Crystal], settings: Settings, threads: int) -> Iterator[Patterns]:
    raise UserError(
        "simulate.engine: `bitmap_database` simulates nothing; its bitmaps are brought in by "
        "scripts/import_bitmaps.py, and no structure can be drawn as they are"
    )


def _files(settings: Settings) -> dict[str, Path]:
    database = settings.of(Morphology).database or ""
    if not database.startswith(_SQLITE):
        return {}
    path = Path(database.removeprefix(_SQLITE).partition("?")[0])
    return one_file(path, "morphology.database")


ENGINES.register(
    Engine(
        "bitmap_database",
        "morphology",
        _simulate,
        lambda: {"engine_version": version("spacegrouper")},
        crystals=False,
        files=_files,
    )
)
