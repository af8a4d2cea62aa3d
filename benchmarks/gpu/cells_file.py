"""Standard cells of many crystals in one small file, exact to the last bit.

Of millions of coordinates only one in 26 has not occurred before, so the file lists those that
occur and says of each coordinate which it is. Rounded to 32 bits they would take as much, and be
wrong: floor(255 I / max I) turns with the last digits of I wherever I is close to a grey level's
border, and some pixels would be others than those of the same crystals in the workflow.

It is a NumPy archive (`numpy.load` reads it) compressed by LZMA, which takes two thirds of the
space of its own. What made the cells and what is to be done with them are in it as well.
"""

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.errors import UserError
from spacegrouper.settings import Settings
from spacegrouper.settings.loading import settings_from_mapping

# Bytes of a float64 stand for themselves: 0.0 and -0.0 are different ones.
_BITS = np.uint64


@dataclass(frozen=True)
class Cells:
    """What a file of cells holds.

    Args:
        table: a crystal a row, with the columns that `split_crystals` takes.
        settings: of the run that the cells are for.
        made_with: what patterns of these cells are made with.
        arrays: the file's own.
    """

    table: pd.DataFrame
    settings: Settings
    made_with: dict[str, Any]
    arrays: dict[str, NDArray[Any]]

    def crystals(self, places: Sequence[int] | NDArray[np.integer[Any]]) -> list[Crystal]:
        """Return the crystals at these places of the table."""
        return [self._crystal(int(place)) for place in places]

    def _crystal(self, place: int) -> Crystal:
        arrays = self.arrays
        atoms = slice(*arrays["end"][[place, place + 1]])
        return Crystal(
            str(self.table["material_id"].iat[place]),
            arrays["lattice"][place],
            tuple(arrays["elements"][arrays["element"][atoms]].tolist()),
            np.ascontiguousarray(arrays["coordinates"][arrays["coordinate"][:, atoms]].T),
        )


def write_cells(
    path: Path,
    crystals: Mapping[int, Crystal],
    settings: Settings,
    made_with: Mapping[str, Any],
) -> None:
    """Write crystals, whose keys are their rows in the dataset; the same give the same bytes."""
    cells = list(crystals.values())
    coordinates = np.concatenate([cell.frac_coords for cell in cells]).T
    listed, place = np.unique(np.ascontiguousarray(coordinates).view(_BITS), return_inverse=True)
    elements, element = _listed([symbol for cell in cells for symbol in cell.species])
    prototypes, prototype = _listed([str(cell.metadata.get("prototype", "")) for cell in cells])
    arrays = {
        "row": np.array(list(crystals), dtype=np.int32),
        "material_id": np.array([cell.id for cell in cells]),
        "spacegroup": np.array([cell.metadata["spacegroup"] for cell in cells], dtype=np.uint8),
        "prototypes": prototypes,
        "prototype": prototype,
        "lattice": np.stack([cell.lattice for cell in cells]),
        "end": np.cumsum([0, *(len(cell.species) for cell in cells)], dtype=np.int64),
        "elements": elements,
        "element": element,
        "coordinates": listed.view(np.float64),
        "coordinate": place.reshape(coordinates.shape).astype(np.uint32),
        "settings": np.array(settings.model_dump_json()),
        "made_with": np.array(json.dumps(made_with)),
    }
    with written_aside(path) as aside, zipfile.ZipFile(aside, "w", zipfile.ZIP_LZMA) as archive:
        for name, values in arrays.items():
            # The time of an entry is the fixed one that ZipInfo starts with.
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.compress_type = zipfile.ZIP_LZMA
            with archive.open(entry, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, values, allow_pickle=False)


def read_cells(path: Path) -> Cells:
    """Read what `write_cells` wrote.

    Raises UserError for a file that is none.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = dict(archive)
        text, made_with = str(arrays["settings"]), json.loads(str(arrays["made_with"]))
        groups = arrays["spacegroup"].astype(np.int64)
        table = pd.DataFrame(
            {
                "row": arrays["row"].astype(np.int64),
                "material_id": arrays["material_id"].astype(str).astype(object),
                "spacegroup": groups,
                "prototype": arrays["prototypes"][arrays["prototype"]].astype(object),
                "class": groups,
            }
        )
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        raise UserError(
            f"{path}: no file of cells, or a damaged one; make it with benchmarks/gpu/pack_cells.py"
        ) from None
    return Cells(table, settings_from_mapping(json.loads(text), str(path)), made_with, arrays)


def _listed(texts: Sequence[str]) -> tuple[NDArray[np.str_], NDArray[Any]]:
    """Return the different texts, and which of them each is."""
    listed, place = np.unique(np.array(texts), return_inverse=True)
    return listed, place.astype(np.min_scalar_type(len(listed)))
