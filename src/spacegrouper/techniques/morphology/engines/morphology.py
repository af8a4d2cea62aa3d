"""Engine `morphology`: habits by the rule of Bravais, Friedel, Donnay and Harker."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version

from spacegrouper.contract.engine import ENGINES, Engine, Patterns
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.settings.run import Settings
from spacegrouper.techniques.morphology.settings import Morphology


def _simulate(crystals: Sequence[Crystal], settings: Settings, threads: int) -> Iterator[Patterns]:
    # Only here: the compiler is slow to import.
    from spacegrouper.techniques.morphology.drawing import draw_crystals

    return draw_crystals(crystals, settings.of(Morphology), threads)


ENGINES.register(
    Engine(
        "morphology", "morphology", _simulate, lambda: {"engine_version": version("spacegrouper")}
    )
)
