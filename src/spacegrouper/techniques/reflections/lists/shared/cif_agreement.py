"""Whether a block of a CIF agrees with itself: cell, radiation, and how many reflections it has."""

import math

import gemmi

from spacegrouper.crystals.cif_text import Block, parse_number
from spacegrouper.errors import UserError
from spacegrouper.techniques.reflections.list_file import Radiation, guessed_radiation

_SAME_VOLUME = 0.02  # relative; three edges of 0.5 %
_MISSING = 0.1  # of the reflections that a file says it has
_RADIATIONS = (
    "_diffrn_radiation_probe",
    "_diffrn_radiation_type",
    "_diffrn_radiation_pdbx_scattering_type",
    "_exptl_method",
)
_WORDS: "dict[Radiation, tuple[str, ...]]" = {
    "electron": ("electron",),
    "neutron": ("neutron",),
    "xray": ("x-ray", "xray", "k\\a", "synchrotron"),
}


def check_volume(block: Block, cell: tuple[float, ...] | None) -> None:
    """Raise UserError where a block has the cell, and `_cell_volume` is not that of it."""
    stated = parse_number(block.text("_cell_volume"))
    if cell is None or not stated > 0 or not block.has("_cell_length_a"):
        return
    volume = gemmi.UnitCell(*cell).volume
    if abs(stated / volume - 1) > _SAME_VOLUME:
        raise UserError(
            f"block {block.name}: _cell_volume is {stated:g}, and the cell beside it has "
            f"{volume:.1f}; one of them is wrong: correct it"
        )


def stated_radiation(
    block: Block, wavelength: float | None, otherwise: Radiation, notes: list[str]
) -> Radiation:
    """Return what a block says that is scattered.

    Args:
        block: it.
        wavelength: Angstrom, if known; it decides where the block says two, and where it says none.
        otherwise: what is known without the block.
        notes: a sentence is added if the wavelength decides.

    Raises:
        UserError: the block says two, and the wavelength is that of neither.
    """
    text = " ".join(block.values(*_RADIATIONS)).lower()
    stated = [name for name, words in _WORDS.items() if any(word in text for word in words)]
    if len(stated) > 1:
        # Programs made for X-rays leave their own words in a file of electrons.
        if "electron" in stated and guessed_radiation(wavelength, []) == "electron":
            notes.append(f"the file says {' and '.join(stated)}; electrons by the wavelength")
            return "electron"
        raise UserError(
            f"block {block.name}: {' and '.join(stated)} in the tags of the radiation "
            "(_diffrn_radiation_probe, _diffrn_radiation_type, _exptl_method); give one"
        )
    radiation = stated[0] if stated else otherwise
    return guessed_radiation(wavelength, notes) if radiation == "unknown" else radiation


def note_missing(block: Block, listed: int, merged: bool, notes: list[str]) -> None:
    """Note that a block lists fewer reflections than it says.

    Args:
        block: it.
        listed: reflections.
        merged: whether equivalents are listed once.
        notes: a sentence is added if reflections are missing.
    """
    tags = (
        ("_reflns_number_total",) if merged else ("_diffrn_reflns_number", "_reflns_number_total")
    )
    for tag in tags:
        stated = parse_number(block.text(tag))
        if not math.isnan(stated) and listed < (1 - _MISSING) * stated:
            notes.append(
                f"{listed} reflections are listed, and {tag} says {stated:g}: the list may be cut"
            )
            return


def note_changed(block: Block, text: str, notes: list[str]) -> None:
    """Note that SHELX's list in a block is not that whose checksum SHELXL wrote beside it.

    The sum of the letters goes through one step of a generator of random numbers, as in SHELXL.
    """
    stated = parse_number(block.text("_shelx_hkl_checksum"))
    if math.isnan(stated):
        return
    found = sum(letter for letter in text.encode() if letter > ord(" ")) % 714025
    found = (found * 1366 + 150889) % 714025 % 100000
    if stated != found:
        notes.append(
            f"_shelx_hkl_checksum is {stated:g}, and that of the list {found}: it was changed or "
            "cut since SHELXL wrote it"
        )
