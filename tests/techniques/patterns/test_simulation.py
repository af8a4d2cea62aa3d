from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from spacegrouper.contract.engine import Patterns
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.errors import UserError
from spacegrouper.settings import Disorder, Simulate, View
from spacegrouper.techniques.patterns.geometry import make_detector, rotation_matrices
from spacegrouper.techniques.patterns.grey_scale import GreyScale
from spacegrouper.techniques.patterns.kinematic import intensities, make_experiment
from spacegrouper.techniques.patterns.simulation import simulate_crystals

SETTINGS = Simulate(pixels=32, pixel_size=3.2e-4)


def crystal(name: str, species: tuple[str, ...]) -> Crystal:
    coordinates = np.linspace(0, 0.5, len(species))[:, None] * np.ones(3)
    return Crystal(name, np.diag([4.0, 5.0, 6.0]), species, coordinates, {})


CRYSTALS = [
    crystal("salt", ("Na", "Cl")),
    crystal("heavy", ("Es",)),
    crystal("unknown", ("Na", "Xx")),
    crystal("iron", ("Fe",)),
]


def simulate(
    crystals: list[Crystal], settings: Simulate, seed: int = 0, threads: int = 1
) -> Patterns:
    batches = list(simulate_crystals(crystals, settings, seed, threads))
    return Patterns(
        np.concatenate([batch.values for batch in batches]),
        np.concatenate([batch.intensity_max for batch in batches]),
        tuple(reason for batch in batches for reason in batch.reasons),
    )


def photons(one: Crystal, settings: Simulate) -> NDArray[np.float64]:
    experiment = make_experiment(settings, one.species)
    return intensities(experiment, one.lattice, one.species, one.frac_coords)


@pytest.mark.parametrize("threads", [1, 3])
def test_rows_are_the_crystals_whatever_the_threads(threads: int) -> None:
    many = [replace(CRYSTALS[number % 4], id=str(number)) for number in range(150)]
    patterns = simulate(many, SETTINGS, threads=threads)
    assert patterns.reasons[:5] == (
        "",
        "element 'Es' has no form factor",
        "unknown element: 'Xx'",
        "",
        "",
    )
    assert len(patterns.reasons) == 150
    for row in (0, 3, 147, 148):
        expected = photons(many[row], SETTINGS)
        maxima = expected.max(axis=(1, 2))
        np.testing.assert_array_equal(patterns.intensity_max[row], maxima)
        np.testing.assert_array_equal(patterns.values[row], GreyScale().levels(expected)[0])
    assert not patterns.values[1:3].any()
    assert not patterns.intensity_max[1:3].any()


@pytest.mark.parametrize("name", ["Naughty", "Na\0", "Na ", "na", "", "\ud800"])
def test_a_name_that_begins_like_an_element_is_none(name: str) -> None:
    patterns = simulate([crystal("odd", (name, "Cl"))], SETTINGS)
    assert patterns.reasons == (f"unknown element: {name!r}",)


def test_32_bits_hold_the_photons_themselves() -> None:
    patterns = simulate(CRYSTALS[:1], SETTINGS.model_copy(update={"bit_depth": 32}))
    assert patterns.values.dtype == np.float32
    np.testing.assert_allclose(patterns.values[0], photons(CRYSTALS[0], SETTINGS), rtol=1e-6)


@pytest.mark.parametrize("noise", [False, True])
def test_16_bits_are_levels_of_the_scale(noise: bool) -> None:
    update = {"poisson_noise": noise, "pulse_energy": 1e6, "beam_stop": 3.0}
    photons_of = SETTINGS.model_copy(update=update | {"bit_depth": 32})
    levels_of = SETTINGS.model_copy(update=update | {"bit_depth": 16, "grey_scale": "logarithmic"})
    counts, patterns = (simulate(CRYSTALS[:1], each) for each in (photons_of, levels_of))
    assert patterns.values.dtype == np.uint16
    share = counts.values[0] / counts.intensity_max[0, :, None, None]
    with np.errstate(divide="ignore"):
        expected = np.clip(65535 * (1 + np.log10(share) / 6), 0, 65535)
    # Photons are stored with seven digits.
    assert np.abs(patterns.values[0] + 0.5 - expected).max() < 0.6
    assert patterns.values.max() == 65535


