"""Intensities drawn by Wilson's statistics: of one crystal, of twins, and of few atoms."""

import numpy as np
import pytest

from spacegrouper.techniques.reflections.ranking.laue_candidates import rotations_of
from spacegrouper.techniques.reflections.ranking.reduction import reduced_list
from spacegrouper.techniques.reflections.ranking.twinning import TwinTest, twin_test
from spacegrouper.techniques.reflections.reflection_list import ReflectionList

CELL = np.array([7.1, 8.3, 9.7, 90, 101, 90])
INDICES = np.stack(
    np.meshgrid(np.arange(-9, 10), np.arange(-10, 11), np.arange(12), indexing="ij"), axis=-1
).reshape(-1, 3)[1:]


def as_measured(intensity: np.ndarray, noise: float) -> TwinTest:
    """Measure intensities (n,), of the mean 1, with counting errors and those of a background."""
    sigma = noise * np.sqrt(0.3 + intensity)
    measured = intensity + np.random.default_rng(2).normal(0, sigma)
    kept = np.unique(np.abs(INDICES) @ [10_000, 100, 1], return_index=True)[1]
    given = ReflectionList(
        INDICES[kept].astype(np.int32), measured[kept], sigma[kept], CELL, None, "xray"
    )
    reflections = reduced_list(given)
    return twin_test(reflections, rotations_of(reflections))


def drawn(crystals: int, centric: bool = False) -> np.ndarray:
    """Return the mean intensities of so many crystals that overlap in equal parts."""
    random = np.random.default_rng(1)
    size = (crystals, len(INDICES))
    of_each = random.chisquare(1, size) if centric else random.exponential(1, size)
    return of_each.mean(axis=0)


@pytest.mark.parametrize("noise", [0.01, 0.1, 0.3])
def test_weak_reflections_make_no_twin(noise: float) -> None:
    one, centric, twin = (as_measured(drawn(*given), noise) for given in ((1,), (1, True), (2,)))

    assert one.measured.l_mean == pytest.approx(one.single.l_mean, abs=0.03)
    assert twin.measured.l_mean == pytest.approx(twin.twin.l_mean, abs=0.03)
    assert not one.suspects_a_twin
    assert not centric.suspects_a_twin
    assert twin.suspects_a_twin


def test_of_precise_lists_the_means_are_those_of_theory() -> None:
    test = as_measured(drawn(1), 0.001)

    assert test.single.l_mean == pytest.approx(0.5, abs=0.02)
    assert test.twin.l_mean == pytest.approx(0.375, abs=0.02)
    assert test.single.e_squared == pytest.approx(0.736, abs=0.03)
    assert test.twin.e_squared == pytest.approx(0.541, abs=0.03)


def test_few_atoms_that_reflect_all_alike_are_no_twin() -> None:
    nearly_equal = np.random.default_rng(0).uniform(0.9, 1.1, len(INDICES))

    assert as_measured(nearly_equal, 0.01).measured.l_mean < 0.1
    assert not as_measured(nearly_equal, 0.01).suspects_a_twin


def test_few_pairs_say_nothing() -> None:
    few = np.where(np.random.default_rng(0).uniform(size=len(INDICES)) < 0.05, drawn(2), 1e-4)

    assert not as_measured(few, 0.1).suspects_a_twin
