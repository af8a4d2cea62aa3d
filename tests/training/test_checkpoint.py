from dataclasses import replace

import numpy as np
import pytest

from spacegrouper.training.checkpoint import Checkpoint, Epoch, load_checkpoint, save_checkpoint

# More than ten variables: their order must not become that of their names' letters.
MODEL = [np.full((2, 3), index, dtype=np.float32) for index in range(12)]
CHECKPOINT = Checkpoint(
    fingerprint="abc",
    history=[Epoch(1, 0.1, 1 / 3, 2.5, 0.75), Epoch(2, 0.05, 0.5, 2.25, 1.0)],
    model=MODEL,
    best=[values + 0.5 for values in MODEL],
    optimiser=[np.array(7, dtype=np.int64), *MODEL],
)


def test_comes_back_as_it_was(tmp_path) -> None:
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(path, CHECKPOINT)
    loaded = load_checkpoint(path, "abc")

    assert loaded is not None
    assert loaded.history == CHECKPOINT.history
    for part in ("model", "best", "optimiser"):
        for value, expected in zip(getattr(loaded, part), getattr(CHECKPOINT, part), strict=True):
            assert value.dtype == expected.dtype
            np.testing.assert_array_equal(value, expected)


def test_equal_checkpoints_have_equal_bytes(tmp_path) -> None:
    save_checkpoint(tmp_path / "a", CHECKPOINT)
    save_checkpoint(tmp_path / "b", CHECKPOINT)

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_another_trainings_checkpoint_is_not_used(tmp_path, caplog) -> None:
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(path, replace(CHECKPOINT, fingerprint="other"))

    assert load_checkpoint(path, "abc") is None
    assert "other settings or other crystals: training starts anew" in caplog.text


@pytest.mark.parametrize("kept", [0, 10, 500, -30])
def test_a_truncated_checkpoint_is_not_used(tmp_path, caplog, kept: int) -> None:
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(path, CHECKPOINT)
    path.write_bytes(path.read_bytes()[:kept])

    assert load_checkpoint(path, "abc") is None
    assert "damaged" in caplog.text
    assert "training starts anew" in caplog.text


def test_a_flipped_bit_is_noticed(tmp_path, caplog) -> None:
    path = tmp_path / "checkpoint.npz"
    save_checkpoint(path, CHECKPOINT)
    content = bytearray(path.read_bytes())
    content[content.index(CHECKPOINT.model[5].tobytes())] ^= 1
    path.write_bytes(content)

    assert load_checkpoint(path, "abc") is None
    assert "damaged" in caplog.text


def test_no_checkpoint_is_no_news(tmp_path, caplog) -> None:
    assert load_checkpoint(tmp_path / "checkpoint.npz", "abc") is None
    assert caplog.text == ""