def test_noise_counts_photons_and_depends_on_seed_and_id_alone() -> None:
    bright = {"poisson_noise": True, "bit_depth": 32, "pulse_energy": 1e6}
    settings = SETTINGS.model_copy(update=bright)
    salt, iron = CRYSTALS[0], CRYSTALS[3]
    expected = photons(salt, settings)
    assert 1e3 < expected.max() < 1e12
    counts = simulate([salt], settings).values[0]
    np.testing.assert_array_equal(counts, np.round(counts))
    deviation = (counts - expected)[expected > 100] / np.sqrt(expected[expected > 100])
    assert abs(deviation.std() - 1) < 0.2
    np.testing.assert_array_equal(simulate([iron, salt], settings).values[1], counts)
    assert not np.array_equal(simulate([salt], settings, seed=1).values[0], counts)
    assert not np.array_equal(simulate([replace(salt, id="x")], settings).values[0], counts)


def test_too_many_photons_to_count_are_a_user_error() -> None:
    settings = SETTINGS.model_copy(update={"poisson_noise": True, "pulse_energy": 1e20})
    with pytest.raises(UserError, match=r"simulate\.pulse_energy: .* too many"):
        simulate(CRYSTALS[:1], settings)


def test_disorder_is_drawn_for_each_crystal() -> None:
    settings = SETTINGS.model_copy(update={"disorder": Disorder(vacancies=0.2), "bit_depth": 32})
    patterns = simulate([CRYSTALS[0], replace(CRYSTALS[0], id="other"), CRYSTALS[0]], settings)
    np.testing.assert_array_equal(patterns.values[0], patterns.values[2])
    assert not np.array_equal(patterns.values[0], patterns.values[1])
    whole = photons(CRYSTALS[0], SETTINGS).max()
    assert 0.5 * whole < patterns.values[0].max() < 0.8 * whole  # about (1 - 0.2)^2


def test_the_patterns_of_several_angles_add_up() -> None:
    turns = [View(axis="x", angle=-45), View(axis="x", angle=45), View(axis="x", angle=(-45, 45))]
    settings = SETTINGS.model_copy(update={"views": tuple(turns)})
    there, back, both = photons(CRYSTALS[0], settings)
    np.testing.assert_allclose(both, there + back, rtol=1e-12)
    grey = simulate(CRYSTALS[:1], settings).values[0, 2]
    np.testing.assert_array_equal(grey, GreyScale().levels(both[None])[0][0])


@pytest.mark.parametrize(
    "update",
    [
        {},
        {"poisson_noise": True, "pulse_energy": 1e6},
        {"disorder": Disorder(vacancies=0.2)},
        {"disorder": Disorder(displacement=0.1), "poisson_noise": True, "pulse_energy": 1e6},
    ],
)
def test_the_brightest_pixel_of_every_pattern_is_255(update: dict[str, object]) -> None:
    settings = SETTINGS.model_copy(update=update)
    # A cell of its own for each, or all would round alike.
    many = [
        replace(CRYSTALS[0], id=str(number), lattice=CRYSTALS[0].lattice * (1 + number / 100))
        for number in range(12)
    ]
    values = simulate(many, settings).values
    assert (values.max(axis=(2, 3)) == 255).all()


def test_debye_waller_weakens_spots_as_the_formula_says() -> None:
    warm = SETTINGS.model_copy(update={"debye_waller_b": 2.0})
    ratio = photons(CRYSTALS[3], warm) / photons(CRYSTALS[3], SETTINGS)
    s_squared = np.sum(make_detector(SETTINGS).s ** 2, axis=0).reshape(32, 32)
    np.testing.assert_allclose(ratio, np.broadcast_to(np.exp(-s_squared), ratio.shape), rtol=1e-9)


def test_the_presets_name_what_they_stand_for() -> None:
    ziletti = Simulate.model_validate({"views": "ziletti", "pixels": 32})
    assert (ziletti.wavelength, ziletti.pixels) == (5e-12, 32)
    # Of 64 pixels 10 and 30, as published.
    assert (ziletti.beam_stop, ziletti.aperture) == (5, 15)
    assert ziletti.views[2] == View(axis="z", angle=(-45, 45))
    assert Simulate.model_validate({"views": "paper"}) == Simulate()
    zones = Simulate.model_validate({"views": "zone_axes"}).views
    for axis, view in zip(np.eye(3), zones, strict=True):
        np.testing.assert_allclose(rotation_matrices(view)[0] @ axis, [0, 0, 1], atol=1e-15)


def test_an_unknown_engine_is_not_taken_for_another() -> None:
    settings = SETTINGS.model_copy(update={"engine": "pymatgen"})
    with pytest.raises(UserError, match="'pymatgen' simulates no single crystals"):
        simulate(CRYSTALS[:1], settings)
