import gzip
import json

import numpy as np
import pytest

from spacegrouper.crystals.group_frequencies import INORGANIC

PNMA_IN_THE_ICSD = 0.076  # M. J. Mehl, AFLOW Encyclopedia, Space Group Distribution, 2024


def test_the_most_frequent_group_is_as_frequent_as_in_the_icsd():
    assert INORGANIC[62] / sum(INORGANIC.values()) == pytest.approx(PNMA_IN_THE_ICSD, rel=0.1)


def test_the_first_entries_of_the_materials_project_are_counted(real_structures):
    """Counted anew from the release."""
    counted = np.zeros(231, int)
    with gzip.open(real_structures / "mp-2025.02.jsonl.gz", "rt") as lines:
        for line in lines:
            record = json.loads(line)
            counted[record["spacegroup"]] += int(record["id"].split("-")[1]) < 40_000

    assert {number: int(count) for number, count in enumerate(counted) if count} == INORGANIC
