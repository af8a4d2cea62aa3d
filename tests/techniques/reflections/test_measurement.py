"""Each effect of a measurement against what defines it, on simulated crystals."""

import gemmi
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacegrouper.errors import UserError
from spacegrouper.randomness import generators
from spacegrouper.settings import settings_from_mapping
from spacegrouper.techniques.reflections.cells import metrics_of
from spacegrouper.techniques.reflections.levels import HIGHEST, levels, scaled
from spacegrouper.techniques.reflections.measurement import (
    _lattice_operations,
    measured,
)
from spacegrouper.techniques.reflections.settings import Measurement, Reflections
from spacegrouper.techniques.reflections.structure_factors import intensities, scatterers

L = 5
MADE_WITH = Reflections(largest_index=L)
TRICLINIC = (5.1, 6.2, 7.3, 82.0, 97.0, 104.0)
TETRAGONAL = (6.0, 6.0, 8.0, 90.0, 90.0, 90.0)
HEXAGONAL = (7.0, 7.0, 9.0, 90.0, 90.0, 120.0)
l, h, k = np.meshgrid(np.arange(L + 1), *[np.arange(-L, L + 1)] * 2, indexing="ij")
HKL = np.stack([h, k, l], axis=-1)


def lattice_of(cell) -> np.ndarray:
    return np.array(gemmi.UnitCell(*cell).orth.mat.tolist()).T


def s_vectors(cell) -> np.ndarray:
    return HKL @ np.linalg.inv(lattice_of(cell)).T


def crystal(number: int, cell, **simulated) -> np.ndarray:
    """Levels of atoms in general positions of a space group."""
    random = np.random.default_rng(number)
    positions, species = [], []
    for symbol in ("Fe", "O"):
        start = list(random.random(3))
        orbit = [o.apply_to_xyz(start) for o in gemmi.SpaceGroup(number).operations()]
        positions += orbit
        species += [symbol] * len(orbit)
    section = Reflections(largest_index=L, **simulated)
    known = scatterers(species, section)
    return levels(intensities(known, lattice_of(cell), species, np.array(positions), section), 6)


def measure(of: np.ndarray, cell, epoch: int = 1, ids=("a",), made_with=MADE_WITH, **effects):
    """The measured levels of a crystal, once for each id."""
    random = generators(0, ids, "measurement", epoch)
    several = np.repeat(of[None], len(ids), axis=0)
    cells = np.array([cell] * len(ids))
    return measured(several, cells, Measurement(**effects), made_with, random)


def intensity(shown: np.ndarray) -> np.ndarray:
    """What levels from 0 to 1 stand for, 0 where there is none."""
    share = (shown.astype(float) * HIGHEST - 1) / (HIGHEST - 1)
    return np.where(shown > 0, 10 ** (6 * (share - 1)), 0)


