"""Crystals from a folder of CIF files, such as a mirror of the Crystallography Open Database (COD).

Reads the atoms of the asymmetric unit with gemmi and applies the symmetry operations of the file.
Ordered crystals only; anisotropy and magnetic structures are not looked at.
"""

import gzip
import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.neighbours import closer_than
from spacegrouper.crystals.processes import map_in_order
from spacegrouper.errors import UserError

_STAGE = "acquire"
_OCCUPANCY_TOLERANCE = 1e-3
_SAME_PLACE = 0.3  # Angstrom; images of one atom this close are one atom, of two an error
_CELL_TAGS = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
_SYMMETRY_TAGS = (
    "_space_group_name_H-M_alt",
    "_symmetry_space_group_name_H-M",
    "_space_group_name_Hall",
    "_symmetry_space_group_name_Hall",
    "_space_group_IT_number",
    "_symmetry_Int_Tables_number",
)
_DUPLICATE_TAGS = (
    "_cod_duplicate_entry",
    "_cod_related_duplicate_entry_code",
    "_cod_related_duplicate_entry.code",
    "_[local]_cod_duplicate_entry",
)
_CONTROL_CHARACTERS = re.compile(rb"[\x00-\x08\x0e-\x1f]")


@dataclass(frozen=True)
class _Entry:
    """A record, and what tells that another is the same: nothing of all this for a Rejection."""

    record: Crystal | Rejection
    digest: bytes = b""
    code: str = ""
    duplicate_of: str = ""


