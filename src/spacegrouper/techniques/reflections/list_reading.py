"""From the files that people have to a reflection list."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.list_format import LIST_FORMATS
from spacegrouper.crystals.cif_text import path_text
from spacegrouper.crystals.text_files import content_of, unpacked, unpacked_path
from spacegrouper.errors import UserError
from spacegrouper.techniques.powder_rows import holds_powder_rows
from spacegrouper.techniques.reflections.list_checks import (
    absurd,
    check_intensities,
    possible,
    scaled,
)
from spacegrouper.techniques.reflections.list_file import (
    LARGEST_INDEX,
    Content,
    FromFile,
    Instructions,
    Measured,
    Quantity,
)
from spacegrouper.techniques.reflections.lists.shared.cells import (
    cell_from_text,
    cell_words,
    differ,
)
from spacegrouper.techniques.reflections.other_lists import other_list
from spacegrouper.techniques.reflections.reflection_list import ReflectionList, are_merged

Role = Literal["list", "list and structure", "structure", "companion"]

MAXIMUM_BYTES = 200_000_000  # as it is and unpacked

_FEWEST = 10  # reflections
_KEPT = 0.4  # of the strong reflections by a transformation; half where a superlattice is left out
_WHOLE = 1e-3  # of an index after a transformation; matrices have thirds as 0.3333


def read_reflection_list(paths: Sequence[Path], cell: str | None = None) -> ReflectionList:
    """Read the reflections of one crystal from a file, or from several that belong together.

    Beside a list of SHELX without instructions, .ins and .res of the same name are read too, or
    else .p4p.

    Args:
        paths: a file with reflections, and others with what it does not say.
        cell: `a,b,c,alpha,beta,gamma`, Angstrom and degrees.

    Raises:
        UserError: what cannot be read, is missing or contradicts itself, in one line.
    """
    parts = {path_text(path): _read(path) for path in paths}
    lists = [name for name, part in parts.items() if part.reflections is not None]
    if len(lists) != 1:
        names = ", ".join(lists or parts)
        what = "several lists of reflections" if lists else "no reflections"
        raise UserError(f"{names}: {what}; give one file with reflections, {_formats()}")
    name, notes = lists[0], []
    measured = parts[name].reflections
    assert measured is not None
    if measured.quantity is None and all(part.instructions is None for part in parts.values()):
        for path in _beside(next(path for path in paths if path_text(path) == name)):
            parts[path_text(path)] = _read(path)
            notes.append(f"{path_text(path)} is beside the list, and read with it")
    if cell is not None:
        parts[f"--cell {cell}"] = FromFile(cell=cell_from_text(cell))
    embedded = parts[name].embedded
    if embedded is not None:
        _add_embedded(parts, name, embedded, notes)
    _check_agreement(parts)
    try:
        return _assembled(measured, parts, notes)
    except UserError as error:
        raise UserError(f"{name}: {error}") from None


def list_content(path: Path) -> Content:
    """Read a file that may be a list of reflections.

    Raises:
        UserError: it cannot be read or unpacked, or is larger than MAXIMUM_BYTES.
    """
    name = path_text(path)
    return Content(name, unpacked(content_of(path, MAXIMUM_BYTES), MAXIMUM_BYTES, name))


def role_of(content: Content) -> Role | None:
    """Tell what a file is to reflection lists; nothing of one that is of no format of theirs."""
    known = next((one for one in LIST_FORMATS if one.recognises(content)), None)
    if known is None:
        return None
    if known.has_structure(content):
        return "list and structure" if known.has_reflections(content) else "structure"
    return "list" if known.has_reflections(content) else "companion"


def _read(path: Path) -> FromFile:
    name = path_text(path)
    try:
        content = list_content(path)
        if not content.data.strip():
            raise UserError("the file is empty")
        for known in LIST_FORMATS:
            if known.recognises(content):
                return known.read(content)
        raise UserError(_unknown(content))
    except UserError as error:
        raise UserError(f"{name}: {str(error).removeprefix(f'{name}: ')}") from None


def _unknown(content: Content) -> str:
    lines = [line.split() for line in content.text.split("\n", 100)[:100]]
    filled = [words for words in lines if words and words[0][0] not in "#!;'"]
    columns = len(filled) > 1 and all(
        2 <= len(words) <= 3 and _numeric(words) for words in filled[1:]
    )
    if columns or holds_powder_rows(content.text):
        return (
            "a measured diffractogram of a powder, whose reflections overlap; give the reflections "
            f"of a single crystal, as {_formats()}"
        )
    suffix = unpacked_path(Path(content.name)).suffix.lower()
    return other_list(content.text, suffix) or (
        f"no reflections in a format that is known; give {_formats()}"
    )


def _formats() -> str:
    return ", ".join(known.words for known in LIST_FORMATS)


def _numeric(words: list[str]) -> bool:
    try:
        return all(np.isfinite(float(word)) for word in words)
    except ValueError:
        return False


def _beside(path: Path) -> list[Path]:
    """Return SHELX's instructions of the same name, or Bruker's file: its axes may be others."""
    path = unpacked_path(path)
    if path.suffix.lower() != ".hkl":
        return []
    for ends in ((".ins", ".res"), (".p4p",)):
        # Where names are the same in any case, so are these two files.
        written = [str.upper, str.lower] if path.suffix.isupper() else [str.lower, str.upper]
        files = [[path.with_suffix(change(end)) for change in written] for end in ends]
        found = [next((file for file in pair if file.is_file()), None) for pair in files]
        if there := [file for file in found if file is not None]:
            return there
    return []


def _add_embedded(
    parts: dict[str, FromFile], name: str, embedded: FromFile, notes: list[str]
) -> None:
    """Let instructions at the end of a list say what nothing else says."""
    cells = [part.cell for part in parts.values() if part.cell is not None]
    if cells and differ(cells[0], embedded.cell):
        notes.append(
            f"the instructions at the end of {name} have another cell, "
            f"{cell_words(embedded.cell)}; they are left out"
        )
        return
    if not cells:
        notes.append(f"the cell is that of the instructions at the end of {name}")
    parts[f"the end of {name}"] = embedded


def _check_agreement(parts: dict[str, FromFile]) -> None:
    """Raise UserError where two files differ in what both say."""
    names = list(parts)
    for place, name in enumerate(names):
        for other in names[:place]:
            one, two = parts[other], parts[name]
            if differ(one.cell, two.cell):
                raise UserError(
                    f"{other} has the cell {cell_words(one.cell)}, {name} has "
                    f"{cell_words(two.cell)}; give files of one crystal, in the same axes"
                )
            if (
                one.wavelength
                and two.wavelength
                and abs(one.wavelength / two.wavelength - 1) > 0.01
            ):
                raise UserError(
                    f"{other} has the wavelength {one.wavelength:g}, {name} has "
                    f"{two.wavelength:g}; give files of one measurement"
                )
            if one.instructions and two.instructions and one.instructions != two.instructions:
                raise UserError(
                    f"{other} and {name} have different HKLF instructions; give one of them"
                )


def _assembled(
    measured: Measured, sources: dict[str, FromFile], notes: list[str]
) -> ReflectionList:
    """Make one list of what several files say.

    Raises:
        UserError: no cell, a cell or wavelength that does not fit the reflections, or too few of
            them that can be used.
    """
    parts = list(sources.values())
    notes = [*notes, *dict.fromkeys(note for part in parts for note in part.notes)]
    cell = next((part.cell for part in parts if part.cell is not None), None)
    if cell is None:
        others = [name for name, part in sources.items() if part.reflections is None]
        raise UserError(
            f"no unit cell{', also not in ' if others else ''}{' and '.join(others)}; give the "
            ".ins, .res or CIF file that has it too, or --cell a,b,c,alpha,beta,gamma"
        )
    quantity: Quantity | None = measured.quantity
    if quantity is None:
        instructions = next((part.instructions for part in parts if part.instructions), None)
        if instructions is None:
            notes.append("nothing says whether values are F or F squared; taken as F squared")
            instructions = Instructions(4)
        quantity = "F" if instructions.code == 3 else "F squared"
        measured = _transformed(measured, instructions, notes)
    measured = scaled(replace(measured, quantity=quantity), notes)
    hkl, intensity, sigma = _usable(measured, quantity, notes)
    wavelength = next((part.wavelength for part in parts if part.wavelength), None)
    there = possible(hkl, cell, wavelength, notes)
    hkl, intensity, sigma = hkl[there], intensity[there], sigma[there]
    check_intensities(hkl, intensity, sigma, notes)
    stated = next((part for part in parts if part.symbol), FromFile())
    axes = np.array(cell)
    return ReflectionList(
        hkl=hkl,
        intensity=intensity,
        sigma=sigma,
        cell=axes,
        wavelength=wavelength,
        radiation=next(
            (part.radiation for part in parts if part.radiation != "unknown"), "unknown"
        ),
        stated_symbol=stated.symbol,
        stated_number=stated.number,
        merged=are_merged(hkl, axes),
        quantity=quantity,
        notes=tuple(notes),
    )


def _transformed(measured: Measured, instructions: Instructions, notes: list[str]) -> Measured:
    """Return reflections with the indices that HKLF's matrix gives, as the cell wants them."""
    matrix = np.array(instructions.matrix).reshape(3, 3)
    if (matrix == np.eye(3)).all():
        return measured
    if np.linalg.det(matrix) <= 0:
        raise UserError("the matrix of HKLF has no positive determinant, as SHELX demands")
    exact = measured.hkl @ matrix.T
    hkl = np.round(exact)
    whole = (np.abs(exact - hkl) <= _WHOLE * np.abs(measured.hkl).sum(axis=1, keepdims=True)).all(1)
    notes.append("indices are transformed by the matrix of HKLF")
    # To the primitive axes of a centred cell most may be left out, but these are absent ones.
    strong = measured.values > 3 * measured.sigma
    if whole[strong].sum() < _KEPT * strong.sum():
        raise UserError(
            f"of {strong.sum()} reflections above 3 sigma the matrix of HKLF gives "
            f"{(strong & ~whole).sum()} no whole indices; check the matrix"
        )
    if not whole.all():
        notes.append(
            f"reflections left out, as the matrix gives no whole indices: {(~whole).sum()}"
        )
    return Measured(
        hkl[whole].astype(np.int32), measured.values[whole], measured.sigma[whole], None
    )


