"""Reflections in the data blocks of a CIF file.

What was measured is sought in this order: unmerged intensities (`_diffrn_refln_`), SHELX's list as
a text in the file, intensities of Friedel mates, intensities, F squared, F of Friedel mates, F.
Columns of calculated values are never read.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.cif_symmetry import stated_settings
from spacegrouper.crystals.cif_text import UNKNOWN, Block, cif_blocks, parse_number, shown
from spacegrouper.errors import UserError
from spacegrouper.techniques.reflections.list_file import (
    LARGEST_INDEX,
    Content,
    FromFile,
    Measured,
    Quantity,
    known_wavelength,
)
from spacegrouper.techniques.reflections.lists.shared.cells import (
    cell_words,
    checked_cell,
    differ,
)
from spacegrouper.techniques.reflections.lists.shared.cif_agreement import (
    check_volume,
    note_changed,
    note_missing,
    stated_radiation,
)
from spacegrouper.techniques.reflections.lists.shared.shelx_instructions import (
    has_instructions,
    read_instructions,
)
from spacegrouper.techniques.reflections.lists.shared.shelx_reflections import (
    begins_with_reflection,
    read_reflections,
)

_CELL_TAGS = tuple(
    f"_cell_{tag}"
    for tag in ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
)
_HKL_TEXTS = ("_shelx_hkl_file", "_iucr_refine_reflections_details")
_RES_TEXTS = ("_shelx_res_file", "_iucr_refine_instructions_details")
_WAVELENGTHS = ("_diffrn_radiation_wavelength", "_diffrn_radiation_wavelength_wavelength")
_POWDER = ("_pd_meas_", "_pd_proc_", "_pd_calc_", "_pd_refln_", "_pd_phase_")
# Mantissa, its decimals, exponent, uncertainty in units of the last decimal.
_NUMBER = re.compile(r"([+-]?(?:\d+\.?|(?=\.\d)\.)(?:(?<=\.)(\d*))?)([eE][+-]?\d+)?(?:\((\d+)\))?")
_ZONES = "_refln_zone_axis_id"  # of frames of PETS2, for dynamical refinement


@dataclass(frozen=True)
class _Columns:
    """Where reflections stand: the loop, a value, its sigma, and those of the Friedel mate."""

    loop: str
    values: tuple[str, ...]
    sigmas: tuple[tuple[str, ...], ...]
    quantity: Quantity


# The best first.
_UNMERGED = _Columns(
    "_diffrn_refln", ("intensity_net",), (("intensity_sigma", "intensity_u", "intensity_net_su"),),
    "intensity",
)  # fmt: skip
_MERGED = (
    _Columns(
        "_refln", ("pdbx_i_plus", "pdbx_i_minus"),
        (("pdbx_i_plus_sigma",), ("pdbx_i_minus_sigma",)), "intensity",
    ),
    _Columns(
        "_refln", ("intensity_meas",), (("intensity_sigma", "intensity_meas_su"),), "intensity"
    ),
    _Columns(
        "_refln", ("f_squared_meas",), (("f_squared_sigma", "f_squared_meas_su"),), "F squared"
    ),
    _Columns(
        "_refln", ("pdbx_f_plus", "pdbx_f_minus"),
        (("pdbx_f_plus_sigma",), ("pdbx_f_minus_sigma",)), "F",
    ),
    _Columns("_refln", ("f_meas",), (("f_sigma", "f_meas_sigma", "f_meas_su"),), "F"),
    _Columns("_refln", ("f_meas_au",), (("f_meas_sigma_au",),), "F"),
)  # fmt: skip


def read_cif(content: Content) -> FromFile:
    """Read the best list of a file, with the cell and what is said of the space group.

    Raises:
        UserError: what is wrong, or that two lists are as good.
    """
    blocks = cif_blocks(content.data)
    for columns in (_UNMERGED, None, *_MERGED):
        found = [block for block in blocks if _has(block, columns)]
        if found:
            block, notes = _one(found, blocks)
            part = _listed(block, columns) if columns else _embedded(block)
            if part.reflections is not None:
                note_missing(block, len(part.reflections.hkl), columns in _MERGED, notes)
            return _described(part, block, blocks, notes)
    for block in blocks:
        if any(block.has(f"{loop}_index_h") for loop in ("_refln", "_diffrn_refln")):
            raise UserError(
                f"block {block.name}: the reflections have no measured values with sigma, such as "
                "_refln_F_squared_meas and _refln_F_squared_sigma; calculated ones are not taken"
            )
    cells = [block for block in blocks if block.has(_CELL_TAGS[0])]
    if not cells:
        raise UserError("neither reflections nor a unit cell: no _refln_index_h, no _cell_length_a")
    return _described(FromFile(), cells[0], blocks, [])


def _has(block: Block, columns: _Columns | None) -> bool:
    if columns is None:
        return bool(_text(block, _HKL_TEXTS, begins_with_reflection))
    if not block.has(f"{columns.loop}_index_h"):
        return False
    for value, sigmas in zip(columns.values, columns.sigmas, strict=True):
        values = block.values(f"{columns.loop}_{value}")
        if not values:
            return False
        if not any(block.values(f"{columns.loop}_{sigma}") for sigma in sigmas) and not all(
            "(" in text for text in values
        ):
            return False
    return True


def _text(block: Block, tags: Sequence[str], fits: Callable[[str], bool]) -> tuple[str, str] | None:
    """Return the first tag whose text is of a kind, with the text."""
    texts = ((tag, block.lines(tag)) for tag in tags)
    return next(((tag, text) for tag, text in texts if fits(text)), None)


def _one(found: list[Block], blocks: list[Block]) -> tuple[Block, list[str]]:
    """Return the block that is read; of several of one crystal the first, with a note."""
    names = ", ".join(block.name for block in found)
    cells = [_cell(block, blocks) for block in found]
    if any(differ(cell, cells[0]) for cell in cells):
        raise UserError(f"several crystals, in the blocks {names}; give a file for each")
    if len(found) == 1:
        return found[0], []
    return found[0], [f"of the lists in the blocks {names} the first is read"]


def _described(part: FromFile, block: Block, blocks: list[Block], notes: list[str]) -> FromFile:
    """Add what the block says beside the reflections."""
    cell = _cell(block, blocks)
    if differ(part.cell, cell):
        raise UserError(
            f"the file contradicts itself: _cell_ has {cell_words(cell)}, SHELX's instructions in "
            f"it have {cell_words(part.cell)}"
        )
    check_volume(block, cell)
    wavelengths = [parse_number(text) for text in block.values(*_WAVELENGTHS)]
    wavelength = known_wavelength([*wavelengths, math.nan][0], "the CIF file", notes)
    if wavelength and part.wavelength and abs(wavelength / part.wavelength - 1) > 0.01:
        raise UserError(
            f"the file contradicts itself: {_WAVELENGTHS[0]} is {wavelength:g}, SHELX's "
            f"instructions in it have {part.wavelength:g}"
        )
    radiation = stated_radiation(block, wavelength, part.radiation, notes)
    symbol, number = _space_group(block, cell, notes)
    return replace(
        part,
        cell=cell or part.cell,
        wavelength=wavelength or part.wavelength,
        radiation=radiation,
        symbol=symbol or part.symbol,
        number=number or part.number,
        notes=(*notes, *part.notes),
    )


def _cell(block: Block, blocks: list[Block]) -> tuple[float, ...] | None:
    """Return the cell of a block; where it has none, that of the other blocks, if it is one."""
    cells = [
        _cell_of(place)
        for place in ([block] if block.has(_CELL_TAGS[0]) else blocks)
        if place.has(_CELL_TAGS[0])
    ]
    if any(differ(cell, cells[0]) for cell in cells):
        raise UserError(f"block {block.name} has no cell, and the other blocks have several")
    return cells[0] if cells else None


def _cell_of(block: Block) -> tuple[float, ...]:
    numbers = [block.number(tag) for tag in _CELL_TAGS]
    if missing := [
        tag for tag, number in zip(_CELL_TAGS, numbers, strict=True) if math.isnan(number)
    ]:
        raise UserError(
            f"block {block.name}: the cell has no {' and no '.join(missing)}; give all six numbers"
        )
    return checked_cell(numbers, f"block {block.name}")


def _space_group(
    block: Block, cell: tuple[float, ...] | None, notes: list[str]
) -> tuple[str | None, int | None]:
    if cell is None:
        return None, None
    lattice = np.array(gemmi.UnitCell(*cell).orth.mat.tolist()).T
    try:
        settings = stated_settings(block, lattice)
    except UserError as error:
        notes.append(f"what the file says of its space group is left out: {error}")
        return None, None
    return (settings[0].symbol, settings[0].number) if settings else (None, None)


def _embedded(block: Block) -> FromFile:
    """Read the text of SHELX's list, with the instructions beside it."""
    tag, text = _text(block, _HKL_TEXTS, begins_with_reflection) or ("", "")
    _refuse_others(block)
    try:
        part = read_reflections(text.removeprefix("\n"))
        said = part.embedded
        if instructions := _text(block, _RES_TEXTS, has_instructions):
            tag = instructions[0]
            said = read_instructions(instructions[1].removeprefix("\n"))
    except UserError as error:
        raise UserError(f"block {block.name}, {tag}: {error}") from None
    found = [f"read from {_HKL_TEXTS[0]}"]
    note_changed(block, text, found)
    notes = (*found, *part.notes)
    if said is None:
        return replace(part, notes=notes)
    return replace(said, reflections=part.reflections, notes=(*notes, *said.notes))


