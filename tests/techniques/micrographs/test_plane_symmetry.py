from collections.abc import Callable

import numpy as np
import pytest

from spacegrouper.techniques.micrographs.plane_symmetry import PlaneSymmetry, plane_symmetry
from spacegrouper.techniques.micrographs.zone_reflections import Intensities

SQUARE = np.array([[20.0, 0.0], [0.0, 20.0]])
HEXAGONAL = np.array([[20.0, 0.0], [10.0, 10 * np.sqrt(3)]])
RECTANGLE = np.array([[20.0, 0.0], [0.0, 31.0]])


def any_intensity(h: int, k: int) -> float:
    h, k = max((h, k), (-h, -k))
    return float(np.random.default_rng([5, h + 50, k + 50]).exponential())


def found(
    intensity: Callable[[int, int], float],
    vectors: np.ndarray,  # type: ignore[type-arg]
    farthest: float = 200.0,
) -> PlaneSymmetry:
    """Measure nodes up to a distance; intensities fall off outwards, as all do."""
    line = np.arange(-6, 7)
    nodes = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    away = np.linalg.norm(nodes @ vectors, axis=1)
    near = (away > 0) & (away < farthest)
    nodes, away = nodes[near], away[near]
    values = np.array([intensity(h, k) for h, k in nodes.tolist()]) * np.exp(-((away / 60) ** 2))
    return plane_symmetry(Intensities(nodes, values, 0.01 * values), vectors)


def four(h: int, k: int) -> float:
    return sum(any_intensity(*one) for one in ((h, k), (-k, h)))


def six(h: int, k: int) -> float:
    return sum(any_intensity(*one) for one in ((h, k), (-k, h + k), (-h - k, h)))


@pytest.mark.parametrize(
    ("intensity", "vectors", "name"),
    [
        (any_intensity, RECTANGLE, "2"),
        (lambda h, k: any_intensity(abs(h), abs(k)), RECTANGLE, "2mm"),
        (any_intensity, SQUARE, "2"),
        (four, SQUARE, "4"),
        (lambda h, k: four(h, k) + four(k, h), SQUARE, "4mm"),
        (lambda h, k: any_intensity(abs(h), abs(k)), SQUARE, "2mm"),
        (six, HEXAGONAL, "6"),
        (lambda h, k: six(h, k) + six(k, h), HEXAGONAL, "6mm"),
    ],
)
def test_the_symmetry_is_that_of_the_intensities(
    intensity: Callable[[int, int], float],
    vectors: np.ndarray,  # type: ignore[type-arg]
    name: str,
) -> None:
    assert found(intensity, vectors).name == name


def test_absent_odd_orders_are_named_by_their_direction() -> None:
    def screw(h: int, k: int) -> float:
        return 0.0 if h == 0 and k % 2 else any_intensity(h, k)

    assert found(screw, RECTANGLE).halved == ((0, 1),)
    assert found(any_intensity, RECTANGLE).halved == ()


@pytest.mark.parametrize("vectors", [SQUARE, HEXAGONAL, RECTANGLE])
@pytest.mark.parametrize("farthest", [35.0, 60.0, 200.0])
def test_unrelated_intensities_have_no_symmetry_of_their_net(
    vectors: np.ndarray,  # type: ignore[type-arg]
    farthest: float,
) -> None:
    def names(seed: int) -> str:
        def intensity(h: int, k: int) -> float:
            h, k = max((h, k), (-h, -k))
            return float(np.random.default_rng([seed, h + 50, k + 50]).exponential())

        return found(intensity, vectors, farthest).name

    wrong = [name for seed in range(50) if (name := names(seed)) != "2"]
    assert len(wrong) <= 6
    # Of a net with a third of a turn there is none with a quarter.
    assert vectors is not HEXAGONAL or not any(name.startswith("4") for name in wrong)


def test_operations_that_make_no_group_are_not_taken_together() -> None:
    # Equal under the mirrors along the axes, not under those between them.
    symmetry = found(lambda h, k: any_intensity(abs(h), abs(k)), SQUARE)
    assert symmetry.name == "2mm"
    mirrors = sorted(value for name, value in symmetry.agreement if name == "mirror")
    assert mirrors[0] < 0.5 < mirrors[-1]
