"""The zones of a list, and their picture."""

import gemmi
import numpy as np
import pytest
from measured_lists import measured_list

from spacegrouper.prediction.list_answers import ListAnswer, MeasuredList, answer_list
from spacegrouper.prediction.list_pictures import list_figure, zones_of
from spacegrouper.techniques.reflections.ranking.ranker import read_ranker

pytest_plugins = ("saved_figures",)


@pytest.fixture(scope="module")
def answer() -> ListAnswer:
    found = answer_list(MeasuredList("a.hkl", measured_list(14)), read_ranker(), "none")
    assert isinstance(found, ListAnswer)
    return found


def test_zones_show_what_the_group_forbids_and_nothing_measured_there(answer) -> None:
    hk0, h0l, other = zones_of(answer)
    assert [zone.name for zone in (hk0, h0l, other)] == ["hk0", "h0l", "0kl"]
    # P21/c: h0l with l odd; 0k0 with k odd.
    h, l = h0l.indices.T
    np.testing.assert_array_equal(h0l.forbidden, l % 2 == 1)
    h, k = hk0.indices.T
    np.testing.assert_array_equal(hk0.forbidden, (h == 0) & (k % 2 == 1))
    assert not (h0l.strong & h0l.forbidden).any()
    assert h0l.strong.sum() > 20
    # Places are as far from the middle as the cell says.
    cell = gemmi.UnitCell(*answer.ranking.groups[0].cell)
    for (h, l), place in zip(h0l.indices.tolist(), h0l.places, strict=True):
        assert np.linalg.norm(place) == pytest.approx(1 / cell.calculate_d([h, 0, l]))


def test_measured_intensities_are_at_their_indices(answer) -> None:
    best, measured = answer.ranking.groups[0], answer.measured
    zone = zones_of(answer)[0]
    place = int(np.nanargmax(zone.intensity))
    h, k = zone.indices[place]
    hkl = np.round(measured.hkl @ best.to_standard.T)
    same = (hkl == (h, k, 0)).all(axis=1) | (hkl == (-h, -k, 0)).all(axis=1)
    assert zone.intensity[place] == pytest.approx(measured.intensity[same].mean())


def test_places_that_a_centring_forbids_are_told_from_absences() -> None:
    found = answer_list(MeasuredList("a.hkl", measured_list(15)), read_ranker(), "none")
    assert isinstance(found, ListAnswer)
    assert found.guesses[0].value in (9, 15)  # C2/c, or Cc, which forbids the same
    zone = zones_of(found)[1]
    h, l = zone.indices.T
    np.testing.assert_array_equal(zone.off_lattice, h % 2 == 1)
    np.testing.assert_array_equal(zone.forbidden, (h % 2 == 1) | (l % 2 == 1))


def test_the_picture_has_ink(answer, assert_saved_well) -> None:
    assert_saved_well(lambda: {"list": list_figure(answer, 0.999)}, files=2)
