"""Simulating crystals as a dataset has them, but for one thing that is not perfect.

The same crystal has the same random numbers at all values of a perturbation: the axis that it is
turned about, the atoms that are missing first, the directions that atoms are displaced along.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from spacegrouper.contract.descriptor import Levels, Sections
from spacegrouper.contract.engine import ENGINES
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError
from spacegrouper.randomness import generator_for
from spacegrouper.settings import Robustness, Simulate
from spacegrouper.techniques.patterns.simulation import BLACK, simulate_crystals

Perturbation = Literal[
    "none", "vacancies", "displacement", "photons", "misorientation", "beam_stop"
]
# Each perturbation with the unit of its values.
UNITS: Mapping[str, str] = {
    "none": "",
    "vacancies": "share of the atoms",
    "displacement": "angstrom",
    "photons": "photons in a pattern",
    "misorientation": "degrees",
    "beam_stop": "pixels",
}


@dataclass(frozen=True)
class Point:
    """A perturbation and its value, in the unit that UNITS names; that of "none" is 0."""

    perturbation: Perturbation
    value: float


UNPERTURBED = Point("none", 0.0)


@dataclass(frozen=True)
class Recipe:
    """How the patterns of a dataset are made of its crystals.

    Args:
        simulate: the experiment.
        seed: of the random numbers of simulation, those of the perturbations among them.
        settings: all sections that the dataset was made with.
    """

    simulate: Simulate
    seed: int
    settings: Sections


def read_recipe(dataset: Dataset, seed: int) -> Recipe:
    """Read how a dataset was made from what it says of itself.

    Args:
        dataset: the dataset.
        seed: taken where the dataset needed none.

    Raises:
        UserError: its engine does not know all perturbations.
    """
    engine = dataset.settings.get("simulate", {}).get("engine")
    if engine is None or not ENGINES[engine].knows_perturbations:
        knowing = " or ".join(each.name for each in ENGINES if each.knows_perturbations)
        raise UserError(
            f"{dataset.path}: made with {engine or 'another program'}, but only "
            f"`simulate.engine: {knowing}` knows all perturbations; give a dataset made with it"
        )
    simulate = Simulate.model_validate(dataset.settings["simulate"])
    return Recipe(simulate, dataset.settings.get("seed", seed), dataset.settings)


def points_of(settings: Robustness) -> list[Point]:
    """Return the unperturbed point, then each perturbation at its values, ascending."""
    names = [name for name in get_args(Perturbation) if name != "none"]
    values = {name: sorted(set(getattr(settings, name))) for name in names}
    return [UNPERTURBED, *(Point(name, value) for name in names for value in values[name])]


def changes_nothing(point: Point, simulate: Simulate) -> bool:
    """Whether the perturbed patterns are those of the dataset, simulated with `simulate`."""
    if point.perturbation in ("none", "misorientation"):
        return point.value == 0
    return point.perturbation != "photons" and _perturbed(simulate, point) == simulate


def simulate_point(
    crystals: Sequence[Crystal],
    recipe: Recipe,
    point: Point,
    threads: int,
    advance: Callable[[int], None],
) -> Levels:
    """Return the raw patterns of perturbed crystals, (n, views, pixels, pixels), grey levels.

    `advance` is called with 1 after each crystal. No result depends on the threads. Raises
    UserError for a crystal that cannot be simulated.
    """

    def simulate(crystal: Crystal) -> Levels:
        patterns = _simulate(*perturb(crystal, recipe, point), recipe.seed)
        advance(1)
        return patterns

    with ThreadPoolExecutor(threads) as pool:
        return np.stack(list(pool.map(simulate, crystals)))


def perturb(crystal: Crystal, recipe: Recipe, point: Point) -> tuple[Crystal, Simulate]:
    """Return a crystal and the settings to simulate it with, perturbed."""
    if point.perturbation == "misorientation":
        return turned(crystal, point.value, recipe.seed), recipe.simulate
    if point.perturbation == "photons":
        return crystal, with_photons(crystal, recipe.simulate, point.value, recipe.seed)
    return crystal, _perturbed(recipe.simulate, point)


def turned(crystal: Crystal, angle: float, seed: int) -> Crystal:
    """Return a crystal turned by an angle, degrees, about its own random axis.

    The axis is uniform on the sphere and the same for all angles.
    """
    direction = generator_for(seed, crystal.id, "misorientation").standard_normal(3)
    axis = direction / np.linalg.norm(direction)
    rotation = Rotation.from_rotvec(np.radians(angle) * axis).as_matrix()
    return replace(crystal, lattice=crystal.lattice @ rotation.T)


def with_photons(crystal: Crystal, simulate: Simulate, photons: float, seed: int) -> Simulate:
    """Return settings that count this many photons of a crystal in a pattern, on average.

    The energy of the pulse is scaled so that the mean over the views of the expected photons on
    all pixels that record any is `photons`; those that are counted spread about it as Poisson
    has it.
    """
    expected = simulate.model_copy(update={"bit_depth": 32, "poisson_noise": False})
    patterns = _simulate(crystal, expected, seed)
    mean = float(patterns.sum(axis=(1, 2), dtype=np.float64).mean())
    # A beam stop may cover all pixels: then there is nothing to count, whatever the pulse.
    scale = photons / mean if mean > 0 else 1.0
    return simulate.model_copy(
        update={"pulse_energy": simulate.pulse_energy * scale, "poisson_noise": True}
    )


def _perturbed(simulate: Simulate, point: Point) -> Simulate:
    if point.perturbation == "beam_stop":
        return simulate.model_copy(update={"beam_stop": point.value})
    if point.perturbation in ("vacancies", "displacement"):
        disorder = simulate.disorder.model_copy(update={point.perturbation: point.value})
        return simulate.model_copy(update={"disorder": disorder})
    return simulate


def _simulate(crystal: Crystal, simulate: Simulate, seed: int) -> NDArray[Any]:
    """Return the patterns of one crystal, (views, pixels, pixels)."""
    (patterns,) = simulate_crystals([crystal], simulate, seed, threads=1)
    # Nothing may be left behind a beam stop; how often the network is right then is the question.
    if patterns.reasons[0] not in ("", BLACK):
        raise UserError(
            f"crystal {crystal.id}: {patterns.reasons[0]}; give the structures that the dataset "
            "was made of"
        )
    values: NDArray[Any] = patterns.values[0]
    return values
