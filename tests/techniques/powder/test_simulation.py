"""Powder reflections: against published patterns, xrayutilities itself, and engine against engine.

Published intensities (I/I0) are measured or computed with the thermal motion of the atoms, which
the engines leave out; it weakens reflections by exp(-2 B sin^2(theta) / wavelength^2). So a scale
and one B of all atoms are fitted for each substance, and B must be one that crystals have.
"""

import re
import tracemalloc
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pymatgen.core import Lattice, Structure
from scipy.optimize import minimize_scalar

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import read_crystals
from spacegrouper.crystals.prototypes import prototype_crystals
from spacegrouper.crystals.sources.prototypes import PrototypesSource
from spacegrouper.techniques.powder import simulation as module
from spacegrouper.techniques.powder.settings import Powder
from spacegrouper.techniques.powder.simulation import (
    Engine,
    reflections,
    simulate_powders,
    sticks,
)

ENGINES = get_args(Engine)
K_ALPHA_1 = 1.5405929  # of the published angles, Angstrom


def crystal(
    symbol: str, lattice: Lattice, species: Sequence[str], positions: Sequence[Sequence[float]]
) -> Crystal:
    structure = Structure.from_spacegroup(symbol, lattice, species, positions)
    return Crystal(
        structure.reduced_formula,
        structure.lattice.matrix,
        tuple(site.specie.symbol for site in structure),
        structure.frac_coords,
    )


# Name: crystal, published 2 theta and I/I0 (None: not given), tolerance of I/I0, of 100.
PUBLISHED: dict[str, tuple[Crystal, list[tuple[float, float | None]], float]] = {
    # NIST SRM 640e: certified lattice parameter, and angles that follow from it. Intensities of
    # the same standard as pyFAI's table of calibrants has them.
    "silicon": (
        crystal("Fd-3m", Lattice.cubic(5.431179), ["Si"], [[0, 0, 0]]),
        [
            (28.441, 100),
            (47.300, 64.31),
            (56.120, 37.32),
            (69.126, 9.58),
            (76.372, 14.14),
            (88.025, 19.38),
        ],
        0.5,
    ),
    # Walker et al., Am. Mineral. 89:204 (2004), as computed for the American Mineralogist Crystal
    # Structure Database (a = 5.6401 Angstrom) with the atoms' measured motion.
    "halite": (
        crystal("Fm-3m", Lattice.cubic(5.6401), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]),
        [
            (27.367, 8.77),
            (31.703, 100),
            (45.448, 61.00),
            (53.868, 2.21),
            (56.473, 18.23),
            (66.227, 7.42),
            (73.070, 1.06),
            (75.293, 18.39),
            (83.992, 12.69),
        ],
        1,
    ),
    # ICDD PDF 46-1045; positions of the atoms: Levien, Prewitt, Weidner, Am. Mineral. 65:920
    # (1980).
    "quartz": (
        crystal(
            "P3_221",
            Lattice.hexagonal(4.91344, 5.40524),
            ["Si", "O"],
            [[0.4697, 0, 2 / 3], [0.4135, 0.2669, 0.1191 + 2 / 3]],
        ),
        [
            (20.860, 16),
            (26.640, 100),
            (36.544, 9),
            (39.465, 8),
            (40.300, 4),
            (42.450, 6),
            (45.793, 4),
            (50.139, 13),
            (54.875, 4),
            (55.325, 2),
            (59.960, 9),
            (64.036, 2),
            (67.744, 6),
            (68.144, 7),
            (68.318, 5),
        ],
        4,
    ),
    # NIST SRM 676a: certified lattice parameters and intensities (eight of them); positions of
    # the atoms: Lewis, Schwarzenbach, Flack, Acta Cryst. A38:733 (1982). That 113 is the strongest,
    # and not 116, takes the form factors of ions: Ida, Powder Diffr. 38 (2023).
    "corundum": (
        crystal(
            "R-3c",
            Lattice.hexagonal(4.759091, 12.991779),
            ["Al", "O"],
            [[0, 0, 0.35216], [0.30624, 0, 0.25]],
        ),
        [
            (25.576, 57.06),
            (35.149, 88.41),
            (37.777, 37.75),
            (41.678, None),
            (43.354, 100),
            (46.177, None),
            (52.551, 47.33),
            (57.497, 95.78),
            (59.739, None),
            (61.128, None),
            (61.304, None),
            (66.517, 37.74),
            (68.208, 57.49),
        ],
        8,
    ),
    # NIST SRM 660c: certified lattice parameter, and angles that follow from it; position of
    # boron: Eliseev et al., Acta Cryst. C42:1263 (1986). Intensities as pyFAI's table has them,
    # without a source: they fall off as if B were 1.5 A^2, more than this crystal has.
    "lanthanum hexaboride": (
        crystal("Pm-3m", Lattice.cubic(4.156826), ["La", "B"], [[0, 0, 0], [0.1992, 0.5, 0.5]]),
        [
            (21.358, 64.27),
            (30.385, 100),
            (37.442, 41.54),
            (43.507, 20.21),
            (48.958, 43.10),
            (53.989, 21.17),
            (63.219, 7.45),
            (67.548, 21.25),
            (71.746, 14.79),
            (75.844, 8.52),
            (79.870, 1.31),
            (83.846, 4.93),
            (87.793, 10.49),
        ],
        1.5,
    ),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", PUBLISHED)
