"""What every stage passes on: a crystal, or the reason why a record is none."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.errors import UserError

_LONGEST_ID = 255


@dataclass(frozen=True, eq=False)
class Crystal:
    """One cell of a crystal.

    Args:
        id: unique name.
        lattice: (3, 3), Angstrom, one cell vector a row.
        species: n element symbols.
        frac_coords: (n, 3), in units of the cell vectors.
        metadata: everything else that is known.
    """

    id: str
    lattice: NDArray[np.float64]
    species: tuple[str, ...]
    frac_coords: NDArray[np.float64]
    metadata: dict[str, Any] = field(default_factory=dict)

    def digest(self) -> bytes:
        """Return a digest of the cell and its atoms, in their order and to the last bit."""
        digest = hashlib.blake2b(" ".join(self.species).encode(), digest_size=16)
        digest.update(self.lattice.tobytes())
        digest.update(self.frac_coords.tobytes())
        return digest.digest()


@dataclass(frozen=True)
class Rejection:
    """A record that goes no further: its id, the stage that rejected it, and why."""

    id: str
    stage: str
    reason: str


def checked_id(value: Any) -> str:
    """Return an id as a text that files of every kind can hold.

    Raises:
        UserError: it is neither text nor a whole number, or empty, longer than 255 characters, or
            cannot be printed, as line ends, NUL or half a surrogate pair.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise UserError("`id` must be a string or a whole number")
    text = str(value)
    if not text.strip():
        raise UserError("`id` is empty")
    if len(text) > _LONGEST_ID:
        raise UserError(f"`id` has {len(text)} characters, more than {_LONGEST_ID}")
    if not text.isprintable():
        raise UserError(f"`id` {text!a} has characters that cannot be printed")
    return text


def check_setting(crystal: Crystal, setting: str) -> None:
    """Refuse a crystal that was standardised in another setting than the configuration has.

    Raises:
        UserError: it was.
    """
    found = crystal.metadata.get("cell_setting", "standard")
    if "structure_key" in crystal.metadata and found != setting:
        raise UserError(
            f"{crystal.id} is in its {found} cell, but the configuration has `standardise.setting: "
            f"{setting}`; give the same, or standardise the crystals anew"
        )


def space_group_of(crystal: Crystal) -> int:
    """Return the number that a crystal's key `spacegroup` holds, 0 where there is none.

    Raises:
        ValueError: it is anything but 0 to 230; the reason is one line.
    """
    number = crystal.metadata.get("spacegroup")
    if number is None:
        return 0
    whole = isinstance(number, int | float) and not isinstance(number, bool)
    if not whole or not 0 <= number <= 230 or number != int(number):
        raise ValueError(
            "key `spacegroup` must be a space-group number, 1 to 230; scripts/standardise.py finds "
            "it out"
        )
    return int(number)


def stated_space_group(crystal: Crystal, path: Path) -> int:
    """Return the number that a crystal of a file states as its space group.

    Raises:
        UserError: it states none, or what is none.
    """
    try:
        group = space_group_of(crystal)
    except ValueError as error:
        raise UserError(f"{path}: crystal {crystal.id}: {error}") from None
    if not group:
        raise UserError(
            f"{path}: crystal {crystal.id}: key `spacegroup` is missing; scripts/standardise.py "
            "finds it out"
        )
    return group


def printable(text: str) -> str:
    """Return a text with escapes in place of the characters that cannot be printed."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
