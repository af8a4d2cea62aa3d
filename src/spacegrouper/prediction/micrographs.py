"""Micrographs of a crystal, and what is answered to them; told by the names of their files.

What measures and ranks them, micrograph_answers.py, is imported only where there are some.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spacegrouper.crystals.text_files import is_folder
from spacegrouper.prediction.list_answers import ListAnswer
from spacegrouper.techniques.micrographs.reading import SUFFIXES

if TYPE_CHECKING:
    from spacegrouper.techniques.micrographs.chain import IndexedMicrograph, MeasuredMicrograph


@dataclass(frozen=True, eq=False)
class Micrographs:
    """Patterns of one crystal.

    Args:
        name: the paths as messages name them.
        patterns: what each shows by itself.
        indexed: each on the given cell; empty without a cell.
        cell: (6,), Angstrom and degrees, if given.
    """

    name: str
    patterns: "tuple[MeasuredMicrograph, ...]"
    indexed: "tuple[IndexedMicrograph, ...]"
    cell: tuple[float, ...] | None


@dataclass(frozen=True, eq=False)
class MicrographAnswer:
    """What micrographs say of a space group.

    Args:
        given: the patterns.
        ranked: what the ranker says of their reflections; none without a cell.
        limits: what they cannot decide and what would, a sentence each.
    """

    given: Micrographs
    ranked: ListAnswer | None
    limits: tuple[str, ...]

    @property
    def name(self) -> str:
        """The paths, as messages name them."""
        return self.given.name


def is_micrograph(path: Path) -> bool:
    """Tell whether a path is read as a micrograph, by its name."""
    return path.suffix.lower() in SUFFIXES and not is_folder(path)