def _intensities(
    measured: Measured, kept: NDArray[np.bool_], quantity: Quantity, notes: list[str]
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """Return indices, intensities and their sigma of those that are kept.

    A negative F stands for a negative intensity. Near F = 0, where 2 F sigma would be no
    uncertainty at all, that of F^2 is about sigma^2.
    """
    hkl, values, sigma = measured.hkl[kept], measured.values[kept], measured.sigma[kept]
    if quantity != "F":
        return hkl, values, sigma
    notes.append("the values are F: squared, with sigma(F^2) = 2 F sigma(F), at least sigma(F)^2")
    size = np.abs(values)
    return hkl, values * size, np.maximum(2 * size * sigma, sigma**2)


def _usable(
    measured: Measured, quantity: Quantity, notes: list[str]
) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """Return intensities of what is a measurement; leave out and count what is none.

    Raises:
        UserError: most reflections are left out, or too few are left.
    """
    hkl = measured.hkl
    number = np.isfinite(measured.values) & np.isfinite(measured.sigma)
    positive = ~number | (measured.sigma > 0)
    direct = ~hkl.any(axis=1)
    beyond = absurd(measured)
    kept = number & positive & ~direct & ~beyond
    for faults, words in (
        (~number, "their intensity or sigma is no number"),
        (~positive, "their sigma is 0 or below"),
        (direct, "they are 0 0 0"),
        (beyond, "their value or sigma is beyond all others by far"),
    ):
        if faults.any():
            notes.append(f"reflections left out, as {words}: {faults.sum()}")
    if 2 * kept.sum() < len(hkl):
        raise UserError(
            f"of {len(hkl)} reflections {len(hkl) - kept.sum()} have no sigma above 0, are no "
            "numbers or beyond all others by far; give intensities with standard uncertainties"
        )
    if kept.sum() < _FEWEST:
        raise UserError(f"{kept.sum()} reflections, which say nothing; give at least {_FEWEST}")
    if np.abs(hkl).max() > LARGEST_INDEX:
        raise UserError(f"an index is beyond {LARGEST_INDEX}: columns are out of place")
    return _intensities(measured, kept, quantity, notes)
