import logging

import pytest

from spacegrouper.training.pace import Pace


def test_the_first_epoch_tells_its_pace_and_when_all_are_done(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 100.0  # after compiling, which is no measure
    pace = Pace(epochs=3, batches=10, clock=lambda: now)
    with caplog.at_level(logging.INFO):
        for batch in (1, 2, 3, 4):
            pace.after_batch(1, batch)
            now += 2.0
    # Said once, 6 s after the first batch: 6 batches of 2 s are left.
    (line,) = caplog.messages
    assert "epoch 1: batch 4 of 10, 2 s each" in line
    assert "done in about 0:00:12, all 3 about" in line
