"""Random numbers that depend on the seed and the crystal, and on nothing else."""

import hashlib
from collections.abc import Sequence

import numpy as np


def generator_for(seed: int, crystal_id: str, use: str) -> np.random.Generator:
    """Return a generator for one use of one crystal: other uses and crystals do not disturb it."""
    digest = hashlib.sha256(f"{use}\n{crystal_id}".encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])


def generators(
    seed: int, ids: Sequence[str], use: str, epoch: int | None = None
) -> list[np.random.Generator]:
    """Return a generator for each crystal: for a use of it, or for that use in an epoch."""
    if epoch is not None:
        use = f"{use}, epoch {epoch}"
    return [generator_for(seed, crystal_id, use) for crystal_id in ids]
