"""Reflection conditions by themselves: those of the International Tables, and what a list says."""

import gemmi
import numpy as np
import pytest

from spacegrouper.techniques.reflections.ranking.conditions import conditions_of, conditions_seen
from spacegrouper.techniques.reflections.ranking.reduction import reduced_list
from spacegrouper.techniques.reflections.reflection_list import ReflectionList


# International Tables A (2016), "reflection conditions" of each group, general positions.
@pytest.mark.parametrize(
    ("number", "required"),
    [
        (2, set()),
        (14, {"h0l: l = 2n", "0k0: k = 2n"}),
        (15, {"h0l: l = 2n"}),  # with C: h = 2n
        (19, {"h00: h = 2n", "0k0: k = 2n", "00l: l = 2n"}),
        (43, {"0kl: k + l = 4n", "h0l: h + l = 4n", "h00: h = 4n", "00l: l = 4n"}),
        (88, {"hk0: h = 2n", "00l: l = 4n"}),
        (92, {"h00: h = 2n", "00l: l = 2n", "00l: l = 4n"}),
        (176, {"00l: l = 2n"}),
        (205, {"0kl: k = 2n", "h00: h = 2n"}),
        (230, {"0kl: k = 2n", "hhl: 2h + l = 4n", "h00: h = 4n"}),
    ],
)
def test_a_group_requires_the_conditions_of_the_tables(number, required):
    found = conditions_of(number)
    assert {f"{one.reflections}: {one.words}" for one in found if one.required} == required
    # Groups of the same Laue class and lattice that have no translations require none.
    assert number == 2 or len(found) >= len(required)


def test_what_breaks_a_condition_is_counted_once_with_its_strength():
    cell = np.array([7.0, 8.0, 9.0, 90.0, 100.0, 90.0])
    group = gemmi.find_spacegroup_by_name("P 1 21/c 1").operations()
    hkl = np.indices((9, 9, 9), dtype=np.int32).reshape(3, -1).T - 4
    hkl = np.ascontiguousarray(hkl[hkl.any(axis=1)])
    absent = group.systematic_absences(hkl)
    measured = written(hkl, np.where(absent, 0.5, 50.0), cell)
    found = {
        f"{one.condition.reflections}: {one.condition.words}": one
        for one in conditions_seen(reduced_list(measured), 14, np.eye(3))
    }
    glide, screw, none = (found[name] for name in ("h0l: l = 2n", "0k0: k = 2n", "h0l: h = 2n"))
    # l of +-1, +-3 and h from -4 to 4: Friedel mates once. Along b, k = 1 and 3.
    assert (glide.number, glide.strong, glide.condition.required) == (18, 0, True)
    assert (screw.number, screw.others, screw.condition.required) == (2, 2, True)
    # Each is the mean of two Friedel mates, or of four equivalents: less sigma, by the root.
    assert glide.i_over_sigma == pytest.approx(0.5 * np.sqrt(2))
    assert screw.others_i_over_sigma == pytest.approx(50 * np.sqrt(2))
    # h odd: present where l is even, 4 h and 5 l; absent where it is odd.
    assert (none.number, none.strong, none.condition.required) == (18, 10, False)


def written(hkl, intensity, cell):
    return ReflectionList(
        hkl=hkl,
        intensity=intensity,
        sigma=np.ones(len(hkl)),
        cell=cell,
        wavelength=None,
        radiation="xray",
        stated_symbol=None,
        stated_number=None,
        merged=False,
        quantity="intensity",
        notes=(),
    )
