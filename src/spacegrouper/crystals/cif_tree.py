"""Crystals from a folder of CIF files, such as the Crystallography Open Database's.

Reads the atoms of the asymmetric unit with gemmi and applies the symmetry operations of the file.
Ordered crystals only; anisotropy, hydrogens left out and magnetic structures are not looked at.
"""

import gzip
import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.neighbours import closer_than
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
_CONTROL_CHARACTERS = re.compile(rb"[\x00-\x08\x0e-\x1f]")


def read_cif_tree(folder: Path) -> Iterator[Crystal | Rejection]:
    """Read every `*.cif` and `*.cif.gz` below a folder, sorted by path.

    A crystal's id is the file's path in the folder, and `path#name` where several data blocks of
    the file hold atoms. A file or block that gives no ordered crystal becomes a Rejection.
    Raises UserError for a folder that is missing or holds no CIF file.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; check `acquire.path`")
    names = {path.relative_to(folder).as_posix() for path in cif_files(folder)}
    if not names:
        raise UserError(f"{folder}: no *.cif or *.cif.gz in it; check `acquire.path`")
    for name in sorted(names):
        yield from _read_file(folder / name, name)


def cif_files(folder: Path) -> list[Path]:
    """Return the CIF files below a folder, in no particular order."""
    return [
        path
        for pattern in ("*.cif", "*.cif.gz")
        for path in folder.rglob(pattern)
        if path.is_file()
    ]


def _read_file(path: Path, name: str) -> Iterator[Crystal | Rejection]:
    try:
        blocks = _blocks_with_atoms(path)
    # gemmi, gzip and the file system fail in many ways, and one bad file must not stop a run.
    except Exception as error:
        yield Rejection(name, _STAGE, _reason(error))
        return
    for block in blocks:
        identifier = f"{name}#{block.name}" if len(blocks) > 1 else name
        try:
            yield _crystal(block, identifier)
        except Exception as error:
            yield Rejection(identifier, _STAGE, _reason(error))


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
    lattice = _lattice(block)
    small = gemmi.make_small_structure_from_block(block)
    if len(small.sites) == 0:
        raise ValueError("no atoms")
    _check_sites(small)
    operations = _operations(block, small)
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
    return Crystal(identifier, lattice, tuple(species), frac_coords)


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


def _operations(block: gemmi.cif.Block, small: gemmi.SmallStructure) -> list[gemmi.Op]:
    """Return the operations listed, else those of the space group named, else the identity."""
    if small.symops:
        return [gemmi.Op(triplet) for triplet in small.symops]
    if small.spacegroup is not None:
        return list(small.spacegroup.operations())
    stated = [block.find_value(tag) for tag in _SYMMETRY_TAGS]
    if any(value not in (None, "?", ".") for value in stated):
        raise ValueError("the space group is not known, and no symmetry operations are listed")
    return [gemmi.Op()]


def _images(
    place: NDArray[np.float64], operations: list[gemmi.Op], lattice: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Apply the operations to one site (3,); return its different images, (m, 3) in [0, 1)."""
    different: list[NDArray[np.float64]] = []
    for operation in operations:
        matrix = np.array(operation.float_seitz())
        image = matrix[:3, :3] @ place + matrix[:3, 3]
        image -= np.floor(image)
        apart = np.array(different).reshape(-1, 3) - image
        apart -= np.round(apart)
        # On a special position several operations lead to the same place.
        if (np.linalg.norm(apart @ lattice, axis=1) > _SAME_PLACE).all():
            different.append(image)
    return np.array(different)


def _check_formula(block: gemmi.cif.Block, species: list[str]) -> None:
    """Compare the atoms with the formula and number of formula units, where the file has them."""
    text = block.find_value("_chemical_formula_sum")
    stated: dict[str, float] = {}
    for part in gemmi.cif.as_string(text).split() if text is not None else []:
        match = re.fullmatch(r"([A-Z][a-z]?)(\d*\.?\d*)", part)
        if match is None:  # `?`, or a formula in no standard form: nothing to compare with
            return
        element = "H" if match[1] == "D" else match[1]
        stated[element] = stated.get(element, 0) + float(match[2] or 1)
    if not stated:
        return
    found = Counter(species)
    units = len(species) / sum(stated.values())
    expected_units = _number(block, "_cell_formula_units_Z")
    fits = found.keys() == stated.keys() and all(
        abs(found[element] / units - amount) < 0.01 * amount for element, amount in stated.items()
    )
    # pymatgen writes the formula of the whole cell, and Z beside it all the same.
    if fits and (
        math.isnan(expected_units) or min(abs(units - expected_units), abs(units - 1)) < 0.01
    ):
        return
    in_cell = " ".join(f"{element}{found[element]}" for element in sorted(found))
    formula = gemmi.cif.as_string(text)
    times = "" if math.isnan(expected_units) else f" (Z = {expected_units:g})"
    raise ValueError(
        f"the atoms in the cell, {in_cell}, do not add up to the formula {formula!r}{times}: "
        "atoms are missing or in excess"
    )
