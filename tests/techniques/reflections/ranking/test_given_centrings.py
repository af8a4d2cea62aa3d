"""Lists of few zones, which cannot show a centring of the cell by themselves."""

from dataclasses import replace

import gemmi
import numpy as np
import pytest
from measured_lists import CAREFUL
from random_crystals import random_crystal

from spacegrouper.techniques.reflections.ranking.ranker import read_ranker
from spacegrouper.techniques.reflections.ranking.reduction import possible_centrings, reduced_list
from spacegrouper.techniques.reflections.ranking.simulated_list import simulated_list
from spacegrouper.techniques.reflections.reflection_list import ReflectionList

EXACT = replace(CAREFUL, conventional=1, jitter=((0, 0),) * 2)


def zones(number: int, axes: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> ReflectionList:
    """Measure the zones across axes of the standard cell of a crystal."""
    monkeypatch.setattr(
        "spacegrouper.techniques.reflections.ranking.simulated_list.unimodular",
        lambda generator: np.eye(3),
    )
    crystal = random_crystal(number, 3, 1.6)
    measured = simulated_list(crystal, EXACT, np.random.default_rng(3))
    assert measured is not None
    chosen = (measured.hkl[:, axes] == 0).any(axis=1)
    return replace(
        measured,
        hkl=measured.hkl[chosen],
        intensity=measured.intensity[chosen],
        sigma=measured.sigma[chosen],
    )


@pytest.mark.parametrize(
    ("number", "axes", "letters"),
    [
        (47, (2,), ["P"]),
        (65, (2,), ["C", "I", "P"]),  # hk0 of C and of I: h + k even
        (71, (0, 1, 2), ["I", "P"]),
        (69, (2,), ["F", "P"]),
    ],
)
def test_zones_show_all_centrings_that_they_may_have(
    number: int, axes: tuple[int, ...], letters: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = zones(number, axes, monkeypatch)
    spots = measured.hkl[measured.intensity > 10 * measured.sigma]
    assert possible_centrings(measured, spots) == letters


def test_a_given_centring_makes_the_primitive_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = zones(71, (0, 1, 2), monkeypatch)
    volumes = {
        letter: np.linalg.det(reduced_list(measured, letter).lattice) for letter in ("P", "I")
    }
    assert volumes["P"] == pytest.approx(2 * volumes["I"])


def test_all_centrings_are_ranked_together(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = read_ranker(kind="zones").answer(zones(65, (2,), monkeypatch), "none", ["C", "I", "P"])
    assert sum(answer.shares.values()) == pytest.approx(1)
    symbols = {gemmi.get_spacegroup_reference_setting(one).hm[0] for one in answer.shares}
    assert symbols >= {"C", "I", "P"}


def test_weak_reflections_are_not_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = zones(71, (0, 1, 2), monkeypatch)
    odd = measured.hkl.sum(axis=1) % 2 == 1
    weak = 0.04 * measured.intensity[~odd].mean()
    intensity = np.where(odd, weak, measured.intensity)
    sigma = np.where(odd, weak / 5, measured.sigma)
    weakened = replace(measured, intensity=intensity, sigma=sigma)
    assert possible_centrings(weakened, measured.hkl) == ["P"]
    # Too weak to be found as spots, but not nothing: it may be centred or not.
    assert possible_centrings(weakened, measured.hkl[~odd]) == ["I", "P"]
