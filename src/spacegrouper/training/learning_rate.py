"""The learning rate of every step: scaled to the ranks, warmed up, and lowered towards the end."""

import math

from spacegrouper.settings import Train


def learning_rate(settings: Train, ranks: int, step: int, epoch_steps: int) -> float:
    """Return the learning rate of a step, counted from 0 through all epochs.

    `epoch_steps`: how many steps an epoch has. Linear scaling and warm-up follow Goyal et al.
    (2017, arXiv:1706.02677), the cosine Loshchilov and Hutter (2017, arXiv:1608.03983).
    """
    full = settings.learning_rate * (ranks if settings.learning_rate_scaling == "linear" else 1)
    warmup = settings.warmup_epochs * epoch_steps
    if step < warmup:
        return full * (step + 1) / warmup
    if settings.schedule == "constant":
        return full
    remaining = max(1, settings.epochs * epoch_steps - warmup)
    return full * (1 + math.cos(math.pi * min(1, (step - warmup) / remaining))) / 2
