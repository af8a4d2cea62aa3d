"""A finished dataset, to read: the only door to its arrays.

It holds, one row a crystal (dataset/store.py): `raw` and what a technique derives of it, labels,
and what all was made with.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import zarr
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import Arrays, Sections
from spacegrouper.contract.technique import Technique
from spacegrouper.crystals.copies import COPY_OF
from spacegrouper.dataset.blocks import block_keys
from spacegrouper.dataset.dataset_plan import LABEL_PREFIX, label_array
from spacegrouper.dataset.made_with import MadeWith, technique_of
from spacegrouper.dataset.raw_shard import DONE
from spacegrouper.errors import UserError


class Dataset:
    """Crystals, what was measured of them, and their labels; threads may share it.

    Args:
        store: a Zarr store that scripts/shape.py made.

    Raises:
        UserError: there is none, it is of an earlier version, or a block's data are gone, which
            Zarr would read as zeros.
    """

    def __init__(self, store: Path) -> None:
        self.path = store
        try:
            group = zarr.open_group(store, mode="r")
        except (OSError, ValueError) as error:
            raise UserError(f"{store}: no dataset there; make it with scripts/shape.py") from error
        self._group: Any = group
        if "simulate_settings" in group.attrs:
            raise UserError(
                f"{store}: made by an earlier version, which kept its settings in another form; "
                "make it anew with scripts/shape.py"
            )
        self.made_with: MadeWith = group.attrs.get("made_with", {})  # type: ignore[assignment]
        self.technique: Technique = technique_of(self.made_with)
        self.arrays = ("raw", *self.technique.derived)
        needed = (*self.arrays, *self.technique.further, "material_id", "status")
        missing = [name for name in needed if name not in group]
        if missing:
            raise UserError(f"{store}: not a dataset of crystals: it has no {', '.join(missing)}")
        raw: Any = self._group["raw"]
        self.rows: int = raw.shape[0]
        self.shape: tuple[int, int, int] = raw.shape[1:]
        self.dtype: np.dtype[Any] = raw.dtype
        self.chunk_rows: int = raw.chunks[0]
        self.block_rows: int = (raw.shards or raw.chunks)[0]
        self._check_blocks()

    @property
    def settings(self) -> Sections:
        """The sections of settings that the data were made with."""
        settings: Sections = self.made_with.get("settings", {})
        return settings

    @property
    def view_names(self) -> list[str]:
        """The names of the views, or their numbers where they have none.

        Raises:
            UserError: the settings name another number of views than there are.
        """
        if self.technique.view_names is None:
            return [str(number) for number in range(1, self.shape[0] + 1)]
        names = self.technique.view_names(self.settings)
        if len(names) != self.shape[0]:
            raise UserError(
                f"{self.path}: its settings name {len(names)} views, but it has {self.shape[0]} "
                "patterns of a crystal; shape it anew of the raw shards"
            )
        return names

    @property
    def attributes(self) -> Mapping[str, Any]:
        """All that the store says of itself, its digest included: it stands for all its content."""
        return dict(self._group.attrs)

    @property
    def material_id(self) -> NDArray[np.object_]:
        """The identifier of each crystal, (rows,)."""
        ids: NDArray[np.object_] = np.asarray(self._group["material_id"]).astype(object)
        return ids

    @property
    def further_labels(self) -> tuple[str, ...]:
        """The names of the labels that not every dataset has, in alphabetical order."""
        return tuple(
            sorted(
                key.removeprefix(LABEL_PREFIX)
                for key in self._group
                if key.startswith(LABEL_PREFIX)
            )
        )

    def label(self, name: str) -> NDArray[Any]:
        """Return a label of all rows, (rows,): int64 of `spacegroup` (0 where unknown), else texts.

        Raises:
            UserError: it is not there.
        """
        known = ("spacegroup", "crystal_system", *self.further_labels)
        if name not in known and name not in ("prototype", "structure_key"):
            raise UserError(
                f"{self.path}: no label {name!r}; there are {', '.join(known)}, and further "
                "ones for the keys that `standardise.labels` names"
            )
        if name == "spacegroup":
            return np.asarray(self._group["spacegroup"][:], dtype=np.int64)
        return np.array(self._group[label_array(name)][:].tolist(), dtype=np.str_)

    def numbers(self, rows: NDArray[np.integer[Any]]) -> Arrays:
        """Return the numbers of crystals, a row each: status, spacegroup, intensity_max."""
        return {
            name: self._group[name][:][rows] for name in ("status", "spacegroup", "intensity_max")
        }

    @cached_property
    def copy_of(self) -> NDArray[np.object_]:
        """Of each row that is a copy the id of its crystal, otherwise empty, (rows,)."""
        if COPY_OF not in self.further_labels:
            return np.full(self.rows, "", dtype=object)
        return self.label(COPY_OF).astype(object)

    def crystals(self) -> pd.DataFrame:
        """Return the usable crystals: row, material_id, spacegroup (0 where unknown), prototype.

        Copies are left out.
        """
        table = pd.DataFrame(
            {
                "row": np.arange(self.rows),
                "material_id": self.material_id,
                "spacegroup": self.label("spacegroup"),
                "prototype": self.label("prototype").astype(object),
            }
        )
        found: pd.DataFrame = table[self.usable() & (self.copy_of == "")]
        return found

    def copies(self) -> pd.DataFrame:
        """Return the usable copies of crystals: row, material_id, copy_of."""
        table = pd.DataFrame(
            {
                "row": np.arange(self.rows),
                "material_id": self.material_id,
                "copy_of": self.copy_of,
            }
        )
        found: pd.DataFrame = table[self.usable() & (self.copy_of != "")]
        return found

    def usable(self, rows: slice = slice(None)) -> NDArray[np.bool_]:
        """Tell which rows hold a crystal of the release, and its data: what all readers use."""
        done: NDArray[np.bool_] = self._group["status"][rows] == DONE
        return done & self._group["in_release"][rows] if "in_release" in self._group else done

    def blocks(self) -> list[tuple[int, int]]:
        """Return the first and the last row (excluded) of each block, which is one object."""
        starts = range(0, self.rows, self.block_rows)
        return [(start, min(start + self.block_rows, self.rows)) for start in starts]

    def read(
        self, rows: slice | NDArray[np.integer[Any]], names: Sequence[str] | None = None
    ) -> Arrays:
        """Read arrays of some rows, each (n, views, y, x).

        Args:
            rows: consecutive ones, or any, ascending; of these only chunks that hold one are read.
            names: of the arrays; none: all that the technique has.

        Raises:
            UserError: a chunk that cannot be read.
        """
        wanted = (*self.arrays, *self.technique.further) if names is None else names
        further = [name for name in self.technique.further if name in wanted]
        found = {name: self._further[name][rows] for name in further}
        arrays = [name for name in self.arrays if name in wanted]
        if isinstance(rows, slice):
            return found | {name: self._part(name, rows) for name in arrays}
        found |= {name: np.empty((len(rows), *self.shape), self.dtype) for name in arrays}
        for places, chunk in self.chunks(rows):
            for name in arrays:
                found[name][places] = self._part(name, chunk)[rows[places] - chunk.start]
        return found

    def chunks(self, rows: NDArray[np.integer[Any]]) -> Iterator[tuple[slice, slice]]:
        """Yield of each chunk that holds one of `rows`, which ascend, their places and its rows."""
        for first in (np.unique(rows // self.chunk_rows) * self.chunk_rows).tolist():
            start, stop = np.searchsorted(rows, (first, first + self.chunk_rows))
            yield slice(int(start), int(stop)), slice(first, first + self.chunk_rows)

    @cached_property
    def _further(self) -> Arrays:
        # All rows at once: they are a few numbers a crystal, and are asked for chunk by chunk.
        return {name: self._part(name, slice(0, None)) for name in self.technique.further}

    def _part(self, name: str, rows: slice) -> NDArray[Any]:
        try:
            return np.asarray(self._group[name][rows])
        except Exception as error:  # whatever codecs raise at damaged bytes: there is no one class
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise UserError(
                f"{self.path}: `{name}` cannot be read from row {rows.start} on ({reason}); "
                "find the damage with scripts/verify_dataset.py, which can also repair it"
            ) from error

    def _check_blocks(self) -> None:
        for number in range(len(self.blocks())):
            keys = block_keys(number, (*self.arrays, "status"))
            gone = [keys[name] for name in self.arrays if not (self.path / keys[name]).is_file()]
            if gone and (self.path / keys["status"]).is_file():
                raise UserError(
                    f"{self.path}: patterns of block {number} are gone: no file {gone[0]}; "
                    "scripts/verify_dataset.py --repair makes them anew"
                )
