import itertools

import numpy as np
import pytest

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.techniques.powder import bounds
from spacegrouper.techniques.powder.bounds import reason_against_powder

ONE_ATOM = np.zeros((1, 3))


@pytest.mark.parametrize("edges", [(5.0, 6.0, 7.0), (20.0, 3.0, 4.0), (3.0, 4.0, 20.0)])
def test_reflections_are_estimated_from_above_and_well(
    monkeypatch: pytest.MonkeyPatch, edges: tuple[float, float, float]
) -> None:
    reach = 1.0
    ranges = [range(-30, 31) for _ in edges]
    s = np.array(list(itertools.product(*ranges))) / edges
    inside = np.count_nonzero((s**2).sum(axis=1) <= reach**2) // 2
    described = Crystal("a", np.diag(edges), ("Na",), ONE_ATOM)
    for most, refused in ((0.6 * inside, True), (2 * inside, False)):
        monkeypatch.setitem(bounds.MOST_REFLECTIONS, "xrayutilities", int(most))
        assert bool(reason_against_powder(described, reach, "xrayutilities")) == refused
