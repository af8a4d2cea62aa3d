"""Programs that simulate what a technique measures, and what they return."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import Arrays
from spacegrouper.contract.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

    from spacegrouper.crystals.crystal import Crystal
    from spacegrouper.settings import Settings


@dataclass(frozen=True)
class Patterns:
    """What an engine measures of n crystals, in their order.

    Args:
        values: (n, views, y, x): uint8 grey levels, uint16, or float32 photons per pixel.
        intensity_max: (n, views), what the highest level stands for.
        reasons: for each crystal why it could not be simulated, or an empty string. The values of
            such a crystal are 0, so that a row keeps its place whatever becomes of its neighbours.
        further: what else is measured of each crystal, (n, ...), by the names of
            `Technique.further`.
    """

    values: NDArray[Any]
    intensity_max: NDArray[np.float64]
    reasons: tuple[str, ...]
    further: Arrays = field(default_factory=dict)


@dataclass(frozen=True)
class Engine:
    """A program that simulates what a technique measures.

    Args:
        name: `simulate.engine` of the configuration.
        technique: the name of its technique.
        simulate: (crystals in their standard cells, settings, threads) to their patterns, some
            crystals at a time. The same crystals and settings give the same bits, whatever the
            threads.
        versions: what its results depend on besides settings: `engine_version`, and others.
        crystals: whether it needs any; one that does not brings data of its own, by a
            program that its documentation names.
        files: settings to the files that such an engine reads, by a name for each.
        seconds: settings to those of a core that a typical crystal takes, from which
            `plan.block_size: auto` follows.
        minutes: that a job may take for a block of crystals, before it is tried again with more.
        knows_perturbations: whether it can simulate those of section `robustness`.
    """

    name: str
    technique: str
    simulate: "Callable[[Sequence[Crystal], Settings, int], Iterator[Patterns]]"
    versions: Callable[[], Mapping[str, Any]]
    crystals: bool = True
    files: "Callable[[Settings], Mapping[str, Path]]" = lambda settings: {}
    seconds: "Callable[[Settings], float]" = lambda settings: 0.005
    minutes: int = 60
    knows_perturbations: bool = False


ENGINES: Registry[Engine] = Registry("engine")