def test_peaks_are_where_and_as_strong_as_published(name: str, engine: Engine) -> None:
    described, published, tolerance = PUBLISHED[name]
    settings = Powder(wavelength=K_ALPHA_1 * 1e-10)
    angles, intensity = reflections(described, settings, engine)
    places = [int(abs(angles - angle).argmin()) for angle, _ in published]
    assert len(set(places)) == len(places)
    # Those of quartz were measured, the others follow from the lattice parameters.
    close = 0.009 if name == "quartz" else 0.003
    np.testing.assert_allclose(angles[places], [angle for angle, _ in published], atol=close)

    known = [place for place, (_, i) in zip(places, published, strict=True) if i is not None]
    wanted = np.array([i for _, i in published if i is not None])

    def scaled(b: float) -> NDArray[np.float64]:
        """Return the intensities that thermal motion leaves, on the scale of the published."""
        s_squared = (2 * np.sin(np.radians(angles[known] / 2)) / K_ALPHA_1) ** 2
        weak = intensity[known] * np.exp(-b * s_squared / 2)
        found: NDArray[np.float64] = weak * (weak @ wanted) / (weak @ weak)
        return found

    fit = minimize_scalar(lambda b: ((scaled(b) - wanted) ** 2).sum(), bounds=(0, 5))
    assert fit.x < 2
    np.testing.assert_allclose(scaled(fit.x), wanted, atol=tolerance)


def test_no_strong_reflection_is_missing_from_the_published_patterns() -> None:
    for described, published, _ in PUBLISHED.values():
        settings = Powder(wavelength=K_ALPHA_1 * 1e-10, two_theta=(15, published[-1][0] + 0.1))
        for engine in ENGINES:
            angles, intensity = reflections(described, settings, engine)
            strong = angles[intensity > 2]
            assert all(min(abs(angle - known) for known, _ in published) < 0.01 for angle in strong)


def own_result(described: Crystal, settings: Powder) -> tuple[Any, Any]:
    """Return 2 theta and intensity as xrayutilities' own PowderDiffraction computes them."""
    from xrayutilities.materials import Crystal as Material
    from xrayutilities.materials import SGLattice, elements
    from xrayutilities.simpack import PowderDiffraction

    lattice = Lattice(described.lattice)
    cell = SGLattice(
        1,
        *lattice.abc,
        *lattice.angles,
        atoms=[getattr(elements, symbol) for symbol in described.species],
        pos=[("1a", tuple(position % 1)) for position in described.frac_coords],
    )
    computed = PowderDiffraction(
        Material(described.id, cell),
        wl=settings.wavelength * 1e10,
        tt_cutoff=settings.two_theta[1],
    )
    lines = [(2 * line["ang"], line["r"]) for line in computed.data.values()]
    angles, intensity = np.array(sorted(lines)).T
    inside = angles >= settings.two_theta[0]
    return module._merged(angles[inside], intensity[inside])


def random_crystal(seed: int, atoms: int) -> Crystal:
    random = np.random.default_rng(seed)
    lengths, angles = random.uniform(3, 7, 3), random.uniform(75, 115, 3)
    species = random.choice(["Li", "O", "Fe", "Ho", "U"], atoms)
    return Crystal(
        f"random {seed}",
        Lattice.from_parameters(*lengths, *angles).matrix,
        tuple(str(symbol) for symbol in species),
        random.random((atoms, 3)),
    )


@pytest.mark.parametrize("seed", range(4))
def test_intensities_are_those_of_xrayutilities_itself(seed: int) -> None:
    # At random positions, so without a centre: F(h k l) and F(-h -k -l) differ by dispersion.
    described, settings = random_crystal(seed, 6), Powder(two_theta=(10, 80))
    angles, intensity = reflections(described, settings, "xrayutilities")
    own_angles, own = own_result(described, settings)
    np.testing.assert_allclose(angles, own_angles, atol=1e-9)
    np.testing.assert_allclose(intensity, 100 * own / own.max(), atol=1e-7)


