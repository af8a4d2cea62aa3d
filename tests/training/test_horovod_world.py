"""One process; what several exchange is proved by tests/scripts/test_train.py, with Horovod."""

import sys

import numpy as np
import pytest

from spacegrouper.errors import UserError
from spacegrouper.training.horovod_world import World, join_world, share_json, sum_over_ranks


def test_a_process_that_is_no_rank_trains_alone(monkeypatch, caplog) -> None:
    monkeypatch.delenv("HOROVOD_RANK", raising=False)
    caplog.set_level("INFO")

    assert join_world() == World(rank=0, size=1, local_rank=0, local_size=1)
    assert "one process, without Horovod" in caplog.text


def test_a_rank_without_horovod_says_what_to_do(monkeypatch) -> None:
    monkeypatch.setenv("HOROVOD_RANK", "0")
    monkeypatch.setitem(sys.modules, "horovod", None)
    monkeypatch.setitem(sys.modules, "horovod.tensorflow", None)

    with pytest.raises(UserError, match=r"Horovod cannot be imported.*unset HOROVOD_RANK"):
        join_world()


def test_alone_nothing_is_exchanged() -> None:
    assert sum_over_ranks(np.array([1.0, 2.0]), World()).tolist() == [1, 2]
    assert share_json({"a": 1}, World()) == {"a": 1}
