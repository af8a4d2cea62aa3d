"""The factorised pattern against a sum over every atom, known extinctions, and Condor itself."""

import itertools
from collections.abc import Callable
from pathlib import Path

import gemmi
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import Levels
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import read_crystals
from spacegrouper.crystals.prototypes import prototype_crystals
from spacegrouper.crystals.sources.prototypes import PrototypesSource
from spacegrouper.settings import Simulate, View
from spacegrouper.techniques.patterns.kinematic import (
    grey_patterns,
    intensities,
    make_experiment,
)
from spacegrouper.techniques.patterns.radiation import CLASSICAL_ELECTRON_RADIUS

EXCERPT = Path(__file__).with_name("condor_excerpt.npz")
with np.load(EXCERPT) as excerpt:
    EXCERPT_CELLS = sorted(key.removesuffix("_grey") for key in excerpt if key.endswith("_grey"))

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
    # Unchecked, as the formulas hold for pixels of any size.
    return Simulate().model_copy(
        update={
            "wavelength": 10 ** draw(st.floats(-12, -10)),
            "detector_distance": distance,
            "pixel_size": distance * draw(st.floats(1e-3, 0.3)),
            "pixels": draw(st.integers(1, 8)),
            "cells": tuple(draw(st.integers(1, 4)) for _ in range(3)),
            "views": tuple(views),
        }
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


@given(
    structures(),
    st.sampled_from([8, 16]),
    st.sampled_from(["linear", "square_root", "logarithmic"]),
    st.integers(1, 12),
    st.sampled_from(["paper", "zone_axes", "ziletti"]),
    st.sampled_from([2, 3, 33, 64]),
    st.tuples(*[st.sampled_from([1, 2, 10, 1000, 100_000])] * 3),
    st.sampled_from(["xray", "electron"]),
    st.sampled_from(["block", "gaussian"]),
)
def test_grey_patterns_are_those_of_all_intensities(
    structure: Structure,
    depth: int,
    scale: str,
    decades: int,
    views: str,
    pixels: int,
    cells: tuple[int, int, int],
    radiation: str,
    envelope: str,
) -> None:
    grey_levels = {"bit_depth": depth, "grey_scale": scale}
    if scale == "logarithmic":
        grey_levels["decades"] = decades
    if envelope == "gaussian":
        cells = (max(cells[0], 4), max(cells[1], 4), max(cells[2], 4))
    geometry = {"pixels": pixels, "pixel_size": 1.6e-4, "views": views}
    crystal = {"cells": cells, "envelope": envelope, "form_factors": radiation}
    settings = Simulate.model_validate({**geometry, **crystal, **grey_levels})
    grey = assert_grey_patterns_are_those_of_all_intensities(settings, structure)
    # Between the reflections of a large crystal that fades out, all is black.
    if envelope == "block":
        assert grey.max(axis=(1, 2)).tolist() == [2**depth - 1] * 3


def assert_grey_patterns_are_those_of_all_intensities(
    settings: Simulate, structure: Structure
) -> Levels:
    experiment = make_experiment(settings, structure[1])
    grey, maxima = grey_patterns(experiment, *structure)
    expected, expected_maxima = experiment.grey_scale.levels(intensities(experiment, *structure))
    np.testing.assert_array_equal(maxima, expected_maxima)
    np.testing.assert_array_equal(grey, expected)
    return grey


@pytest.mark.parametrize("cells", [(4, 5, 6), (10, 4, 7)])
def test_a_crystal_that_fades_out_is_a_sum_over_cells_that_do(cells: tuple[int, int, int]) -> None:
    lattice = np.array([[4.1, 0.2, -0.3], [-1.2, 5.3, 0.4], [0.6, -0.9, 6.2]])
    structure = (lattice, ["Ti", "O"], np.array([[0.1, 0.2, 0.3], [0.55, 0.71, 0.12]]))
    geometry = {"views": (View(axis="y", angle=20),), "pixels": 61, "pixel_size": 2e-4}
    fading = Simulate(**geometry, cells=cells, envelope="gaussian")
    experiment = make_experiment(fading, structure[1])
    indices = lattice @ experiment.rotations[0][0].T @ experiment.s
    amplitudes = np.ones(indices.shape[1], complex)
    for count, index in zip(cells, indices, strict=True):
        n = np.arange(-6 * count, 6 * count + 1)
        weights = np.sqrt(6 / np.pi) * np.exp(-6 * (n / count) ** 2)
        assert weights.sum() == pytest.approx(count, rel=1e-3)
        assert weights @ n**2 / count == pytest.approx(count**2 / 12, rel=1e-3)
        amplitudes *= weights @ np.exp(2j * np.pi * np.outer(n, index))
    (pattern,) = simulate(fading, structure)
    (of_one_cell,) = simulate(Simulate(**geometry, cells=(1, 1, 1)), structure)
    expected = of_one_cell * np.abs(amplitudes.reshape(of_one_cell.shape)) ** 2
    brightest = of_one_cell.max() * float(np.prod(cells)) ** 2
    np.testing.assert_allclose(pattern, expected, rtol=0, atol=1e-5 * brightest)
    assert pattern.max() > 0.1 * brightest


def test_a_detector_that_is_all_beam_stop_stays_black() -> None:
    settings = Simulate(pixels=16, beam_stop=100)
    grey, maxima = grey_patterns(make_experiment(settings, ["Na", "Cl"]), *rock_salt(5.64))
    assert not grey.any()
    assert maxima.tolist() == [0, 0, 0]


def test_grey_patterns_of_prototypes_are_those_of_all_intensities() -> None:
    source = PrototypesSource(space_groups=16, crystals_per_space_group=3)
    for crystal in prototype_crystals(source, seed=0):
        structure = crystal.lattice, list(crystal.species), crystal.frac_coords
        assert_grey_patterns_are_those_of_all_intensities(Simulate(), structure)


@pytest.mark.slow
def test_grey_patterns_of_real_crystals_are_those_of_all_intensities(
    real_structures: Path,
) -> None:
    crystals = [
        crystal
        for crystal in read_crystals(real_structures / "mp-2025.02-sample.jsonl.gz")
        if isinstance(crystal, Crystal)
    ]
    assert len(crystals) > 1000
    for crystal in crystals[::5]:
        structure = crystal.lattice, list(crystal.species), crystal.frac_coords
        assert_grey_patterns_are_those_of_all_intensities(Simulate(), structure)


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


# Conditions for reflections to exist (International Tables A). Each structure has one kind of atom
# in a general place, so that nothing but its symmetry puts out a reflection.
@pytest.mark.parametrize(
    ("space_group", "allowed"),
    [
        ("I m -3 m", lambda h, k, l: (h + k + l) % 2 == 0),
        ("F m -3 m", lambda h, k, l: h % 2 == k % 2 == l % 2),
        # diamond: the d glide
        (
            "F d -3 m",
            lambda h, k, l: (
                h % 2 == k % 2 == l % 2 and (0 not in (h, k, l) or (h + k + l) % 4 == 0)
            ),
        ),
        ("P 41", lambda h, k, l: (h, k) != (0, 0) or l % 4 == 0),  # screw axis along c
        ("P 1 c 1", lambda h, k, l: k != 0 or l % 2 == 0),  # glide plane normal to b
        ("P n a 21", lambda h, k, l: (h != 0 or (k + l) % 2 == 0) and (k != 0 or h % 2 == 0)),
    ],
)
def test_symmetry_puts_out_reflections(
    space_group: str, allowed: Callable[[int, int, int], bool]
) -> None:
    lattice = np.diag([7.0, 7.0, 7.0])
    operations = gemmi.SpaceGroup(space_group).operations()
    place = [0.127, 0.234, 0.061]
    coordinates = np.array([operation.apply_to_xyz(place) for operation in operations])
    # One pixel that lies just where the Laue conditions of a reflection are met: the sphere is
    # flat, and the view along c or a shows (h k 0) or (0 k l).
    for axes, view in (((0, 1, None), ("z", 0)), ((None, 1, 0), ("y", -90))):
        settings = Simulate(
            detector_distance=1.0, pixel_size=1e-4 / 7, pixels=9, cells=(3, 3, 3),
            ewald_sphere="flat", views=(View(axis=view[0], angle=view[1]),),
        ).model_copy(update={"wavelength": 1e-14})  # fmt: skip
        pattern = simulate(settings, (lattice, ["C"] * len(coordinates), coordinates))[0]
        dark = 1e-12 * pattern.max()
        for row, column in np.ndindex(pattern.shape):
            steps = (column - 4, row - 4)
            h, k, l = (0 if axis is None else steps[axis] for axis in axes)
            if not allowed(h, k, l):
                assert pattern[row, column] < dark, (h, k, l)
            elif (h, k, l) != (0, 0, 0):
                assert pattern[row, column] > dark, (h, k, l)


@given(structures())
def test_a_pattern_on_a_flat_sphere_has_an_inversion_centre(structure: Structure) -> None:
    # Friedel's law
    patterns = simulate(Simulate(ewald_sphere="flat", pixels=32, pixel_size=3.2e-4), structure)
    np.testing.assert_allclose(patterns, patterns[:, ::-1, ::-1], atol=1e-9 * patterns.max())


@pytest.mark.parametrize("cell", EXCERPT_CELLS)
def test_an_excerpt_of_condors_results(cell: str) -> None:
    """Seven Materials Project cells (CC BY 4.0), one of each crystal system.

    Of Condor 1.0.7's patterns at the default settings the file holds the 200 brightest pixels of
    each view, and the 8-bit patterns.
    """
    with np.load(EXCERPT) as file:
        species = [gemmi.Element(int(z)).name for z in file[f"{cell}_atomic_numbers"]]
        structure = file[f"{cell}_lattice"], species, file[f"{cell}_frac_coords"]
        pixels, photons = file[f"{cell}_pixels"].astype(int), file[f"{cell}_photons"]
        grey = file[f"{cell}_grey"]
    ours = np.take_along_axis(simulate(Simulate(), structure).reshape(3, -1), pixels, axis=1)
    np.testing.assert_allclose(ours, photons, rtol=5e-4)
    assert_same_but_for_rounding(grey_of(structure), grey)


def grey_of(structure: Structure) -> NDArray[np.uint8]:
    return grey_patterns(make_experiment(Simulate(), structure[1]), *structure)[0]


def assert_same_but_for_rounding(ours: NDArray[np.uint8], theirs: NDArray[np.uint8]) -> None:
    """Condor computes in single precision: some pixels at the edge of a grey level differ."""
    difference = np.abs(ours.astype(int) - theirs)
    assert difference.max() <= 1
    assert np.count_nonzero(difference, axis=(1, 2)).max() <= 4


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
        grey = np.floor(255 * expected / maxima).astype(np.uint8)
        assert_same_but_for_rounding(grey_of(structure), grey)
