"""Engine `pymatgen` of powders, docs/powder.md."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version

from spacegrouper.contract.technique import ENGINES, Engine, Patterns
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.settings.run import Settings
from spacegrouper.techniques.powder.settings import Powder


def _simulate(crystals: Sequence[Crystal], settings: Settings, threads: int) -> Iterator[Patterns]:
    # Only here: it is slow to import.
    from spacegrouper.techniques.powder.simulation import simulate_powders

    return simulate_powders(crystals, settings.of(Powder), "pymatgen", threads)


ENGINES.register(
    Engine("pymatgen", "powder", _simulate, lambda: {"engine_version": version("pymatgen")})
)