def _listed(block: Block, columns: _Columns) -> FromFile:
    """Read a loop of reflections."""
    _refuse_others(block)
    table = block.table(f"{columns.loop}_index_h")
    if any(f"{columns.loop}_index_m_{place}" in table for place in (1, 2, 3)):
        raise UserError(
            f"block {block.name}: a modulated crystal ({columns.loop}_index_m_1), which has no "
            "space group in three dimensions; give the main reflections only"
        )
    hkl = np.column_stack([_indices(table, f"{columns.loop}_index_{axis}") for axis in "hkl"])
    parts: list[tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]] = []
    unknown = 0
    for sign, value, sigmas in zip((1, -1), columns.values, columns.sigmas, strict=False):
        tag = f"{columns.loop}_{value}"
        names = [name for sigma in sigmas if (name := f"{columns.loop}_{sigma}") in table]
        values, uncertainties = _numbers(table, tag)
        if names:
            uncertainties, _ = _numbers(table, names[0])
        known = np.array([text not in UNKNOWN for text in table[tag]])
        unknown += int((~known).sum())
        parts.append((sign * hkl[known], values[known], uncertainties[known]))
    notes = [f"read from {' and '.join(f'{columns.loop}_{value}' for value in columns.values)}"]
    if unknown:
        notes.append(f"reflections listed without a value, as not measured: {unknown}")
    if code := block.text("_shelx_refln_list_code"):
        notes.append(
            f"LIST {code} of SHELXL: reflections as the refinement used them, scaled, mostly "
            "merged and without absent ones"
        )
    if _ZONES in table:
        notes.append("intensities of single frames of PETS2, which are not scaled to each other")
    indices, values, sigma = (np.concatenate(column) for column in zip(*parts, strict=True))
    return FromFile(
        reflections=Measured(indices, values, sigma, columns.quantity), notes=tuple(notes)
    )


