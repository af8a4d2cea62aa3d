"""Random numbers that depend on the seed and the crystal, and on nothing else."""

import hashlib

import numpy as np


def generator_for(seed: int, crystal_id: str, use: str) -> np.random.Generator:
    """Return a generator for one use of one crystal: other uses and crystals do not disturb it."""
    digest = hashlib.sha256(f"{use}\n{crystal_id}".encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])
