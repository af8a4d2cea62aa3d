"""Engine `kinematic`: our own, docs/physics.md."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version

from spacegrouper.contract.engine import ENGINES, Engine, Patterns
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.settings.run import Settings
from spacegrouper.techniques.patterns.settings import Variation, sums_every_atom


def _simulate(crystals: Sequence[Crystal], settings: Settings, threads: int) -> Iterator[Patterns]:
    # Only here: the compiler is slow to import.
    from spacegrouper.techniques.patterns.simulation import simulate_crystals

    variation = settings.of(Variation)
    return simulate_crystals(crystals, settings.simulate, settings.seed, threads, variation)


def _versions() -> dict[str, str | int]:
    from spacegrouper.techniques.patterns.simulation import PATTERN_VERSION

    return {"engine_version": version("spacegrouper"), "pattern_version": PATTERN_VERSION}


def _seconds(settings: Settings) -> float:
    """Return what a crystal of the Materials Project takes, roughly (docs/physics.md)."""
    simulate = settings.simulate
    # All intensities are needed of copies too, where their particles are counted.
    counted = simulate.poisson_noise or settings.of(Variation).counts is not None
    if sums_every_atom(simulate):
        seconds = 3.0
    elif simulate.bit_depth == 32 or counted:
        seconds = 0.03
    elif simulate.bit_depth == 8 and simulate.grey_scale == "linear":
        seconds = 0.0025
    else:
        seconds = 0.01
    return seconds * (simulate.pixels / 256) ** 2


ENGINES.register(
    Engine(
        "kinematic", "patterns", _simulate, _versions, seconds=_seconds, knows_perturbations=True
    )
)
