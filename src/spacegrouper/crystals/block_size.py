"""How many crystals a block holds where `plan.block_size` is `auto`."""

import math

from spacegrouper.errors import UserError
from spacegrouper.settings import Settings

# CPU seconds before the two jobs of a block, standardise and simulate, begin their work, together:
# imports and compiled code and, on a cluster, Snakemake twice in each (docs/scaling.md).
_START_UP = {"local": 2.0, "slurm": 8.0}
_LARGEST_SHARE = 0.1  # of a block's time that its start-up may take
_STANDARDISING = 0.005  # CPU seconds of a crystal, of the Materials Project
# The command line of `shape`, which names them all, holds no more.
_MOST_BLOCKS = 4000


def block_size(settings: Settings, crystals: int, cores: int) -> int:
    """Return how many crystals each block but the last has.

    Start-up takes less than a tenth of a block's time, as the engine states its cost. Crystals that
    are too few for that are shared by all cores of one machine; on a cluster, where whoever waits
    for a job pays for its start-up too, they are not.

    Args:
        settings: of the run.
        crystals: to cut into blocks.
        cores: of this machine.

    Raises:
        UserError: blocks of the given size are too many.
    """
    given = settings.plan.block_size
    if given != "auto":
        if crystals > given * _MOST_BLOCKS:
            raise UserError(
                f"plan.block_size: {given} cuts {crystals} crystals into more than "
                f"{_MOST_BLOCKS} blocks; raise it, or leave it out"
            )
        return given
    copies = settings.technique.copies(settings)
    cost = _STANDARDISING + (1 + copies) * settings.engine.seconds(settings)
    where = settings.workers.cluster
    size = math.ceil(_START_UP[where] * (1 / _LARGEST_SHARE - 1) / cost)
    if where == "local":
        size = min(size, math.ceil(crystals / cores))
    return max(size, math.ceil(crystals / _MOST_BLOCKS), 1)
