"""The factorised pattern against a sum over every atom, known extinctions, and Condor itself."""

import itertools
from pathlib import Path

import gemmi
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spacegrouper.config.sections import Simulate, View
from spacegrouper.diffraction.kinematic import (
    CLASSICAL_ELECTRON_RADIUS,
    grey_patterns,
    intensities,
    make_experiment,
)

Structure = tuple[NDArray[np.float64], list[str], NDArray[np.float64]]


def form_factor(symbol: str, s_squared: float) -> float:
    table = gemmi.Element(symbol).it92
    gaussians = zip(table.a, table.b, strict=True)
    return float(table.c + sum(a * np.exp(-b * s_squared / 4) for a, b in gaussians))


def sum_over_all_atoms(settings: Simulate, structure: Structure) -> NDArray[np.float64]:
    """The definition in docs/physics.md, atom by atom and pixel by pixel; (views, y, x)."""
    lattice, species, frac_coords = structure
    cells = np.array(list(itertools.product(*(range(count) for count in settings.cells))))
    wavelength = settings.wavelength * 1e10
    n, p, d = settings.pixels, settings.pixel_size, settings.detector_distance
    photon_energy = 6.62607015e-34 * 299792458 / settings.wavelength
    fluence = settings.pulse_energy / photon_energy / (np.pi / 4 * settings.focus_diameter**2)
    patterns = np.empty((len(settings.views), n, n))
    for view, turn in enumerate(settings.views):
        axis = {"x": [1, 0, 0], "y": [0, 1, 0], "z": [0, 0, 1]}[turn.axis]
        positions = (frac_coords[None] + cells[:, None]).reshape(-1, 3) @ lattice
        # Rodrigues' formula, so that not even the rotation is shared with the program
        angle = np.radians(turn.angle)
        positions = (
            positions * np.cos(angle)
            + np.cross(axis, positions) * np.sin(angle)
            + np.outer(positions @ axis, axis) * (1 - np.cos(angle))
        )
        for iy in range(n):
            for ix in range(n):
                x, y = (ix - (n - 1) / 2) * p, (iy - (n - 1) / 2) * p
                length = np.sqrt(x * x + y * y + d * d)
                s = np.array([x / length, y / length, d / length - 1]) / wavelength
                f = [form_factor(symbol, s @ s) for symbol in species]
                amplitude = np.sum(np.tile(f, len(cells)) * np.exp(-2j * np.pi * positions @ s))
                patterns[view, iy, ix] = (
                    2.8179403262e-15**2 * fluence * (p / d) ** 2 * (d / length) ** 3
                    * abs(amplitude) ** 2
                )  # fmt: skip
    return patterns


def simulate(settings: Simulate, structure: Structure) -> NDArray[np.float64]:
    return intensities(make_experiment(settings, structure[1]), *structure)


@st.composite
def structures(draw: st.DrawFn) -> Structure:
    """Triclinic cells of 1 to 4 atoms of any element."""
    lengths = [draw(st.floats(2, 12)) for _ in range(3)]
    angles = [draw(st.floats(70, 110)) for _ in range(3)]
    cell = gemmi.UnitCell(*lengths, *angles)
    lattice = np.array(cell.orth.mat.tolist()).T
    atoms = draw(st.integers(1, 4))
    species = [gemmi.Element(draw(st.integers(1, 98))).name for _ in range(atoms)]
    coordinates = [[draw(st.floats(-1, 2)) for _ in range(3)] for _ in range(atoms)]
    return lattice, species, np.array(coordinates)


@st.composite
def experiments(draw: st.DrawFn) -> Simulate:
    """Odd and even detectors; wavelengths and distances over two decades; any view."""
    distance = 10 ** draw(st.floats(-2, 0))
    views = [
        View(axis=draw(st.sampled_from(["x", "y", "z"])), angle=draw(st.floats(-180, 180)))
        for _ in range(draw(st.integers(1, 2)))
    ]
    return Simulate(
        wavelength=10 ** draw(st.floats(-12, -10)),
        detector_distance=distance,
        pixel_size=distance * draw(st.floats(1e-3, 0.3)),
        pixels=draw(st.integers(1, 8)),
        cells=tuple(draw(st.integers(1, 4)) for _ in range(3)),
        views=tuple(views),
    )


