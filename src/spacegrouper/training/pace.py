"""How fast an epoch goes, said while it lasts: the first one already tells when all are done."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

log = logging.getLogger(__name__)

_SECONDS = 5  # between two lines


@dataclass
class Pace:
    """Tells every few seconds how far an epoch is.

    Args:
        epochs: at most.
        batches: of each epoch.
        clock: in seconds.
    """

    epochs: int
    batches: int
    clock: Callable[[], float] = time.monotonic

    def after_batch(self, epoch: int, batch: int) -> None:
        """Say how far the epoch is after a batch, both counted from 1, if it is time to."""
        now = self.clock()
        if batch == 1:
            # What comes before, compiling at first, is no measure of the others.
            self._begin = self._said = now
        if batch == 1 or now - self._said < _SECONDS:
            return
        self._said = now
        each = (now - self._begin) / (batch - 1)
        left = each * (self.batches - batch)
        end = left + each * self.batches * (self.epochs - epoch)
        log.info(
            "epoch %d: batch %d of %d, %.3g s each; the epoch is done in about %s, all %d about %s",
            epoch,
            batch,
            self.batches,
            each,
            timedelta(seconds=round(left)),
            self.epochs,
            f"{datetime.now() + timedelta(seconds=end):%d %b %H:%M}",
        )