def seen_in_both(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Reflections well above the weakest level, whose rounding is small."""
    return (one > 1e-4) & (other > 1e-4)


def test_a_b_factor_is_that_of_the_simulation() -> None:
    still = crystal(1, TRICLINIC)
    found = measure(still, TRICLINIC, largest_b=5)[0]
    before, after = intensity(scaled(still)), intensity(found)
    both = seen_in_both(before, after)
    squared = (s_vectors(TRICLINIC) ** 2).sum(axis=-1)[both]
    slope, _ = np.polyfit(squared, np.log(after[both] / before[both]), 1)
    b = -2 * slope
    assert 0 < b < 5
    simulated = scaled(crystal(1, TRICLINIC, debye_waller_b=b))
    strong = (found > 0.05) & (simulated > 0.05)
    np.testing.assert_allclose(found[strong], simulated[strong], atol=1e-3)


def test_extinction_weakens_reflections_as_shelxl_has_it() -> None:
    strong = crystal(1, TRICLINIC)
    before = intensity(scaled(strong))
    after = intensity(measure(strong, TRICLINIC, largest_extinction=20)[0])
    both = seen_in_both(before, after)
    s = np.linalg.norm(s_vectors(TRICLINIC), axis=-1)[both]
    squared = (before[both] / after[both]) ** 2
    # (I / I')^2 is proportional to 1 + x I s_1 / s.
    weight = before[both] / s * np.linalg.norm(s_vectors(TRICLINIC), axis=-1)[before == 1][0]
    gain, constant = np.polyfit(weight, squared, 1)
    assert 0 < gain / constant < 20
    np.testing.assert_allclose(squared, constant + gain * weight, rtol=1e-3)


def test_absorption_is_a_smooth_function_of_direction_even_under_inversion() -> None:
    plain = crystal(1, TRICLINIC)
    before = intensity(scaled(plain))
    spread = []
    for row in measure(plain, TRICLINIC, ids=[str(i) for i in range(40)], largest_absorption=0.6):
        after = intensity(row)
        both = seen_in_both(before, after)
        s = s_vectors(TRICLINIC)[both]
        x, y, z = (s / np.linalg.norm(s, axis=1, keepdims=True)).T
        quadratic = np.stack([x * x, y * y, z * z, x * y, x * z, y * z], axis=1)
        factor = np.log(after[both] / before[both])
        solved, *_ = np.linalg.lstsq(quadratic, factor, rcond=None)
        np.testing.assert_allclose(quadratic @ solved, factor, atol=1e-3)
        everywhere = np.random.default_rng(0).standard_normal((4000, 3))
        x, y, z = (everywhere / np.linalg.norm(everywhere, axis=1, keepdims=True)).T
        monomials = np.stack([x * x, y * y, z * z, x * y, x * z, y * z], axis=1)
        spread.append((monomials @ solved).std())
    assert max(spread) < 0.62
    assert np.mean(spread) == pytest.approx(0.3, abs=0.1)


# A structure of Laue class 4/m, -3 or 6/m, and the index operation of the lattice's further ones.
@pytest.mark.parametrize(
    ("number", "cell", "mates"),
    [
        (75, TETRAGONAL, [lambda h, k, l: (k, h, -l)]),
        (168, HEXAGONAL, [lambda h, k, l: (k, h, -l)]),
        (
            143,
            HEXAGONAL,
            [
                lambda h, k, l: (k, h, -l),
                lambda h, k, l: (-h, -k, l),
                lambda h, k, l: (-k, -h, -l),
            ],
        ),
    ],
)
def test_a_twin_adds_what_an_operation_of_the_lattice_adds(number, cell, mates) -> None:
    alone = crystal(number, cell)
    before = intensity(scaled(alone))
    inside = np.abs(h + k) <= L  # Elsewhere mates may lie outside of the indices.
    fractions = set()
    for row in measure(alone, cell, ids=[str(i) for i in range(12)], twins=1):
        after = intensity(row)
        both = seen_in_both(before, after) & inside
        fits = []
        for mate in mates:
            others = []
            for at in HKL[both]:
                other = np.array(mate(*at))
                other = -other if other[2] < 0 else other
                others.append(before[other[2], other[0] + L, other[1] + L])
            columns = np.stack([before[both], others], axis=1)
            (own, of_other), *_ = np.linalg.lstsq(columns, after[both], rcond=None)
            error = np.abs(columns @ [own, of_other] - after[both]).max()
            fits.append((error, of_other / (own + of_other)))
        error, fraction = min(fits)
        assert error < 1e-3
        assert -1e-3 < fraction < 0.501
        fractions.add(round(fraction, 2))
    assert len(fractions) > 4


@pytest.mark.parametrize(("number", "cell"), [(123, TETRAGONAL), (191, HEXAGONAL), (2, TRICLINIC)])
def test_a_twin_by_an_operation_of_the_structure_is_none(number: int, cell) -> None:
    alone = crystal(number, cell)
    np.testing.assert_allclose(measure(alone, cell, twins=1)[0], scaled(alone), atol=2e-5)


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(*[st.floats(4, 9)] * 3, *[st.floats(70, 110)] * 3),
    st.sampled_from(["a", "m", "o", "t", "h", "c"]),
)
def test_the_operations_of_a_reduced_lattice_are_those_of_gemmi(numbers, family: str) -> None:
    a, b, c, _, beta, _ = numbers
    cell = {
        "a": numbers,
        "m": (a, b, c, 90, beta, 90),
        "o": (a, b, c, 90, 90, 90),
        "t": (a, a, c, 90, 90, 90),
        "h": (a, a, c, 90, 90, 120),
        "c": (a, a, a, 90, 90, 90),
    }[family]
    reduced = gemmi.GruberVector(gemmi.UnitCell(*cell), "P")
    reduced.niggli_reduce()
    cell = reduced.get_cell()
    found = _lattice_operations(metrics_of(np.array([cell.parameters]))[0])
    expected = {
        # Theirs are for twice the tolerance, in degrees, so that no lattice is near a limit.
        tolerance: len(gemmi.find_lattice_symmetry(cell, "P", tolerance).sym_ops)
        for tolerance in (1e-3, 4.0)
    }
    if expected[1e-3] == expected[4.0]:
        assert len(found) == expected[1e-3]
    assert len(found) >= expected[1e-3]


def test_scatter_differs_between_equivalents_and_not_between_mates() -> None:
    alone = crystal(123, TETRAGONAL)
    before = intensity(scaled(alone))
    after = intensity(measure(alone, TETRAGONAL, largest_scatter=0.5)[0])
    factor = np.log(after / np.where(before > 0, before, np.nan))
    both = seen_in_both(before, after)
    assert 0.02 < factor[both].std() < 0.55
    # Of (h k l) and (k h l), and of (h k 0) and (-h -k 0).
    turned = factor.transpose(0, 2, 1)
    assert np.nanmax(np.abs((factor - turned)[both & (h != k)])) > 0.02
    layer = factor[0][both[0]]
    np.testing.assert_allclose(factor[0, ::-1, ::-1][both[0]], layer, atol=1e-4)


def flat(value: float) -> np.ndarray:
    """One reflection of intensity 1, those of odd l of this one, the others extinct."""
    of = np.zeros(HKL.shape[:3])
    of[1::2] = value
    of[2, L, L] = 1
    return levels(of, 6)


def test_noise_is_that_of_counts_background_and_instability() -> None:
    noise = {"counts": (1e4, 1e4), "background": 100, "instability": 0.03}
    found = intensity(measure(flat(0.1), TRICLINIC, **noise)[0])[1::2].ravel()
    # Relative to the strongest, whose own noise moves all of them by a percent or three.
    expected = np.sqrt(0.1 / 1e4 + 100 / 1e4**2 + (0.03 * 0.1) ** 2)
    assert found.std() == pytest.approx(expected, rel=0.12)
    assert found.mean() == pytest.approx(0.1, rel=0.1)


def test_an_extinct_reflection_has_its_sigma_or_little_more() -> None:
    noise = {"counts": (1e4, 1e4), "background": 100}
    found = intensity(measure(flat(0.1), TRICLINIC, **noise)[0])
    weak = found[4].ravel() / found.max()
    # sqrt(100) / 1e4; a normal number is below 1 in 84 % of all cases.
    floor = 1e-3
    assert weak.min() == pytest.approx(floor, rel=0.05)
    assert np.mean(weak < 1.06 * weak.min()) == pytest.approx(0.84, abs=0.1)
    assert weak.max() < 5 * floor
    cut = measure(flat(0.1), TRICLINIC, cutoff=5, **noise)[0]
    assert not cut[4].any()
    assert cut[1::2].all()


def test_what_is_not_measured_is_absent_and_what_is_extinct_is_not() -> None:
    noise = {"counts": (1e4, 1e4), "resolution": (1.5, 1.5)}
    found = measure(flat(0.1), TRICLINIC, **noise)[0]
    s = np.linalg.norm(s_vectors(TRICLINIC), axis=-1)
    np.testing.assert_array_equal(found > 0, (s > 0) & (s <= 1 / 1.5))
    # Beyond the limit of the simulation, too.
    limited = Reflections(largest_index=L, resolution=2.0)
    found = measure(flat(0.1), TRICLINIC, made_with=limited, **noise)[0]
    np.testing.assert_array_equal(found > 0, (s > 0) & (s <= 1 / 2.0))


def test_a_wedge_is_missing_in_any_orientation_with_its_friedel_mates() -> None:
    full = np.full(HKL.shape[:3], HIGHEST, dtype=np.uint16)
    found = measure(full, TRICLINIC, ids=[str(i) for i in range(600)], largest_wedge=60)
    missing = found[:, (h != 0) | (k != 0) | (l != 0)] == 0
    assert missing.mean() == pytest.approx(30 / 180, abs=0.02)
    assert (found[:, 0] == found[:, 0, ::-1, ::-1]).all()
    # It depends on the direction alone: (h k l) is missing if (2h 2k 2l) is.
    half = np.abs(HKL).max(axis=-1) <= L // 2
    double = 2 * HKL[half]
    at_double = found[:, double[:, 2], double[:, 0] + L, double[:, 1] + L]
    np.testing.assert_array_equal(found[:, half] == 0, at_double == 0)


ALL = {
    "largest_b": 5, "largest_extinction": 3, "largest_absorption": 0.5, "twins": 0.5,
    "largest_scatter": 0.3, "counts": (1e3, 1e6), "instability": 0.03, "largest_wedge": 60,
    "resolution": (0.8, 1.5),
}  # fmt: skip


def test_a_result_depends_on_seed_id_and_epoch_alone() -> None:
    of = crystal(75, TETRAGONAL)
    one, two = measure(of, TETRAGONAL, ids=["a", "b"], **ALL)
    np.testing.assert_array_equal(measure(of, TETRAGONAL, ids=["b"], **ALL)[0], two)
    assert (one != two).any()
    assert (measure(of, TETRAGONAL, epoch=2, **ALL)[0] != one).any()
    assert np.isfinite(one).all()
    assert one.max() == 1


def test_one_effect_does_not_change_the_random_numbers_of_another() -> None:
    of = crystal(75, TETRAGONAL)
    alone = measure(of, TETRAGONAL, largest_wedge=60)[0] == 0
    together = measure(of, TETRAGONAL, largest_wedge=60, largest_b=1)[0] == 0
    np.testing.assert_array_equal(alone, together)


def test_a_share_of_the_crystals_is_changed() -> None:
    of = crystal(1, TRICLINIC)
    ids = [str(i) for i in range(200)]
    found = measure(of, TRICLINIC, ids=ids, share=0.3, largest_b=5)
    same = (found == scaled(of)).all(axis=(1, 2, 3))
    assert same.mean() == pytest.approx(0.7, abs=0.1)


def test_a_crystal_without_any_measured_reflection_is_all_absent() -> None:
    found = measure(crystal(1, TRICLINIC), TRICLINIC, resolution=(20, 20), counts=(10, 10))
    assert not found.any()


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"counts": [1e5, 1e3]}, "two ascending numbers, not 100000 and 1000"),
        ({"resolution": [2, 1]}, "two ascending numbers, not 2 and 1"),
        ({"background": 5, "largest_b": 1}, "changes nothing without `counts`"),
        ({"cutoff": 2}, "changes nothing without `counts`"),
        ({"largest_twin_fraction": 0.2}, "changes nothing without `twins`"),
        ({"share": 0.5}, "changes nothing without anything"),
        ({"largest_twin_fraction": 0.6, "twins": 0.1}, "0.5"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(section: dict, message: str) -> None:
    content = {
        "simulate": {"engine": "structure_factors"},
        "model": {"name": "zone_resnet", "image_size": 17},
        "train": {"descriptor": "zones"},
        "measurement": section,
    }
    with pytest.raises(UserError, match=message):
        settings_from_mapping(content, "own.yaml")


def test_test_crystals_cannot_be_measured_by_nothing() -> None:
    content = {
        "simulate": {"engine": "structure_factors"},
        "model": {"name": "zone_resnet", "image_size": 17},
        "train": {"descriptor": "zones"},
        "evaluate": {"measured": True},
    }
    with pytest.raises(UserError, match="changes nothing at random in training"):
        settings_from_mapping(content, "own.yaml")
    settings_from_mapping(content | {"measurement": {"largest_b": 1}}, "own.yaml")