def read_cif_tree(folder: Path, processes: int = 1) -> Iterator[Crystal | Rejection]:
    """Read every `*.cif` and `*.cif.gz` below a folder, sorted by path.

    A crystal's id is the file's path in the folder, and `path#name` where several data blocks of
    the file hold atoms. A file or block that gives no ordered crystal becomes a Rejection, and so
    does a crystal that an earlier one in this order has with the same numbers, the same COD number
    or, as the COD says, as its duplicate. The number of processes does not change the result.
    Raises UserError for a folder that is missing or holds no CIF file.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; check `acquire.path`")
    names = {path.relative_to(folder).as_posix() for path in cif_files(folder)}
    if not names:
        raise UserError(f"{folder}: no *.cif or *.cif.gz in it; check `acquire.path`")
    files = map_in_order(partial(_read_file, folder), sorted(names), processes)
    yield from _without_duplicates(entry for entries in files for entry in entries)


def read_cif(path: Path) -> list[Crystal | Rejection]:
    """Read the crystals of one file as those of a tree are; ids begin with the path as given."""
    return [entry.record for entry in _read_file(Path(), str(path))]


def cif_files(folder: Path) -> list[Path]:
    """Return the CIF files below a folder, in no particular order."""
    return [
        path
        for pattern in ("*.cif", "*.cif.gz")
        for path in folder.rglob(pattern)
        if path.is_file()
    ]


def _without_duplicates(entries: Iterable[_Entry]) -> Iterator[Crystal | Rejection]:
    """Reject every crystal that is the same as an earlier one, as `read_cif_tree` describes."""
    by_digest: dict[bytes, str] = {}
    by_code: dict[str, str] = {}
    # The COD marks one of two duplicates, not always the later.
    marked_by: dict[str, str] = {}
    for entry in entries:
        record = entry.record
        if isinstance(record, Rejection):
            yield record
            continue
        if (first := by_digest.get(entry.digest)) is not None:
            why = "the same cell and atoms"
        elif (first := by_code.get(entry.code)) is not None:
            why = f"the same COD number {entry.code}"
        elif (first := by_code.get(entry.duplicate_of) or marked_by.get(entry.code)) is not None:
            why = "so the COD says"
        if first is not None:
            yield Rejection(record.id, _STAGE, f"duplicate of {first}: {why}")
            continue
        by_digest[entry.digest] = record.id
        if entry.code:
            by_code[entry.code] = record.id
        if entry.duplicate_of:
            marked_by[entry.duplicate_of] = record.id
        yield record


def _read_file(folder: Path, name: str) -> list[_Entry]:
    try:
        blocks = _blocks_with_atoms(folder / name)
    # gemmi, gzip and the file system fail in many ways, and one bad file must not stop a run.
    except Exception as error:
        return [_Entry(Rejection(name, _STAGE, _reason(error)))]
    entries = []
    for block in blocks:
        identifier = f"{name}#{block.name}" if len(blocks) > 1 else name
        try:
            entries.append(_entry(block, identifier))
        except Exception as error:
            entries.append(_Entry(Rejection(identifier, _STAGE, _reason(error))))
    return entries


def _entry(block: gemmi.cif.Block, identifier: str) -> _Entry:
    crystal = _crystal(block, identifier)
    numbers = crystal.lattice.tobytes() + crystal.frac_coords.tobytes()
    digest = hashlib.sha256(" ".join(crystal.species).encode() + numbers).digest()[:16]
    marks = (_text(block, tag) for tag in _DUPLICATE_TAGS)
    return _Entry(
        crystal, digest, _text(block, "_cod_database_code"), next((m for m in marks if m), "")
    )


def _text(block: gemmi.cif.Block, tag: str) -> str:
    """Return the first value of a tag, empty where it is absent, unknown or does not apply."""
    values = [gemmi.cif.as_string(value) for value in block.find_values(tag)]
    return values[0] if values else ""


def _reason(error: Exception) -> str:
    if isinstance(error, EOFError | gzip.BadGzipFile):
        return "the gzip data are damaged or cut short"
    return " ".join(str(error).split()) or f"cannot be read: {type(error).__name__}"


def _blocks_with_atoms(path: Path) -> list[gemmi.cif.Block]:
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    if not content.strip():
        raise ValueError("the file is empty")
    if _CONTROL_CHARACTERS.search(content):
        raise ValueError("the file is binary, not text")
    try:
        # Old files have authors' names in other encodings; they play no role here.
        document = gemmi.cif.read_string(content.decode("utf-8", errors="replace"))
    except (ValueError, RuntimeError) as error:
        raise ValueError(f"not a valid CIF file, or cut short: {error}") from None
    blocks = [block for block in document if block.find_values("_atom_site_fract_x")]
    if not blocks:
        raise ValueError("no atoms: the file has no _atom_site_fract_x")
    return blocks


def _crystal(block: gemmi.cif.Block, identifier: str) -> Crystal:
    _check_block(block)
    lattice = _lattice(block)
    small = gemmi.make_small_structure_from_block(block)
    if len(small.sites) == 0:
        raise ValueError("no atoms")
    _check_sites(small)
    operations = np.array([operation.float_seitz() for operation in _operations(block, small)])
    species: list[str] = []
    places: list[NDArray[np.float64]] = []
    for site in small.sites:
        images = _images(np.array(site.fract.tolist()), operations, lattice)
        element = "H" if site.element.name == "D" else site.element.name
        species.extend([element] * len(images))
        places.append(images)
    frac_coords = np.concatenate(places)
    pair = closer_than(lattice, frac_coords, _SAME_PLACE)
    if pair:
        raise ValueError(
            f"two atoms ({species[pair[0]]} and {species[pair[1]]}) are on one place: "
            "partial occupancy, or symmetry operations that do not belong to the atoms"
        )
    _check_formula(block, species)
    _check_symmetry_stated(block, small)
    return Crystal(identifier, lattice, tuple(species), frac_coords)


def _check_block(block: gemmi.cif.Block) -> None:
    if "retracted" in (_text(block, "_cod_error_flag"), _text(block, "_cod_entry_issue.severity")):
        raise ValueError("retracted, as the COD says")
    if _number(block, "_cell_modulation_dimension") > 0:
        raise ValueError("a modulated crystal: it has no unit cell in three dimensions")


def _lattice(block: gemmi.cif.Block) -> NDArray[np.float64]:
    parameters = [_number(block, f"_cell_{tag}") for tag in _CELL_TAGS]
    for tag, value in zip(_CELL_TAGS, parameters, strict=True):
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"no unit cell: _cell_{tag} is missing or not a positive number")
    lattice = np.array(gemmi.UnitCell(*parameters).orth.mat.tolist()).T
    volume = abs(np.linalg.det(lattice))
    if not volume > 1e-6 * np.prod(parameters[:3]):
        raise ValueError("the unit cell has no volume: check its angles")
    return lattice


def _number(block: gemmi.cif.Block, tag: str) -> float:
    value = block.find_value(tag)
    return float(gemmi.cif.as_number(value)) if value is not None else math.nan


def _check_sites(small: gemmi.SmallStructure) -> None:
    for site in small.sites:
        if site.element.atomic_number == 0:
            name = site.type_symbol or site.label
            raise ValueError(f"unknown element {name!r} at site {site.label}")
        if not np.isfinite(site.fract.tolist()).all():
            raise ValueError(f"site {site.label} has no coordinates")
        if abs(site.occ - 1) > _OCCUPANCY_TOLERANCE:
            raise ValueError(f"partial occupancy: site {site.label} is occupied {site.occ:g} times")
    groups = {site.disorder_group for site in small.sites} - {0}
    # A negative group is one of several about an element of symmetry.
    if len(groups) > 1 or any(group < 0 for group in groups):
        raise ValueError("disorder: the file gives alternative groups of atoms")


def _operations(block: gemmi.cif.Block, small: gemmi.SmallStructure) -> list[gemmi.Op]:
    """Return the operations listed, else those of the space group named, else the identity."""
    if small.symops:
        return [gemmi.Op(triplet) for triplet in small.symops]
    if small.spacegroup is not None:
        return list(small.spacegroup.operations())
    if any(_text(block, tag) for tag in _SYMMETRY_TAGS):
        raise ValueError("the space group is not known, and no symmetry operations are listed")
    return [gemmi.Op()]


def _check_symmetry_stated(block: gemmi.cif.Block, small: gemmi.SmallStructure) -> None:
    """Without any statement on symmetry, the formula must show that all atoms are listed."""
    if small.symops or small.spacegroup is not None:
        return
    if not _text(block, "_chemical_formula_sum") or math.isnan(
        _number(block, "_cell_formula_units_Z")
    ):
        raise ValueError(
            "the symmetry is missing, and there is no formula with _cell_formula_units_Z to tell "
            "whether all atoms of the cell are listed"
        )


def _images(
    place: NDArray[np.float64], operations: NDArray[np.float64], lattice: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Apply operations (n, 4, 4) to a site (3,); return its different images, (m, 3) in [0, 1)."""
    images: NDArray[np.float64] = operations[:, :3, :3] @ place + operations[:, :3, 3]
    images -= np.floor(images)
    apart = images[:, None] - images
    apart -= np.round(apart)
    # On a special position several operations lead to the same place.
    same = np.linalg.norm(apart @ lattice, axis=2) <= _SAME_PLACE
    different = np.ones(len(images), dtype=bool)
    for index in range(len(images)):
        if different[index]:
            different[index + 1 :] &= ~same[index, index + 1 :]
    kept: NDArray[np.float64] = images[different]
    return kept


