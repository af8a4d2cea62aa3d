"""Copies against what they must be by geometry, and by counting."""

import re
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from simulated_patterns import ROCK_SALT, SMALL

from spacegrouper.crystals.copies import with_copies
from spacegrouper.errors import UserError
from spacegrouper.settings import Simulate, View, settings_from_mapping
from spacegrouper.techniques.patterns.kinematic import make_experiment
from spacegrouper.techniques.patterns.settings import Variation
from spacegrouper.techniques.patterns.simulation import simulate_crystals
from spacegrouper.techniques.patterns.variation import varied

PHOTONS = SMALL.model_copy(update={"bit_depth": 32})


def simulate(
    variation: Variation, settings: Simulate = SMALL, seed: int = 0, threads: int = 1
) -> tuple[NDArray, ...]:
    """Return the patterns of rock salt and of its copies, (views, pixels, pixels) each."""
    crystals = list(with_copies(ROCK_SALT, variation.copies))
    batches = simulate_crystals(crystals, settings, seed, threads, variation)
    return tuple(np.concatenate([batch.values for batch in batches]))


def test_the_crystal_itself_stays_perfect_and_each_copy_is_different() -> None:
    crystal, *copies = simulate(Variation(copies=3, largest_tilt=3))
    (perfect,) = simulate(Variation())
    np.testing.assert_array_equal(crystal, perfect)
    assert len({copy.tobytes() for copy in (crystal, *copies)}) == 4


def test_copies_follow_from_seed_and_id_whatever_the_threads() -> None:
    variation = Variation(
        copies=4, largest_tilt=3, largest_turn=180, largest_beam_stop=9, counts=(1e3, 1e5)
    )
    once, again = simulate(variation), simulate(variation, threads=3)
    np.testing.assert_array_equal(once, again)
    assert not np.array_equal(once[1:], simulate(variation, seed=1)[1:])


def test_a_tilt_turns_every_view_by_the_same_small_angle() -> None:
    experiment = make_experiment(SMALL, ["Na"])
    angles = []
    for copy in range(400):
        own = varied(experiment, f"copy {copy}", Variation(copies=1, largest_tilt=3), 0)
        tilts = [
            before[0].T @ after[0]
            for before, after in zip(experiment.rotations, own.rotations, strict=True)
        ]
        np.testing.assert_allclose(tilts, [tilts[0]] * 3, atol=1e-12)
        angles.append(np.degrees(np.arccos(np.clip((np.trace(tilts[0]) - 1) / 2, -1, 1))))
    # Drawn evenly from 0 to 3 degrees.
    assert max(angles) <= 3
    assert np.mean(angles) == pytest.approx(1.5, abs=0.15)


def test_a_turn_about_the_beam_turns_the_pattern_itself() -> None:
    # Pixels of a detector of which a quarter turn is a permutation, and a beam along an axis.
    settings = PHOTONS.model_copy(update={"views": (View(axis="z", angle=20),)})
    experiment = make_experiment(settings, ROCK_SALT.species)
    own = varied(experiment, "a", Variation(copies=1, largest_turn=180), 0)
    turn = own.rotations[0][0] @ experiment.rotations[0][0].T
    np.testing.assert_allclose(turn[2], [0, 0, 1], atol=1e-12)
    # The same pattern by turning the view, which is about the beam too.
    angle = np.degrees(np.arctan2(turn[1, 0], turn[0, 0]))
    turned = settings.model_copy(update={"views": (View(axis="z", angle=20 + angle),)})
    (expected,) = simulate_crystals([ROCK_SALT], turned, 0, 1)
    copy = replace(ROCK_SALT, id="a", metadata={"copy_of": "rock-salt"})
    (found,) = simulate_crystals([copy], settings, 0, 1, Variation(copies=1, largest_turn=180))
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-3, atol=1e-6)


def test_a_beam_stop_covers_a_disc_of_at_most_its_radius() -> None:
    variation = Variation(copies=30, largest_beam_stop=10)
    perfect, *copies = simulate(variation, PHOTONS)
    centre = np.arange(64) - 31.5
    radius = np.hypot(*np.meshgrid(centre, centre))
    largest = []
    for copy in copies:
        covered = (copy == 0) & (perfect > 0)
        stop = radius[covered.any(axis=0)].max(initial=0)
        np.testing.assert_array_equal(copy[:, radius > stop], perfect[:, radius > stop])
        assert not copy[:, radius <= stop].any()
        largest.append(stop)
    assert 8 < max(largest) <= 10
    assert min(largest) < 2


def test_counts_are_whole_and_as_many_as_drawn() -> None:
    crystal, *copies = simulate(Variation(copies=200, counts=(1e3, 1e5)), PHOTONS)
    totals = np.array([copy.sum(axis=(1, 2)).mean() for copy in copies])
    assert all(np.array_equal(copy, np.round(copy)) for copy in copies)
    assert (totals > 900).all()
    assert (totals < 1.1e5).all()
    assert np.log10(totals).mean() == pytest.approx(4, abs=0.15)
    # A well counted copy is the crystal's pattern.
    best = copies[int(totals.argmax())]
    correlation = np.corrcoef(best.ravel(), crystal.ravel())[0, 1]
    assert correlation > 0.99


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"variation": {"copies": 2}}, "`variation.copies`: would be equal"),
        (
            {"variation": {"largest_tilt": 3}},
            "`variation.largest_tilt`: changes nothing without `copies`",
        ),
        (
            {"variation": {"copies": 1, "counts": [1e5, 1e3]}},
            "`variation.counts`: must be two ascending numbers",
        ),
        (
            {"variation": {"copies": 1, "largest_beam_stop": 128}},
            "`variation.largest_beam_stop`: 128 pixels reach beyond the detector",
        ),
        (
            {"simulate": {"engine": "condor"}, "variation": {"copies": 1, "largest_tilt": 3}},
            "`variation.copies`: needs `engine: kinematic`",
        ),
        (
            {
                "simulate": {"poisson_noise": True},
                "variation": {"copies": 1, "counts": [1e3, 1e5]},
            },
            "`variation.counts`: copies would be counted twice",
        ),
        (
            {
                "variation": {"copies": 1, "largest_tilt": 3},
                "train": {"rotation_epochs": 2},
            },
            "`train.rotation_epochs`: must be none where copies of crystals train",
        ),
    ],
)
def test_what_copies_cannot_be(content: dict, reason: str) -> None:
    with pytest.raises(UserError, match=re.escape(reason)):
        settings_from_mapping(content, "config.yaml")
