"""Engine `condor`: an installed Condor, docs/condor.md."""

from collections.abc import Iterator, Sequence

from spacegrouper.contract.engine import ENGINES, Engine, Patterns
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.settings.run import Settings

_MINUTES = 2880


def _simulate(crystals: Sequence[Crystal], settings: Settings, threads: int) -> Iterator[Patterns]:
    from spacegrouper.techniques.patterns.simulation import simulate_crystals

    return simulate_crystals(crystals, settings.simulate, settings.seed, threads)


def _versions() -> dict[str, str | int]:
    from spacegrouper.techniques.patterns.condor import condor_provenance
    from spacegrouper.techniques.patterns.simulation import PATTERN_VERSION

    return {"pattern_version": PATTERN_VERSION, **condor_provenance()}


ENGINES.register(
    Engine(
        "condor",
        "patterns",
        _simulate,
        _versions,
        seconds=lambda settings: 80.0,  # a crystal of 30 atoms
        minutes=_MINUTES,
    )
)