def _check_formula(block: gemmi.cif.Block, species: list[str]) -> None:
    """Compare the atoms with the formula and number of formula units, where the file has them."""
    stated = _stated_formula(block)
    if not stated:
        attached = map(gemmi.cif.as_number, block.find_values("_atom_site_attached_hydrogens"))
        if any(number > 0 for number in attached):
            raise ValueError("atoms are missing: the file names hydrogens without their places")
        return
    found = Counter(species)
    units = len(species) / sum(stated.values())
    expected_units = _number(block, "_cell_formula_units_Z")
    fits = found.keys() == stated.keys() and all(
        abs(found[element] / units - amount) < 0.01 * amount for element, amount in stated.items()
    )
    # pymatgen writes the formula of the whole cell, a multiple of Z, and Z beside it all the same.
    whole_cell = expected_units > 0 and all(
        amount % expected_units == 0 for amount in stated.values()
    )
    if fits and (
        math.isnan(expected_units)
        or abs(units - expected_units) < 0.01
        or (whole_cell and abs(units - 1) < 0.01)
    ):
        return
    in_cell = " ".join(f"{element}{found[element]}" for element in sorted(found))
    formula = _text(block, "_chemical_formula_sum")
    times = "" if math.isnan(expected_units) else f" (Z = {expected_units:g})"
    raise ValueError(
        f"the atoms in the cell, {in_cell}, do not add up to the formula {formula!r}{times}: "
        "atoms are missing or in excess"
    )


def _stated_formula(block: gemmi.cif.Block) -> dict[str, float]:
    """Return the amounts in `_chemical_formula_sum`; none if it is absent or in no usual form."""
    stated: dict[str, float] = {}
    for part in _text(block, "_chemical_formula_sum").split():
        match = re.fullmatch(r"([A-Z][a-z]?)(\d*\.?\d*)", part)
        if match is None:
            return {}
        element = "H" if match[1] == "D" else match[1]
        stated[element] = stated.get(element, 0) + float(match[2] or 1)
    return stated
