import dataclasses

import numpy as np
import pytest

from spacegrouper.crystals.crystal import Crystal


def test_a_crystal_cannot_be_changed_and_has_its_own_metadata():
    first = Crystal("a", np.eye(3), ("Po",), np.zeros((1, 3)))
    second = Crystal("b", np.eye(3), ("Po",), np.zeros((1, 3)))
    first.metadata["x"] = 1
    assert second.metadata == {}
    with pytest.raises(dataclasses.FrozenInstanceError):
        first.id = "c"
