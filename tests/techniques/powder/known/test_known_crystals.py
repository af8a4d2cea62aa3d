"""What known crystals and a network say together, and the weights of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from measured_powders import POWDER, fine_curve, known_crystals
from random_crystals import random_crystal

from spacegrouper.errors import UserError
from spacegrouper.techniques.powder.known.catalogue import list_crystals
from spacegrouper.techniques.powder.known.known_crystals import (
    KnownCrystals,
    digest_of,
    evidence,
    fit_weights,
    known_crystals_of,
    probabilities,
    read_known_crystals,
)
from spacegrouper.techniques.powder.known.matching import Matches

EVEN = np.full(230, 1 / 230)


@pytest.fixture(scope="module")
def known() -> KnownCrystals:
    catalogue, _ = list_crystals(known_crystals(), POWDER)
    return KnownCrystals(catalogue, np.array([1.0, 0.5, 0.5]), "listed", 0.7, {"scores": 1})


def test_a_known_crystal_decides_where_the_network_does_not(known: KnownCrystals) -> None:
    found = known.compare(fine_curve(random_crystal(62, 1)), POWDER, EVEN)
    assert 1 + found.shares.argmax() == 62
    assert found.shares.sum() == pytest.approx(1)
    first = found.alike[0]
    assert (first.name, first.space_group) == ("random-62-1", 62)
    np.testing.assert_allclose(first.cell, (5.1, 6.3, 7.2, 90, 90, 90), rtol=2e-3)
    assert len(found.alike) == 3
    assert found.warning == ""
    assert found.arrays["alike_lines"].shape[1] == 2


def test_a_sure_network_is_heard(known: KnownCrystals) -> None:
    sure = np.full(230, 1e-6)
    sure[99] = 1 - sure.sum()
    heard = KnownCrystals(known.catalogue, np.array([0.1, 0.1, 5.0]), "listed", 0.7, {})
    found = heard.compare(fine_curve(random_crystal(62, 1)), POWDER, sure)
    assert 1 + found.shares.argmax() == 100


def test_a_curve_without_peaks_leaves_the_network_its_word(known: KnownCrystals) -> None:
    network = np.linspace(1, 2, 230)
    found = known.compare(np.zeros(4251), POWDER, network / network.sum())
    assert np.isfinite(found.shares).all()
    assert found.warning.startswith("like no known crystal: the most alike has a likeness of 0.00")
    without = np.setdiff1d(np.arange(230), known.catalogue.groups - 1)
    assert np.all(np.diff(found.shares[without]) > 0)


def test_measured_crystals_seldom_lack_all_symmetry(known: KnownCrystals) -> None:
    computed = replace(
        known.catalogue, groups=np.repeat([1, 2], [9, known.catalogue.groups.size - 9])
    )
    curve = fine_curve(random_crystal(62, 1))
    before, after = (
        replace(known, catalogue=computed, prior=prior).compare(curve, POWDER, EVEN)
        for prior in ("listed", "inorganic")
    )

    # By Bayes' theorem: 102 and 539 inorganic crystals, 9 and the others of the list.
    others = computed.groups.size - 9
    of_both = (1 + 102) / (1 + 539) * (1 + others) / (1 + 9)
    np.testing.assert_allclose(
        after.shares[0] / after.shares[1], of_both * before.shares[0] / before.shares[1]
    )
    assert before.note == ""
    assert after.note.endswith("as among measured inorganic crystals")


def test_evidence_is_of_the_best_crystal_of_each_group() -> None:
    groups = np.array([5, 7, 7, 9])
    likeness = np.array([0.9, 0.85, 0.6])
    nothing = np.zeros(3)
    matches = Matches(np.array([1, 0, 2]), likeness, np.zeros((3, 6)), nothing)
    found = evidence(matches, groups, EVEN)
    assert found.shape == (230, 3)
    np.testing.assert_allclose(found[[6, 4], 0], [0, -1])
    # Group 9 has no match, and is taken for less alike than the last one.
    assert found[8, 0] < (0.6 - 0.9) / 0.05
    assert found[6, 1] > found[4, 1] > found[8, 1]
    assert np.ptp(found[:, 2]) == 0


def test_weights_are_those_that_the_answers_were_drawn_with() -> None:
    rng = np.random.default_rng(0)
    true_weights = np.array([1.0, 0.3, 0.7])
    found = rng.normal(0, 2, (4000, 230, 3))
    shares = probabilities(found, true_weights)
    groups = 1 + np.array([rng.choice(230, p=row) for row in shares])
    np.testing.assert_allclose(fit_weights(list(found), groups), true_weights, atol=0.05)


def test_a_file_holds_it_all(tmp_path: Path, known: KnownCrystals) -> None:
    path = tmp_path / "known_crystals.npz"
    known.write(path)
    again = read_known_crystals(path)
    assert again.made_with == known.made_with
    curve = fine_curve(random_crystal(14, 0))
    before, after = (each.compare(curve, POWDER, EVEN) for each in (known, again))
    np.testing.assert_array_equal(before.shares, after.shares)
    assert before.alike == after.alike


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "known_crystals.npz"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"known_crystals\.npz: damaged"):
        read_known_crystals(path)


def test_a_file_in_which_bits_have_changed_is_refused_or_the_same(
    tmp_path: Path, known: KnownCrystals
) -> None:
    path = tmp_path / "known_crystals.npz"
    known.write(path)
    content = path.read_bytes()
    refused = 0
    rng = np.random.default_rng(0)
    for place in rng.integers(0, len(content), 300):
        changed = bytearray(content)
        changed[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        try:
            read_known_crystals(path)
        except UserError:
            refused += 1
    assert refused > 200


def test_those_of_another_network_or_range_are_refused(
    tmp_path: Path, known: KnownCrystals
) -> None:
    calibration = tmp_path / "calibration.json"
    calibration.write_text("{}")
    made_with = {"powder": POWDER.model_dump(mode="json"), "calibration": digest_of(calibration)}
    replace(known, made_with=made_with).write(tmp_path / "known_crystals.npz")
    found = known_crystals_of(tmp_path, POWDER)
    assert known_crystals_of(tmp_path, POWDER) is found  # read once
    with pytest.raises(UserError, match="`powder` is not that of the network"):
        known_crystals_of(tmp_path, POWDER.model_copy(update={"wavelength": 0.7093e-10}))
    calibration.write_text("{ }")
    with pytest.raises(UserError, match="weighed against another network"):
        known_crystals_of(tmp_path, POWDER)


def test_a_file_that_was_cut_is_refused(tmp_path: Path, known: KnownCrystals) -> None:
    path = tmp_path / "known_crystals.npz"
    known.write(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match="damaged"):
        read_known_crystals(path)