def test_the_choice_of_the_cell_does_not_matter_though_it_does_to_xrayutilities() -> None:
    edge = 5.64
    cell = np.array([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]) * edge
    results = []
    for change in (np.eye(3), np.array([[1.0, 0, 0], [2, 1, 0], [1, 2, 1]])):
        position = np.array([[0, 0, 0], [0.5, 0.5, 0.5]]) @ np.linalg.inv(change)
        described = Crystal("NaCl", change @ cell, ("Na", "Cl"), position)
        for engine in ENGINES:
            results.append(reflections(described, Powder(), engine))
        own = own_result(described, Powder())
    for engine in (0, 1):
        np.testing.assert_allclose(results[engine], results[engine + 2], atol=1e-6)
    _, intensity = own
    # Why the engine does not leave the search for reflections to xrayutilities.
    assert abs(100 * intensity / intensity.max() - results[0][1]).max() > 1


def cosine(one: Any, other: Any, settings: Powder) -> float:
    """Return the cosine between two patterns, a step to either side counting as the same."""
    a, b = (np.convolve(sticks(*lines, settings), np.ones(3)) for lines in (one, other))
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def without_dispersion(patch: pytest.MonkeyPatch) -> None:
    known: Callable[..., Any] = module._scatterer
    patch.setattr(module, "_scatterer", lambda *what: (*known(*what)[:3], 0j))


def test_engines_agree_on_prototypes(monkeypatch: pytest.MonkeyPatch) -> None:
    crystals = prototype_crystals(PrototypesSource(space_groups=4, crystals_per_space_group=2), 0)
    agree_on(crystals, monkeypatch, most=0.95)


