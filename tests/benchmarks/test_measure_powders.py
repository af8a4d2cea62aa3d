"""The comparison with single crystals, and how groups are counted."""

from pathlib import Path

import numpy as np
from measure_powders import GROUPS, by_nearest, share, summed
from small_dataset import write_small_dataset

from spacegrouper.crystals.symmetry import crystal_systems
from spacegrouper.randomness import generators
from spacegrouper.techniques.powder.diffractograms import diffractograms
from spacegrouper.techniques.powder.measured.scan import Scan
from spacegrouper.techniques.powder.settings import Augment, Diffractogram, Powder

POWDER = Powder(two_theta=(10, 90), step=0.02)
SETTINGS = {
    "simulate": {"engine": "xrayutilities"},
    "powder": POWDER.model_dump(mode="json"),
}


def test_a_measurement_is_most_alike_to_its_own_crystal(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sticks = rng.integers(1, 65536, (12, 1, 1, POWDER.angles), dtype=np.uint16)
    sticks *= rng.random(sticks.shape) < 0.005
    groups = list(range(10, 34, 2))
    dataset = write_small_dataset(tmp_path / "a.zarr", sticks, groups, SETTINGS)
    change = Augment(strain=0.01, texture=0.3, background=0.3, debye_waller=2, width=0.5)
    profile = Diffractogram(k_alpha_2=0.5, counts=10_000)
    random = generators(0, list(map(str, groups)), "measured", 0)
    curves = diffractograms(sticks[:, 0, 0], POWDER, profile, 4001, change, random)
    scans = [Scan(np.linspace(10, 90, 4001), curve.astype(float)) for curve in curves]
    found = by_nearest(scans, dataset)
    assert GROUPS[found.argmax(axis=1)].tolist() == groups
    assert found.max() <= 1.0001


def test_a_kind_is_named_by_the_sum_of_its_groups() -> None:
    found = np.zeros((1, 230))
    found[0, [0, 200, 220]] = 0.4, 0.3, 0.3
    systems = crystal_systems(GROUPS)
    assert summed(found, systems, nearest=False).tolist() == ["cubic"]
    assert summed(found, systems, nearest=True).tolist() == ["triclinic"]


def test_shares_have_their_intervals() -> None:
    # Wilson's, of 5 of 10.
    assert share(np.arange(10) < 5) == "50.0 (23.7-76.3)"
