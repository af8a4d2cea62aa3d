"""Crystals from the content of CIF files, whatever the files are called.

The symmetry operations are applied to the atoms of the asymmetric unit. What the file says beside
(space group, multiplicities, formula, Z, density, volume) must agree with the atoms in the cell
that this gives; where origin or axes are not stated, it decides between the choices, or the file
is refused. Ordered crystals only; anisotropy and magnetic moments are not looked at.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.cif_elements import (
    element_of,
    elements_named,
    names_hydrogens,
    parse_formula,
)
from spacegrouper.crystals.cif_symmetry import Setting, stated_settings
from spacegrouper.crystals.cif_text import (
    MAXIMUM_BYTES,
    UNKNOWN,
    Block,
    CifError,
    cif_blocks,
    parse_number,
    path_text,
    shown,
)
from spacegrouper.crystals.crystal import Crystal, Rejection, checked_id, printable
from spacegrouper.crystals.neighbours import closer_than

STATED_SPACE_GROUP = "stated_spacegroup"  # the key in a crystal's metadata

_STAGE = "acquire"
# Refinements and programs leave 0.999 or 1.0000(3) where a site is full; a share of a percent more
# or less cannot be seen in a pattern.
_OCCUPANCY_TOLERANCE = 0.01
_SAME_PLACE = 0.3  # Angstrom; images of one atom this close are one atom, of two an error
_LONGEST_LABEL = 40  # of what is repeated in messages
_MOST_IMAGES = 100_000  # of all sites by all operations; the largest cells known have a fifth
_SHORTEST_EDGE, _LONGEST_EDGE = 0.1, 1e6  # Angstrom
_LARGEST_COORDINATE = 1e6  # beyond, too few digits are left for a position
_PLACE_DECIMALS = 4  # parts of one element whose coordinates agree in these add up
_VOLUME_TOLERANCE = 0.02
# Densities are computed from other cells and temperatures; a wrong number of atoms is further off.
_DENSITY_TOLERANCE = 0.1
_GRAMS_PER_CM3 = 1.66053907  # of one dalton in a cubic Angstrom (CODATA 2018)
_DEUTERIUM = 2.014  # dalton

_CELL_TAGS = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
_PLACE_TAGS = ("_atom_site_fract_x", "_atom_site_fract_y", "_atom_site_fract_z")
_CARTESIAN_TAG = "_atom_site_Cartn_x"
_MULTIPLICITY_TAGS = (
    "_atom_site_symmetry_multiplicity",
    "_atom_site_site_symmetry_multiplicity",
)
_WYCKOFF_TAGS = ("_atom_site_Wyckoff_symbol", "_atom_site_Wyckoff_label")
_WYCKOFF = re.compile(r"(\d*)([A-Za-z])")
_FORMULA_TAG = "_chemical_formula_sum"
_DENSITY_TAG = "_exptl_crystal_density_diffrn"
_MODULATED_TAGS = ("_space_group_ssg_name", "_space_group_symop_ssg_operation_algebraic")


@dataclass(frozen=True)
class _Site:
    """An atom of the asymmetric unit, and what the file says of its position.

    `multiplicities`: the number that each tag says, 0 for nothing; `wyckoff`: "8a", "a" or empty.
    """

    label: str
    element: str
    place: NDArray[np.float64]
    occupancy: float
    multiplicities: dict[str, float]
    wyckoff: str


def read_cif(path: Path) -> list[Crystal | Rejection]:
    """Read the crystals of one file; ids begin with the path as given. See `read_cif_content`."""
    return [record for record, _ in read_file(path, path_text(path))]


def read_cif_content(content: bytes, name: str) -> list[Crystal | Rejection]:
    """Read the crystals of a file's content, plain or packed by gzip, bzip2 or xz.

    An id is the name, or `name#block` where several data blocks hold atoms. A file or block that
    gives no ordered crystal, or that contradicts itself, is a Rejection with a reason in one line.
    `stated_spacegroup` in the metadata is the number of the space group that the file states,
    unless it is P 1, which programs write of every crystal whose atoms they list.
    """
    return [record for record, _ in _read(content, name)]


def read_file(path: Path, name: str) -> list[tuple[Crystal | Rejection, Block | None]]:
    """Read the crystals of a file as `read_cif_content` does, each with its data block."""
    if not path.is_file():  # a pipe would be waited for
        return [(Rejection(name, _STAGE, "no such file"), None)]
    try:
        with path.open("rb") as file:
            content = file.read(MAXIMUM_BYTES + 1)
    except OSError as error:
        return [(Rejection(name, _STAGE, f"the file cannot be read: {error.strerror}"), None)]
    return _read(content, name)


def _read(content: bytes, name: str) -> list[tuple[Crystal | Rejection, Block | None]]:
    try:
        blocks = _with_atoms(cif_blocks(content))
    # gemmi and the unpackers fail in many ways, and one bad file must not stop a run.
    except Exception as error:
        return [(Rejection(name, _STAGE, _reason(error)), None)]
    records: list[tuple[Crystal | Rejection, Block | None]] = []
    for block in blocks:
        identifier = f"{name}#{printable(block.name)}" if len(blocks) > 1 else name
        try:
            _check_id(identifier)
            records.append((_crystal(block, identifier), block))
        except Exception as error:
            records.append((Rejection(identifier, _STAGE, _reason(error)), None))
    return records


def _reason(error: Exception) -> str:
    """Return our own words; those of libraries and of Python are not for users."""
    if isinstance(error, CifError):
        return str(error)
    return f"cannot be read as a CIF file ({type(error).__name__})"


def _check_id(identifier: str) -> None:
    try:
        checked_id(identifier)
    except ValueError as error:
        raise CifError(f"{error}: the id is made of the file's path and its block's name") from None


def _with_atoms(blocks: Iterable[Block]) -> list[Block]:
    """Return the blocks that hold atoms. Raises CifError if there are none."""
    blocks = list(blocks)
    found = [block for block in blocks if any(block.has(tag) for tag in _PLACE_TAGS)]
    if found:
        return found
    if any(block.has(_CARTESIAN_TAG) for block in blocks):
        raise CifError(
            "no atoms with _atom_site_fract_x: the file gives Cartesian coordinates, as those of "
            "macromolecules do"
        )
    raise CifError("no atoms: the file has no _atom_site_fract_x")


def _crystal(block: Block, identifier: str) -> Crystal:
    _check_block(block)
    lattice = _lattice(block)
    formula = _formula(block)
    sites = _sites(block, formula)
    settings = stated_settings(block, lattice)
    if not settings:
        _check_all_atoms_are_listed(block, formula)
        return _filled(block, lattice, sites, None, identifier)
    fitting: list[Setting] = []
    crystals: list[Crystal] = []
    reasons: list[str] = []
    for setting in settings:
        try:
            crystals.append(_filled(block, lattice, sites, setting, identifier))
            fitting.append(setting)
        except CifError as error:
            reasons.append(str(error))
    if not crystals:
        if len(set(reasons)) == 1:
            raise CifError(reasons[0])
        each = zip(settings, reasons, strict=True)
        raise CifError("; ".join(f"as {setting.name}: {reason}" for setting, reason in each))
    if len(crystals) > 1:
        names = " and ".join(setting.name for setting in fitting)
        raise CifError(
            f"origin or axes are not stated: {names} fit all that the file says; list the symmetry "
            "operations"
        )
    return crystals[0]


def _check_block(block: Block) -> None:
    if "retracted" in (block.text("_cod_error_flag"), block.text("_cod_entry_issue.severity")):
        raise CifError("retracted, as the COD says")
    if block.number("_cell_modulation_dimension") > 0 or any(map(block.has, _MODULATED_TAGS)):
        raise CifError("a modulated crystal: it has no unit cell in three dimensions")


def _lattice(block: Block) -> NDArray[np.float64]:
    """Return the cell vectors (3, 3), Angstrom, rows."""
    parameters = [block.number(f"_cell_{tag}") for tag in _CELL_TAGS]
    for tag, value in zip(_CELL_TAGS, parameters, strict=True):
        if math.isnan(value):
            raise CifError(f"no unit cell: _cell_{tag} is missing")
        edge = tag.startswith("length")
        least, most = (_SHORTEST_EDGE, _LONGEST_EDGE) if edge else (0, 180)
        if not least < value < most:
            unit = "Angstrom" if edge else "degrees"
            raise CifError(
                f"no unit cell: _cell_{tag} is {value:g}; it must be between {least:g} and "
                f"{most:g} {unit}"
            )
    lattice = np.array(gemmi.UnitCell(*parameters).orth.mat.tolist()).T
    # gemmi gives NaN for angles that no cell has.
    volume = abs(np.linalg.det(np.nan_to_num(lattice)))
    if not volume > 1e-6 * np.prod(parameters[:3]):
        angles = ", ".join(f"{angle:g}" for angle in parameters[3:])
        raise CifError(f"the unit cell has no volume: no cell has the angles {angles}")
    stated = block.number("_cell_volume")
    if abs(stated - volume) > _VOLUME_TOLERANCE * volume:
        raise CifError(
            f"the file contradicts itself: the cell has a volume of {volume:.5g} cubic Angstrom, "
            f"_cell_volume is {stated:g}"
        )
    return lattice


def _formula(block: Block) -> dict[str, float]:
    """Return the amounts in the formula; none if there is none, or in no usual form."""
    texts = block.values(_FORMULA_TAG)
    formulas = [parse_formula(text) for text in texts]
    if any(formula != formulas[0] for formula in formulas):
        raise CifError(
            f"{_FORMULA_TAG} is given twice, as {shown(texts[0])} and as {shown(texts[1])}"
        )
    return formulas[0] if formulas else {}


def _sites(block: Block, formula: Collection[str]) -> list[_Site]:
    """Return the atoms listed, without dummies and places that are not occupied."""
    table = block.table(next(tag for tag in _PLACE_TAGS if block.has(tag)))
    for tag in _PLACE_TAGS:
        if tag.lower() not in table:
            raise CifError(f"no coordinates: the list of atoms has no {tag}")
    rows = [dict(zip(table, values, strict=True)) for values in zip(*table.values(), strict=True)]
    rows = [row for row in rows if row.get("_atom_site_calc_flag", "").lower() != "dum"]
    sites = [_site(row, formula) for row in rows]
    sites = _merged([site for site in sites if site.occupancy != 0])
    if not sites:
        raise CifError("no atoms: the list of atoms is empty")
    for site in sites:
        if abs(site.occupancy - 1) > _OCCUPANCY_TOLERANCE:
            raise CifError(
                f"partial occupancy: site {site.label} is occupied {site.occupancy:g} times"
            )
    groups = {row.get("_atom_site_disorder_group", "") for row in rows} - {"", ".", "?", "0"}
    # A negative group is one of several about an element of symmetry.
    if len(groups) > 1 or any(group.startswith("-") for group in groups):
        raise CifError("disorder: the file gives alternative groups of atoms")
    if not formula:
        _check_hydrogens(rows, sites)
    return sites


def _site(row: dict[str, str], formula: Collection[str]) -> _Site:
    label, type_symbol = (
        "" if row.get(tag, "") in UNKNOWN else row[tag][:_LONGEST_LABEL]
        for tag in ("_atom_site_label", "_atom_site_type_symbol")
    )
    name = label or type_symbol
    place = []
    for tag in _PLACE_TAGS:
        text = row[tag.lower()]
        place.append(parse_number(text))
        if math.isnan(place[-1]):
            # A dot is "not applicable", by definition; a few programs write it for 0.
            meant = "; write 0 if that is meant" if text == "." else ""
            raise CifError(f"site {name} has no coordinates: {tag} is {shown(text)}{meant}")
        if abs(place[-1]) > _LARGEST_COORDINATE:
            raise CifError(f"site {name}: {tag} is {shown(text)}, too large for a place in a cell")
    occupancy = _number(row, "_atom_site_occupancy", name, absent=1)
    if occupancy < 0:
        raise CifError(f"site {name} is occupied {occupancy:g} times")
    multiplicities = {tag: _number(row, tag, name, absent=0) for tag in _MULTIPLICITY_TAGS}
    wyckoff = next((text for tag in _WYCKOFF_TAGS if (text := row.get(tag.lower(), ""))), "")
    element = element_of(label, type_symbol, formula)
    return _Site(name, element, np.array(place), occupancy, multiplicities, wyckoff)


def _number(row: dict[str, str], tag: str, name: str, absent: float) -> float:
    """Return a number of a site, or what stands for one that is absent or unknown."""
    text = row.get(tag.lower(), "")
    if text in UNKNOWN:
        return absent
    if math.isnan(number := parse_number(text)):
        raise CifError(f"{tag} of site {name} is {shown(text)}, not a number")
    return number


def _merged(sites: list[_Site]) -> list[_Site]:
    """Add up the parts of a place that one element has, such as Fe2+ and Fe3+."""
    merged: dict[tuple[object, ...], _Site] = {}
    for number, site in enumerate(sites):
        # Sites that are full stay on their own: two on one place are an error.
        key: tuple[object, ...] = (number,)
        if site.occupancy < 1 - _OCCUPANCY_TOLERANCE:
            key = (site.element, *np.round(site.place % 1, _PLACE_DECIMALS) % 1)
        if key in merged:
            site = replace(site, occupancy=site.occupancy + merged[key].occupancy)
        merged[key] = site
    return list(merged.values())


def _check_hydrogens(rows: list[dict[str, str]], sites: list[_Site]) -> None:
    """Look for hydrogens without places, which a formula would tell."""
    for row in rows:
        name = row.get("_atom_site_label", "")
        if _number(row, "_atom_site_attached_hydrogens", name, absent=0) > 0:
            raise CifError("atoms are missing: the file names hydrogens without their places")
        named = names_hydrogens(name, row.get("_atom_site_type_symbol", ""))
        if named and not any(site.element == "H" for site in sites):
            raise CifError(
                f"atoms are missing: site {name} has the name of a group with hydrogens, and the "
                "file has none"
            )


def _check_all_atoms_are_listed(block: Block, formula: dict[str, float]) -> None:
    """Without any statement on symmetry, the formula must show that all atoms are listed."""
    if not formula or math.isnan(block.number("_cell_formula_units_Z")):
        raise CifError(
            "the symmetry is missing, and there is no formula with _cell_formula_units_Z to tell "
            "whether all atoms of the cell are listed"
        )


def _filled(
    block: Block,
    lattice: NDArray[np.float64],
    sites: list[_Site],
    setting: Setting | None,
    identifier: str,
) -> Crystal:
    """Return the crystal with all atoms of a cell. Raises CifError if the file contradicts it."""
    operations = np.eye(4)[None] if setting is None else setting.matrices()
    if len(sites) * len(operations) > _MOST_IMAGES:
        raise CifError(
            f"too many atoms: {len(sites)} sites, each with up to {len(operations)} images by "
            f"symmetry (at most {_MOST_IMAGES} in all)"
        )
    images = [_images(site, operations, lattice) for site in sites]
    species = tuple(
        site.element for site, places in zip(sites, images, strict=True) for _ in places
    )
    frac_coords = np.concatenate(images)
    counts = [len(places) for places in images]
    _check_multiplicities(sites, counts, len(operations))
    if setting is not None:
        _check_wyckoff_positions(sites, counts, setting)
    pair = closer_than(lattice, frac_coords, _SAME_PLACE)
    if pair:
        raise CifError(
            f"two atoms ({species[pair[0]]} and {species[pair[1]]}) are on one place: "
            "partial occupancy, or symmetry operations that do not belong to the atoms"
        )
    _check_formula(block, species)
    _check_density(block, species, lattice)
    stated = {} if setting is None or setting.number == 1 else {STATED_SPACE_GROUP: setting.number}
    return Crystal(identifier, lattice, species, frac_coords, stated)


def _images(
    site: _Site, operations: NDArray[np.float64], lattice: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Apply operations (n, 4, 4) to a site; return its different images, (m, 3) in [0, 1)."""
    images: NDArray[np.float64] = operations[:, :3, :3] @ site.place + operations[:, :3, 3]
    images -= np.floor(images)
    # As the operations are a group, each image has the others at the distances that the first has.
    if _near(images[:1], images, lattice)[0].sum() == 1:
        return images
    # On a special position several operations lead to the same place.
    same = _near(images, images, lattice)
    different = np.ones(len(images), dtype=bool)
    for index in range(len(images)):
        if different[index]:
            different[index + 1 :] &= ~same[index, index + 1 :]
    kept: NDArray[np.float64] = images[different]
    if (same.sum(axis=1) * len(kept) != len(images)).any():
        raise CifError(
            f"site {site.label} is near a special position, but not so near that it is on it: its "
            f"{len(images)} images are {len(kept)} atoms, and not as many each"
        )
    # Coordinates are rounded, as 0.33 for a third; the middle of the images is the position.
    apart = images - kept[:, None]
    apart -= np.round(apart)
    apart *= same[different][:, :, None]
    kept += apart.sum(axis=1) / same[different].sum(axis=1)[:, None]
    middle: NDArray[np.float64] = kept - np.floor(kept)
    return middle


