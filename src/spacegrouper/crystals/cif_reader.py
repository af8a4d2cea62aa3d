"""Crystals from the content of CIF files, whatever the files are called.

The symmetry operations are applied to the atoms of the asymmetric unit. What the file says beside
(space group, multiplicities, formula, Z, density, volume) must agree with the atoms in the cell
that this gives; where origin or axes are not stated, it decides between the choices, or the file
is refused. Ordered crystals only; anisotropy and magnetic moments are not looked at.
"""

import math
from collections.abc import Iterable
from pathlib import Path

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.cif_cell import filled_cell
from spacegrouper.crystals.cif_elements import stated_formula
from spacegrouper.crystals.cif_sites import PLACE_TAGS, stated_sites
from spacegrouper.crystals.cif_symmetry import stated_settings
from spacegrouper.crystals.cif_text import MAXIMUM_BYTES, Block, cif_blocks
from spacegrouper.crystals.crystal import Crystal, Rejection, checked_id, printable
from spacegrouper.crystals.space_group_settings import Setting
from spacegrouper.crystals.text_files import content_of
from spacegrouper.errors import UserError

_SHORTEST_EDGE, _LONGEST_EDGE = 0.1, 1e6  # Angstrom
_VOLUME_TOLERANCE = 0.02
_CELL_TAGS = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
_CARTESIAN_TAG = "_atom_site_Cartn_x"
_MODULATED_TAGS = ("_space_group_ssg_name", "_space_group_symop_ssg_operation_algebraic")


def read_cif_content(content: bytes, name: str) -> list[Crystal | Rejection]:
    """Read the crystals of a file's content, plain or packed by gzip, bzip2 or xz.

    An id is the name, or `name#block` where several data blocks hold atoms. A file or block that
    gives no ordered crystal, or that contradicts itself, is a Rejection with a reason in one line.
    `stated_spacegroup` in the metadata is the number of the space group that the file states,
    unless it is P 1, which programs write of every crystal whose atoms they list.
    """
    records = _read(content, name)
    return [record if isinstance(record, Rejection) else record[0] for record in records]


def read_file(path: Path, name: str) -> list[tuple[Crystal, Block] | Rejection]:
    """Read the crystals of a file as `read_cif_content` does, each with its data block."""
    try:
        return _read(content_of(path, MAXIMUM_BYTES), name)
    except UserError as error:
        return [Rejection(name, "acquire", str(error))]


def _read(content: bytes, name: str) -> list[tuple[Crystal, Block] | Rejection]:
    try:
        blocks = _with_atoms(cif_blocks(content))
    # gemmi and the unpackers fail in many ways, and one bad file must not stop a run.
    except Exception as error:
        return [Rejection(name, "acquire", _reason(error))]
    records: list[tuple[Crystal, Block] | Rejection] = []
    for block in blocks:
        identifier = f"{name}#{printable(block.name)}" if len(blocks) > 1 else name
        try:
            _check_id(identifier)
            records.append((_crystal(block, identifier), block))
        except Exception as error:
            records.append(Rejection(identifier, "acquire", _reason(error)))
    return records


def _reason(error: Exception) -> str:
    """Return our own words; those of libraries and of Python are not for users."""
    if isinstance(error, UserError):
        return str(error)
    return f"cannot be read as a CIF file ({type(error).__name__})"


def _check_id(identifier: str) -> None:
    try:
        checked_id(identifier)
    except UserError as error:
        where = "the id is made of the file's path and its block's name"
        raise UserError(f"{error}: {where}") from None


def _with_atoms(blocks: Iterable[Block]) -> list[Block]:
    """Return the blocks that hold atoms. Raises UserError if there are none."""
    blocks = list(blocks)
    found = [block for block in blocks if any(block.has(tag) for tag in PLACE_TAGS)]
    if found:
        return found
    if any(block.has(_CARTESIAN_TAG) for block in blocks):
        raise UserError(
            "no atoms with _atom_site_fract_x: the file gives Cartesian coordinates, as those of "
            "macromolecules do"
        )
    raise UserError("no atoms: the file has no _atom_site_fract_x")


def _crystal(block: Block, identifier: str) -> Crystal:
    _check_block(block)
    lattice = _lattice(block)
    formula = stated_formula(block)
    sites = stated_sites(block, formula)
    settings = stated_settings(block, lattice)
    if not settings:
        _check_all_atoms_are_listed(block, formula)
        return filled_cell(block, lattice, sites, None, identifier)
    fitting: list[Setting] = []
    crystals: list[Crystal] = []
    reasons: list[str] = []
    for setting in settings:
        try:
            crystals.append(filled_cell(block, lattice, sites, setting, identifier))
            fitting.append(setting)
        except UserError as error:
            reasons.append(str(error))
    if not crystals:
        if len(set(reasons)) == 1:
            raise UserError(reasons[0])
        each = zip(settings, reasons, strict=True)
        raise UserError("; ".join(f"as {setting.name}: {reason}" for setting, reason in each))
    if len(crystals) > 1:
        names = " and ".join(setting.name for setting in fitting)
        raise UserError(
            f"origin or axes are not stated: {names} fit all that the file says; list the symmetry "
            "operations"
        )
    return crystals[0]


def _check_block(block: Block) -> None:
    if "retracted" in (block.text("_cod_error_flag"), block.text("_cod_entry_issue.severity")):
        raise UserError("retracted, as the COD says")
    if block.number("_cell_modulation_dimension") > 0 or any(map(block.has, _MODULATED_TAGS)):
        raise UserError("a modulated crystal: it has no unit cell in three dimensions")


def _lattice(block: Block) -> NDArray[np.float64]:
    """Return the cell vectors (3, 3), Angstrom, rows."""
    parameters = [block.number(f"_cell_{tag}") for tag in _CELL_TAGS]
    for tag, value in zip(_CELL_TAGS, parameters, strict=True):
        if math.isnan(value):
            raise UserError(f"no unit cell: _cell_{tag} is missing")
        edge = tag.startswith("length")
        least, most = (_SHORTEST_EDGE, _LONGEST_EDGE) if edge else (0, 180)
        if not least < value < most:
            unit = "Angstrom" if edge else "degrees"
            raise UserError(
                f"no unit cell: _cell_{tag} is {value:g}; it must be between {least:g} and "
                f"{most:g} {unit}"
            )
    lattice = np.array(gemmi.UnitCell(*parameters).orth.mat.tolist()).T
    # gemmi gives NaN for angles that no cell has.
    volume = abs(np.linalg.det(np.nan_to_num(lattice)))
    if not volume > 1e-6 * np.prod(parameters[:3]):
        angles = ", ".join(f"{angle:g}" for angle in parameters[3:])
        raise UserError(f"the unit cell has no volume: no cell has the angles {angles}")
    stated = block.number("_cell_volume")
    if abs(stated - volume) > _VOLUME_TOLERANCE * volume:
        raise UserError(
            f"the file contradicts itself: the cell has a volume of {volume:.5g} cubic Angstrom, "
            f"_cell_volume is {stated:g}"
        )
    return lattice


def _check_all_atoms_are_listed(block: Block, formula: dict[str, float]) -> None:
    """Without any statement on symmetry, the formula must show that all atoms are listed."""
    if not formula or math.isnan(block.number("_cell_formula_units_Z")):
        raise UserError(
            "the symmetry is missing, and there is no formula with _cell_formula_units_Z to tell "
            "whether all atoms of the cell are listed"
        )
