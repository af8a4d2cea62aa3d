"""Format `mtz`: CCP4's binary reflections, merged or not."""

import re
from typing import TYPE_CHECKING, Literal

from spacegrouper.contract.list_format import LIST_FORMATS, ListFormat
from spacegrouper.errors import UserError

if TYPE_CHECKING:
    import gemmi

    from spacegrouper.techniques.reflections.list_file import (
        Content,
        FromFile,
        Measured,
        Quantity,
    )

# Types of columns: a value and its sigma, at hkl or of Friedel mates; the best first.
_KINDS: "tuple[tuple[str, str, Quantity], ...]" = (
    ("K", "M", "intensity"),
    ("J", "Q", "intensity"),
    ("G", "L", "F"),
    ("F", "Q", "F"),
)
_MATES = "KG"  # a column of each of two Friedel mates
_END_OF_HEADER = re.compile(rb"END {60}|MTZENDOFHEADERS")  # the header is the end of the file
_PARTIAL = 256  # M/ISYM from here on: a part of a reflection


def _recognises(content: "Content") -> bool:
    return content.data.startswith(b"MTZ ")


def _read(content: "Content") -> "FromFile":
    import gemmi

    from spacegrouper.techniques.reflections.lists.shared.file_for_gemmi import file_for_gemmi

    if not _END_OF_HEADER.search(content.data):
        raise UserError("the MTZ file is cut short: its header has no end; copy it anew")
    try:
        with file_for_gemmi(content.data, ".mtz") as path:
            mtz = gemmi.read_mtz_file(path)
        _check_number(mtz, content.data)
        return _described(mtz)
    # gemmi's, and what follows from a damaged header.
    except (RuntimeError, ValueError, IndexError):
        raise UserError("the MTZ file is damaged or cut short") from None


def _check_number(mtz: "gemmi.Mtz", data: bytes) -> None:
    """Raise UserError where there are more reflections between head and header than stated."""
    # Words of four bytes, of which the head has 20, counted from 1; below 0 in files above 8 GB.
    order: Literal["big", "little"] = "big" if data[8] >> 4 == 1 else "little"
    words = int.from_bytes(data[4:8], order, signed=True) - 21
    held = words // max(len(mtz.columns), 1)
    if held > mtz.nreflections:
        raise UserError(
            f"the MTZ file states {mtz.nreflections} reflections, but holds {held}; copy it anew, "
            "or write it anew from its source"
        )


def _described(mtz: "gemmi.Mtz") -> "FromFile":
    from spacegrouper.techniques.reflections.list_file import (
        FromFile,
        guessed_radiation,
        known_wavelength,
    )

    notes: list[str] = []
    if len(mtz.batches):
        _check_whole(mtz)
        mtz.switch_to_original_hkl()  # from those of the asymmetric unit
        notes.append("an unmerged MTZ file, with the indices that were measured")
    columns, quantity = _columns(mtz, notes)
    dataset = columns[0].dataset
    wavelength = known_wavelength(dataset.wavelength or float("nan"), "the MTZ file", notes)
    group = mtz.spacegroup
    return FromFile(
        reflections=_measured(mtz, columns, quantity),
        cell=_cell(mtz, dataset, notes),
        wavelength=wavelength,
        radiation=guessed_radiation(wavelength, notes),
        symbol=group.xhm() if group else None,
        number=group.number if group else None,
        notes=tuple(notes),
    )


def _cell(mtz: "gemmi.Mtz", dataset: "gemmi.Mtz.Dataset", notes: list[str]) -> tuple[float, ...]:
    """Return the cell of a dataset (DCELL).

    The one of the whole file (CELL) is for old programs: where crystals differ, it is that of one,
    or a mean.
    """
    import numpy as np

    from spacegrouper.techniques.reflections.lists.shared.cells import (
        cell_words,
        checked_cell,
        differ,
    )

    cell = checked_cell(mtz.get_cell(dataset.id).parameters, "the MTZ file's cell")
    # HKL_base, of number 0, repeats that of the whole file; unknown ones are 0, or 1 by gemmi.
    others = [
        each
        for each in mtz.datasets
        if each.id not in (0, dataset.id) and max(each.cell.parameters[:3]) > 1
    ]
    # Of crystals that were scaled together, batches differ a little.
    batches = [each.cell.parameters for each in mtz.batches if each.dataset_id == dataset.id]
    stated = {"the whole file": mtz.cell.parameters}
    if batches:
        stated["its batches"] = tuple(np.median(batches, axis=0).tolist())
    for what, other in stated.items():
        if max(other[:3]) <= 1 or not differ(other, cell):
            continue
        if what == "the whole file" and others:
            notes.append(
                f"the cell is that of the dataset {dataset.dataset_name}, {cell_words(cell)}; the "
                "file has another crystal too"
            )
            continue
        raise UserError(
            f"the MTZ file has the cell {cell_words(other)} for {what}, and {cell_words(cell)} for "
            f"its dataset {dataset.dataset_name}; write it anew with the right one"
        )
    return cell


def _check_whole(mtz: "gemmi.Mtz") -> None:
    column = mtz.column_with_label("M/ISYM")
    if column is not None and (column.array >= _PARTIAL).any():
        raise UserError(
            "the MTZ file has parts of reflections that are not summed; scale it, as with Aimless, "
            "and keep it unmerged"
        )


def _columns(mtz: "gemmi.Mtz", notes: list[str]) -> "tuple[list[gemmi.Mtz.Column], Quantity]":
    """Return the columns that are read, a value and its sigma, or those of Friedel mates."""
    pairs = list(zip(mtz.columns, list(mtz.columns)[1:], strict=False))
    for kind, sigma, quantity in _KINDS:
        found = [pair for pair in pairs if (pair[0].type, pair[1].type) == (kind, sigma)]
        if not found:
            continue
        taken = [pair for pair in found[:2] if pair[0].dataset_id == found[0][0].dataset_id]
        taken = taken if kind in _MATES else taken[:1]
        words = " and ".join(pair[0].label for pair in taken)
        others = ", ".join(pair[0].label for pair in found[len(taken) :])
        notes.append(f"read from column {words}" + (f", not from {others}" if others else ""))
        return [column for pair in taken for column in pair], quantity
    if any(column.type in "JKFG" for column in mtz.columns):
        raise UserError(
            "the MTZ file has values without sigma, such as calculated ones; give measured "
            "intensities with their sigma"
        )
    raise UserError("the MTZ file has no intensities and no F")


def _measured(
    mtz: "gemmi.Mtz", columns: "list[gemmi.Mtz.Column]", quantity: "Quantity"
) -> "Measured":
    import numpy as np

    from spacegrouper.techniques.reflections.list_file import Measured

    for column in list(mtz.columns)[:3]:
        if not (column.array == np.round(column.array)).all():
            raise UserError(
                f"column {column.label} of the MTZ file has indices that are not whole numbers: a "
                "modulated crystal, or another cell; index in a cell of three dimensions"
            )
    hkl = mtz.make_miller_array()
    signs = [1, -1][: len(columns) // 2]
    indices, values, sigmas = [], [], []
    for sign, value, sigma in zip(signs, columns[::2], columns[1::2], strict=True):
        there = ~np.isnan(value.array)  # what is not measured is NaN
        indices.append(sign * hkl[there])
        values.append(value.array[there])
        sigmas.append(sigma.array[there])
    return Measured(
        np.concatenate(indices).astype(np.int32),
        np.concatenate(values).astype(np.float64),
        np.concatenate(sigmas).astype(np.float64),
        quantity,
    )


LIST_FORMATS.register(ListFormat("mtz", "MTZ", _recognises, _read))