@given(experiments(), structures())
def test_the_factorised_pattern_is_the_sum_over_all_atoms(
    settings: Simulate, structure: Structure
) -> None:
    expected = sum_over_all_atoms(settings, structure)
    # Against the most that all atoms could scatter together, not against the brightest of a few
    # pixels, which may all lie where everything cancels.
    electrons = np.prod(settings.cells) * sum(gemmi.Element(x).atomic_number for x in structure[1])
    scale = max(expected.max(), 1e-6 * electrons**2 * photons_of_one_electron(settings))
    np.testing.assert_allclose(simulate(settings, structure), expected, rtol=0, atol=1e-10 * scale)


def photons_of_one_electron(settings: Simulate) -> float:
    photon_energy = 6.62607015e-34 * 299792458 / settings.wavelength
    fluence = settings.pulse_energy / photon_energy / (np.pi / 4 * settings.focus_diameter**2)
    return float(
        CLASSICAL_ELECTRON_RADIUS**2
        * fluence
        * (settings.pixel_size / settings.detector_distance) ** 2
    )


@given(structures())
def test_grey_patterns_are_those_of_all_intensities(structure: Structure) -> None:
    settings = Simulate(pixels=64, pixel_size=1.6e-4)
    expected = simulate(settings, structure)
    maxima = expected.max(axis=(1, 2))
    grey, intensity_max = grey_patterns(make_experiment(settings, structure[1]), *structure)
    np.testing.assert_array_equal(intensity_max, maxima)
    np.testing.assert_array_equal(grey, np.floor(255 * expected / maxima[:, None, None]))


def rock_salt(edge: float) -> Structure:
    face_centred = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    coordinates = np.concatenate([face_centred, face_centred + np.array([0.5, 0, 0])])
    return np.eye(3) * edge, ["Na"] * 4 + ["Cl"] * 4, coordinates


def test_spots_lie_where_bragg_puts_them_and_extinct_ones_are_black() -> None:
    edge = 5.64
    settings = Simulate(views=(View(axis="z", angle=0),), pixels=257)
    pattern = simulate(settings, rock_salt(edge))[0]
    distance, pixel = settings.detector_distance, settings.pixel_size

    def brightness(h: int, k: int) -> float:
        # Bragg: sin(theta) = wavelength / 2d; the spot falls at D tan(2 theta)
        spacing = edge / np.hypot(h, k)
        radius = distance * np.tan(2 * np.arcsin(0.035 / 2 / spacing)) / pixel
        column = 128 + round(radius * h / np.hypot(h, k))
        row = 128 + round(radius * k / np.hypot(h, k))
        return float(pattern[row - 1 : row + 2, column - 1 : column + 2].max())

    forward = float(pattern[128, 128])
    for h, k in [(2, 0), (0, 2), (2, 2), (4, 0), (4, 2)]:
        assert brightness(h, k) > 1e-2 * forward, (h, k)
    for h, k in [(1, 0), (0, 1), (1, 1), (2, 1), (3, 0), (3, 1)]:  # face centring forbids them
        assert brightness(h, k) < 1e-2 * brightness(2, 0), (h, k)


def test_a_pattern_on_a_flat_sphere_has_an_inversion_centre() -> None:
    # With a very short wavelength the sphere is flat over the detector (Friedel's law).
    rng = np.random.default_rng(0)
    structure: Structure = (np.diag([4.0, 5.0, 6.0]), ["Zn", "S", "O"], rng.random((3, 3)))
    settings = Simulate(wavelength=1e-16, detector_distance=3500, pixels=64, pixel_size=1.6e-4)
    patterns = simulate(settings, structure)
    np.testing.assert_allclose(patterns, patterns[:, ::-1, ::-1], atol=1e-3 * patterns.max())


@pytest.mark.slow
def test_condor_computes_the_same(golden: Path) -> None:
    files = sorted((golden / "condor").glob("*.npz"))
    assert len(files) == 32
    for path in files:
        with np.load(path) as reference:
            species = [gemmi.Element(int(z)).name for z in reference["atomic_numbers"]]
            structure = reference["lattice"], species, reference["frac_coords"]
            expected = np.stack([reference[f"I_{axis}"] for axis in "xyz"]).astype(np.float64)
        maxima = expected.max(axis=(1, 2), keepdims=True)
        bright = expected > 1e-3 * maxima
        ours = simulate(Simulate(), structure)
        np.testing.assert_allclose(ours[bright], expected[bright], rtol=5e-4, err_msg=path.name)
        grey, _ = grey_patterns(make_experiment(Simulate(), species), *structure)
        difference = np.abs(grey - np.floor(255 * expected / maxima))
        assert difference.max() <= 1, path.name
        assert np.count_nonzero(difference, axis=(1, 2)).max() <= 4, path.name
