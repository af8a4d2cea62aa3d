"""The known crystals that measured powders are compared with, as arrays in a file."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.crystal import Crystal, space_group_of
from spacegrouper.techniques.powder.known.matching import Lines
from spacegrouper.techniques.powder.known.strong_lines import (
    LINES,
    families,
    strongest_lines,
)
from spacegrouper.techniques.powder.settings import Powder


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Known crystals.

    Args:
        ids: (n,).
        formulas: (n,), as the crystals' source has them.
        groups: (n,), their space groups.
        lines: their strong lines.
    """

    ids: NDArray[np.str_]
    formulas: NDArray[np.str_]
    groups: NDArray[np.int64]
    lines: Lines

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `catalogue_of_arrays` makes the catalogue of, as packs well."""
        return {
            "ids": _bytes(self.ids),
            "formulas": _bytes(self.formulas),
            "groups": self.groups.astype(np.uint8),
            "metrics": self.lines.metrics.T,
            "indices": self.lines.indices.transpose(2, 0, 1),
            "roots": self.lines.roots,
        }


def list_crystals(crystals: Iterable[Crystal], powder: Powder) -> tuple[Catalogue, int]:
    """Return a catalogue of crystals in their standard cells, and how many are left out.

    These have no lines, or the id of an earlier one.
    """
    kept: dict[str, tuple[str, int]] = {}
    lines, left_out = [], 0
    for crystal in crystals:
        try:
            if crystal.id in kept:
                raise ValueError(crystal.id)
            lines.append(strongest_lines(crystal, powder))
        except ValueError:
            left_out += 1
            continue
        kept[crystal.id] = str(crystal.metadata.get("formula", "")), space_group_of(crystal)
    formulas, groups = zip(*kept.values(), strict=True) if kept else ((), ())
    together = Lines(
        np.array([each.family for each in lines], dtype=np.int8),
        np.array([each.metric for each in lines], dtype=np.float32).reshape(-1, 6),
        np.array([each.indices for each in lines], dtype=np.int8).reshape(-1, LINES, 3),
        np.array([each.roots for each in lines], dtype=np.uint8).reshape(-1, LINES),
    )
    catalogue = Catalogue(np.array([*kept]), np.array(formulas), np.array(groups, int), together)
    return catalogue, left_out


def catalogue_of_arrays(arrays: dict[str, NDArray[Any]]) -> Catalogue:
    """Return a catalogue from its arrays.

    Raises:
        ValueError, LookupError: they are of no catalogue.
    """
    groups = arrays["groups"].astype(np.int64)
    lines = Lines(
        families(groups).astype(np.int8),
        np.ascontiguousarray(arrays["metrics"].T),
        np.ascontiguousarray(arrays["indices"].transpose(1, 2, 0)),
        arrays["roots"],
    )
    found = Catalogue(_texts(arrays["ids"]), _texts(arrays["formulas"]), groups, lines)
    n = len(groups)
    shapes = (lines.metrics.shape, lines.indices.shape, lines.roots.shape)
    if len({n, len(found.ids), len(found.formulas)}) > 1 or shapes != (
        (n, 6),
        (n, LINES, 3),
        (n, LINES),
    ):
        raise ValueError("of other shapes")
    return found


def _bytes(texts: NDArray[np.str_]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(texts.tolist()).encode(), dtype=np.uint8)


def _texts(content: NDArray[np.uint8]) -> NDArray[np.str_]:
    return np.array(content.tobytes().decode().split("\n"))
