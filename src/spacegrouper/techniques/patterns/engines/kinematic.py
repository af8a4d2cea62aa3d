"""Engine `kinematic`: our own, docs/physics.md."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version

from spacegrouper.contract.technique import ENGINES, Engine, Patterns
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.settings.run import Settings
from spacegrouper.techniques.patterns.settings import Variation


def _simulate(crystals: Sequence[Crystal], settings: Settings, threads: int) -> Iterator[Patterns]:
    # Only here: the compiler is slow to import.
    from spacegrouper.techniques.patterns.simulation import simulate_crystals

    variation = settings.of(Variation)
    return simulate_crystals(crystals, settings.simulate, settings.seed, threads, variation)


def _versions() -> dict[str, str | int]:
    from spacegrouper.techniques.patterns.simulation import PATTERN_VERSION

    return {"engine_version": version("spacegrouper"), "pattern_version": PATTERN_VERSION}


ENGINES.register(
    Engine("kinematic", "patterns", _simulate, _versions, seconds=0.0025, knows_perturbations=True)
)