def test_engines_agree_on_100_real_cells(
    real_structures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = real_structures / "mp-2025.02-sample.jsonl.gz"
    records = islice(read_crystals(path), 0, 2600, 26)
    crystals = [record for record in records if isinstance(record, Crystal)]
    assert len(crystals) == 100
    agree_on(crystals, monkeypatch, most=0.99)


def agree_on(crystals: Sequence[Crystal], patch: pytest.MonkeyPatch, most: float) -> None:
    """Check that the engines agree, but for the dispersion that only xrayutilities has.

    Holmium, whose L3 edge is 0.3 % from copper K-alpha, makes the largest difference.
    """
    settings = Powder()
    theirs = [reflections(one, settings, "pymatgen") for one in crystals]
    ours = [reflections(one, settings, "xrayutilities") for one in crystals]
    found = [cosine(*pair, settings) for pair in zip(ours, theirs, strict=True)]
    assert min(found) > 0.96
    assert np.percentile(found, 5) > most
    without_dispersion(patch)
    ours = [reflections(one, settings, "xrayutilities") for one in crystals]
    found = [cosine(*pair, settings) for pair in zip(ours, theirs, strict=True)]
    assert min(found) > 0.999


def test_sticks_are_added_up_at_the_nearest_step() -> None:
    settings = Powder(two_theta=(10, 20), step=0.1)
    found = sticks(
        np.array([10.0, 10.04, 10.06, 12.34, 20.0]), np.array([1.0, 2, 1.5, 6, 3]), settings
    )
    assert found.dtype == np.uint16
    assert found.shape == (settings.angles,) == (101,)
    assert dict(zip(np.flatnonzero(found), found[found > 0], strict=True)) == {
        0: round(65535 * 3 / 6),
        1: round(65535 * 1.5 / 6),
        23: 65535,
        100: round(65535 * 3 / 6),
    }


@given(
    st.lists(st.tuples(st.floats(5, 90), st.floats(1e-3, 1e6)), min_size=1, max_size=30),
    st.sampled_from([0.01, 0.02, 0.7, 3.0]),
)
def test_sticks_hold_every_reflection(lines: list[tuple[float, float]], step: float) -> None:
    settings = Powder(step=step)
    angles, intensity = np.array(lines).T
    found = sticks(angles, intensity, settings).astype(float)
    assert found.max() == 65535
    # Each rounding loses half a unit at most.
    scale = found.sum() / intensity.sum()
    for angle, strength in lines:
        near = abs(5 + step * np.arange(found.size) - angle) <= step / 2 + 1e-9
        assert found[near].sum() >= scale * strength * 0.999 - 0.5


def test_patterns_are_the_sticks_of_each_crystal_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BATCH", 3)
    crystals = [random_crystal(seed, 3) for seed in range(4)]
    settings = Powder(two_theta=(20, 40), step=0.05)
    for engine in ENGINES:
        for threads in (1, 2):
            batches = list(simulate_powders(crystals, settings, engine, threads))
            assert [len(batch.values) for batch in batches] == [3, 1]
            values = np.concatenate([batch.values for batch in batches])
            assert values.shape == (4, 1, 1, settings.angles)
            assert values.dtype == np.uint16
            for row, one in zip(values, crystals, strict=True):
                alone = sticks(*reflections(one, settings, engine), settings)
                np.testing.assert_array_equal(row[0, 0], alone)


def test_both_engines_give_the_same_absolute_intensity() -> None:
    described = PUBLISHED["silicon"][0]
    strongest = [
        next(simulate_powders([described], Powder(), engine, 1)).intensity_max for engine in ENGINES
    ]
    # Eight {111} of |4 sqrt(2) f|^2, f some 10.5 electrons, times the factor of the docstring.
    theta = np.radians(28.441 / 2)
    factor = (1 + np.cos(2 * theta) ** 2) / (np.sin(theta) ** 2 * np.cos(theta))
    for found in strongest:
        assert found.shape == (1, 1)
        assert found[0, 0] == pytest.approx(8 * 32 * 10.5**2 * factor, rel=0.1)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_crystal_without_a_pattern_keeps_its_place(engine: Engine) -> None:
    known = random_crystal(1, 2)
    strange = Crystal("Es", known.lattice, ("Es", "O"), known.frac_coords)
    tiny = Crystal("tiny", np.eye(3) * 0.5, ("O",), np.zeros((1, 3)))
    (found,) = simulate_powders([strange, known, tiny], Powder(), engine, threads=1)
    assert found.reasons == (
        "element 'Es' has no form factor",
        "",
        "no reflection between 5 and 90 degrees",
    )
    assert [row.any() for row in found.values] == [False, True, False]
    assert [bool(most) for most in found.intensity_max[:, 0]] == [False, True, False]
    with pytest.raises(ValueError, match="no form factor"):
        reflections(strange, Powder(), engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_extinct_reflections_are_none_also_where_there_are_no_others(engine: Engine) -> None:
    # 200 and, all indices being even, 222 are extinct in diamond's structure; 111 is not.
    silicon = PUBLISHED["silicon"][0]
    with pytest.raises(ValueError, match=r"^all reflections between 30 and 40 degrees are extinct"):
        reflections(silicon, Powder(two_theta=(30, 40)), engine)
    (found,) = simulate_powders([silicon], Powder(two_theta=(30, 40)), engine, threads=1)
    assert not found.values.any()
    assert "extinct" in found.reasons[0]
    angles, _ = reflections(silicon, Powder(two_theta=(27, 40)), engine)
    np.testing.assert_allclose(angles, [28.44], atol=0.01)


@pytest.mark.parametrize("engine", ENGINES)
def test_weak_reflections_are_no_extinct_ones(engine: Engine) -> None:
    # |F| of 200 is 4 f (1 + cos(4 pi 0.2501)) or so: 3e-4 of all atoms in phase.
    silicon = PUBLISHED["silicon"][0]
    moved = silicon.frac_coords.copy()
    moved[-1] += 2e-4
    distorted = Crystal("Si", silicon.lattice, silicon.species, moved)
    angles, _ = reflections(distorted, Powder(two_theta=(30, 40)), engine)
    assert 32.9 < angles.min() < angles.max() < 37.1


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "lattice",
    [
        np.eye(3) * 300,
        np.diag([3.0, 4, 1e7]),
        np.diag([1e7, 4, 3.0]),
        np.diag([2e4, 2e4, 0.01]),
        np.array([[1e5, 1, 0], [1e5, 2, 0], [1e5, 0, 3.0]]),
        np.zeros((3, 3)),
        np.full((3, 3), np.nan),
    ],
)
def test_too_large_a_cell_is_a_reason_before_anything_is_allocated(
    engine: Engine, lattice: Any
) -> None:
    described = Crystal("large", lattice, ("Si",) * 8, np.random.default_rng(0).random((8, 3)))
    tracemalloc.start()
    (found,) = simulate_powders([described], Powder(), engine, threads=1)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert re.search("too many|at most|no volume", found.reasons[0])
    assert "\n" not in found.reasons[0]
    assert most < 50e6


def test_a_wavelength_without_dispersion_data_is_a_reason() -> None:
    known = random_crystal(1, 2)
    settings = Powder().model_copy(update={"wavelength": 1e-14, "two_theta": (0.01, 0.02)})
    (found,) = simulate_powders([known], settings, "xrayutilities", threads=1)
    assert "no dispersion correction at 0.0001 Angstrom" in found.reasons[0]
