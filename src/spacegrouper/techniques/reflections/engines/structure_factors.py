"""Engine `structure_factors`: intensities of all reflections by index."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version

from spacegrouper.contract.engine import ENGINES, Engine, Patterns
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.settings.run import Settings
from spacegrouper.techniques.reflections.settings import Reflections


def _simulate(crystals: Sequence[Crystal], settings: Settings, threads: int) -> Iterator[Patterns]:
    # Only here: the compiler is slow to import.
    from spacegrouper.techniques.reflections.simulation import simulate_reflections

    return simulate_reflections(crystals, settings.of(Reflections), threads)


ENGINES.register(
    Engine(
        "structure_factors",
        "reflections",
        _simulate,
        lambda: {"engine_version": version("spacegrouper")},
        seconds=lambda settings: 0.0003,
    )
)
