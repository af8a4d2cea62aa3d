"""What the engines of powders share: each computes with the tables of a package of its name."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Literal

from spacegrouper.contract.engine import Engine, Patterns
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.settings.run import Settings
from spacegrouper.techniques.powder.settings import Powder


def powder_engine(name: Literal["xrayutilities", "pymatgen"], seconds: float) -> Engine:
    """Return the engine that computes with the tables of a package.

    Args:
        name: of the package.
        seconds: of a core that a typical crystal takes.
    """

    def simulate(
        crystals: Sequence[Crystal], settings: Settings, threads: int
    ) -> Iterator[Patterns]:
        # Only here: it is slow to import.
        from spacegrouper.techniques.powder.simulation import simulate_powders

        return simulate_powders(crystals, settings.of(Powder), name, threads)

    return Engine(
        name,
        "powder",
        simulate,
        lambda: {"engine_version": version(name)},
        seconds=lambda settings: seconds,
    )
