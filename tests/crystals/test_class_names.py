import numpy as np
import pytest

from spacegrouper.crystals.class_names import class_name, space_group_name


@pytest.mark.parametrize(
    ("number", "name"),
    [(14, "14 P21/c"), (166, "166 R-3m"), (194, "194 P63/mmc"), (225, "225 Fm-3m")],
)
def test_space_group_name(number, name):
    assert space_group_name(number) == name


def test_class_name():
    assert class_name("spacegroup", np.int64(225)) == "225 Fm-3m"
    assert class_name("crystal_system", "cubic") == "cubic"