def _near(
    places: NDArray[np.float64], others: NDArray[np.float64], lattice: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Tell which places (n, 3) and others (m, 3) are the same place of the crystal: (n, m)."""
    apart = places[:, None] - others
    apart -= np.round(apart)
    near: NDArray[np.bool_] = np.linalg.norm(apart @ lattice, axis=2) <= _SAME_PLACE
    return near


def _check_multiplicities(sites: list[_Site], counts: list[int], operations: int) -> None:
    for tag in _MULTIPLICITY_TAGS:
        stated = [site.multiplicities[tag] for site in sites]
        meanings = [counts]
        if tag == _MULTIPLICITY_TAGS[0]:
            # SHELXL wrote the order of the site's symmetry under this name for many years.
            meanings.append([operations // count for count in counts])
        wrong = [
            [place for place, value in enumerate(stated) if value and value != meant[place]]
            for meant in meanings
        ]
        if all(wrong):
            place = wrong[0][0]
            raise CifError(
                f"the file contradicts itself: site {sites[place].label} is {counts[place]} atoms "
                f"of the cell by the space group, and {stated[place]:g} by {tag}"
            )


def _check_wyckoff_positions(sites: list[_Site], counts: list[int], setting: Setting) -> None:
    """Compare by their multiplicities: the letters themselves depend on the origin."""
    if not any(_WYCKOFF.fullmatch(site.wyckoff) for site in sites):
        return
    # Only here: it imports much of pymatgen.
    from pymatgen.analysis.prototypes import WYCKOFF_MULTIPLICITY_DICT

    letters = WYCKOFF_MULTIPLICITY_DICT[str(setting.number)]
    # Cells of other lattices, as with rhombohedral axes, hold another number of all of them.
    scale = len(setting.operations) / max(letters.values())
    for site, count in zip(sites, counts, strict=True):
        match = _WYCKOFF.fullmatch(site.wyckoff)
        if match is None:
            continue
        stated = letters.get(match[2], letters.get(match[2].lower(), 0)) * scale
        if stated != count or (match[1] and int(match[1]) != count):
            raise CifError(
                f"the file contradicts itself: site {site.label} is {count} atoms of the cell, but "
                f"is said to be on Wyckoff position {site.wyckoff} of {setting.name}"
            )


def _check_formula(block: Block, species: Sequence[str]) -> None:
    """Compare the atoms with the formula and number of formula units, where the file has them."""
    stated = _formula(block)
    found = Counter(species)
    if not stated:
        text = block.text(_FORMULA_TAG)
        if missing := elements_named(text) - found.keys():
            names = " and ".join(sorted(missing))
            raise CifError(
                f"atoms are missing: the formula {shown(text)} has {names}, the list of atoms has "
                "none"
            )
        return
    units = len(species) / sum(stated.values())
    expected_units = block.number("_cell_formula_units_Z")
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
    formula = block.text(_FORMULA_TAG)
    times = "" if math.isnan(expected_units) else f" (Z = {expected_units:g})"
    raise CifError(
        f"the atoms in the cell, {in_cell}, do not add up to the formula {shown(formula)}{times}: "
        "atoms are missing or in excess"
    )


def _check_density(block: Block, species: Sequence[str], lattice: NDArray[np.float64]) -> None:
    """Compare the atoms with the density computed by the authors, if the file has it."""
    stated = block.number(_DENSITY_TAG)
    if math.isnan(stated):
        return
    to_density = _GRAMS_PER_CM3 / abs(np.linalg.det(lattice))
    mass = sum(gemmi.Element(element).weight for element in species)
    # Any hydrogen may have been deuterium.
    heaviest = mass + species.count("H") * (_DEUTERIUM - gemmi.Element("H").weight)
    # The unit is g/cm3, but kg/m3 occurs.
    if not any(
        mass * to_density * (1 - _DENSITY_TOLERANCE)
        <= value
        <= heaviest * to_density * (1 + _DENSITY_TOLERANCE)
        for value in (stated, stated / 1000)
    ):
        raise CifError(
            f"the file contradicts itself: the atoms in the cell have a density of "
            f"{mass * to_density:.3g} g/cm3, {_DENSITY_TAG} is {stated:g}"
        )
