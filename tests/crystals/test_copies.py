import numpy as np
import pytest

from spacegrouper.crystals.copies import is_copy, with_copies
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.errors import UserError

POLONIUM = Crystal("mp-1", np.eye(3), ("Po",), np.zeros((1, 3)), {"spacegroup": 221})


def test_copies_follow_their_crystal_and_name_it() -> None:
    crystal, *copies = with_copies(POLONIUM, 2)
    assert crystal is POLONIUM
    assert not is_copy(crystal)
    assert [copy.id for copy in copies] == ["mp-1 copy 1", "mp-1 copy 2"]
    assert all(is_copy(copy) and copy.metadata["copy_of"] == "mp-1" for copy in copies)
    assert all(copy.digest() == crystal.digest() for copy in copies)
    assert all(copy.metadata["spacegroup"] == 221 for copy in copies)


def test_without_copies_there_is_the_crystal_alone() -> None:
    assert list(with_copies(POLONIUM, 0)) == [POLONIUM]


def test_copies_of_copies_are_refused() -> None:
    _, copy = with_copies(POLONIUM, 1)
    with pytest.raises(UserError, match="crystal mp-1 copy 1: has the key `copy_of`"):
        list(with_copies(copy, 1))