def _refuse_others(block: Block) -> None:
    if any(map(block.begins, _POWDER)):
        raise UserError(
            f"block {block.name}: a powder, whose reflections overlap (_pd_); give the reflections "
            "of a single crystal"
        )


def _indices(table: dict[str, list[str]], tag: str) -> NDArray[np.int32]:
    if tag not in table:
        raise UserError(f"{tag} is missing")
    indices, _ = _numbers(table, tag)
    broken = ~(indices == np.round(indices))
    if broken.any():
        row = int(broken.argmax())
        raise UserError(
            f"{tag} of reflection {row + 1} is {shown(table[tag][row])}, not a whole number: a "
            "modulated crystal, or another cell"
        )
    if (np.abs(indices) > LARGEST_INDEX).any():
        raise UserError(f"{tag} has values beyond {LARGEST_INDEX}, which are no indices")
    return indices.astype(np.int32)


def _numbers(
    table: dict[str, list[str]], tag: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the numbers of a column and the uncertainties in their brackets, NaN if none."""
    numbers = np.full((2, len(table[tag])), np.nan)
    for row, text in enumerate(table[tag]):
        if text in UNKNOWN:
            continue
        match = _NUMBER.fullmatch(text)
        if match is None:
            raise UserError(f"{tag} of reflection {row + 1} is {shown(text)}, not a number")
        mantissa, decimals, exponent, bracket = match.groups()
        numbers[0, row] = float(mantissa + (exponent or ""))
        if bracket:
            numbers[1, row] = float(
                f"{bracket}e{int((exponent or 'e0')[1:]) - len(decimals or '')}"
            )
    return numbers[0], numbers[1]
