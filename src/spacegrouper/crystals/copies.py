"""Copies of crystals, which are simulated as an experiment finds crystals: never perfect."""

from collections.abc import Iterator
from dataclasses import replace

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.errors import UserError

COPY_OF = "copy_of"  # the key of a copy's metadata that holds the id of its crystal


def with_copies(crystal: Crystal, copies: int) -> Iterator[Crystal]:
    """Yield a crystal, then copies with ids of their own: `mp-1 copy 1` and so on.

    Raises:
        UserError: there are to be copies, but the crystal itself is marked as one.
    """
    yield crystal
    if copies and is_copy(crystal):
        raise UserError(
            f"crystal {crystal.id}: has the key `{COPY_OF}`, which marks copies; rename it, or "
            "leave out `variation.copies`"
        )
    for place in range(1, copies + 1):
        metadata = crystal.metadata | {COPY_OF: crystal.id}
        yield replace(crystal, id=f"{crystal.id} copy {place}", metadata=metadata)


def is_copy(crystal: Crystal) -> bool:
    """Tell whether a crystal is a copy of another."""
    return COPY_OF in crystal.metadata
