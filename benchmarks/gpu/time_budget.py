"""The time that a training has, and the learning rate that falls with it.

How many steps fit into the time is not known beforehand, and a machine may slow down. So the
schedule follows the clock, and the learning rate is 0 when the time is over, whatever happens.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from spacegrouper.settings import Train
from spacegrouper.training.learning_rate import learning_rate

_STEPS = 100  # that each part of the time is cut into


@dataclass(frozen=True)
class TimeBudget:
    """The time between two moments of a clock, s.

    Args:
        start: when training starts.
        end: when it must be over.
        clock: says how late it is.
    """

    start: float
    end: float
    clock: Callable[[], float] = time.monotonic

    @property
    def spent(self) -> float:
        """The share of the time that is over, 0 to 1."""
        return min(1.0, max(0.0, (self.clock() - self.start) / (self.end - self.start)))

    def has_room(self, seconds: float) -> bool:
        """Tell whether something of this length would be done in time."""
        return self.clock() + seconds <= self.end

    def learning_rate(self, settings: Train) -> float:
        """Return the learning rate of this moment; each of `epochs` is an equal part of the time.

        So `warmup_epochs: 3` of `epochs: 100` warms up for 3 % of the time.
        """
        step = int(self.spent * settings.epochs * _STEPS)
        return learning_rate(settings, 1, step, _STEPS)
