"""SHELX's instructions (.ins, .res), as far as they belong to a list of reflections."""

import math
import re
from collections.abc import Iterator

import gemmi

from spacegrouper.errors import UserError
from spacegrouper.techniques.reflections.list_file import (
    FromFile,
    Instructions,
    Radiation,
    guessed_radiation,
    known_wavelength,
)
from spacegrouper.techniques.reflections.lists.shared.cells import checked_cell

# Of LATT: lattice points beside the origin.
_CENTRINGS = {
    1: (), 2: ("1/2,1/2,1/2",), 3: ("2/3,1/3,1/3", "1/3,2/3,2/3"),
    4: ("0,1/2,1/2", "1/2,0,1/2", "1/2,1/2,0"), 5: ("0,1/2,1/2",), 6: ("1/2,0,1/2",),
    7: ("1/2,1/2,0",),
}  # fmt: skip
_REFUSED = {
    1: "condensed data of SHELX-76",
    2: "a Laue photograph of many wavelengths",
    5: "overlapping reflections of twin components; give those of one component, or detwinned, "
    "as HKLF 4",
    6: "sums of overlapping reflections, as of a powder; they say nothing of single reflections",
}
# The first number is the wavelength; Bruker's .p4p begins otherwise, and its CELL has none.
_CELL = re.compile(r"\A(?!\s*FILEID\s).*^CELL\s", re.IGNORECASE | re.MULTILINE | re.DOTALL)


_OTHERS = re.compile(
    r"\A(?!\s*FILEID\s)(?=.*^(LATT|SYMM|SFAC)\s).*^HKLF\s", re.IGNORECASE | re.MULTILINE | re.DOTALL
)


def has_instructions(text: str) -> bool:
    """Tell whether a text has an instruction CELL."""
    return _CELL.match(text) is not None


def has_other_instructions(text: str) -> bool:
    """Tell whether a text has instructions of SHELX, with CELL or without."""
    return _OTHERS.match(text) is not None


def read_instructions(text: str, first_line: int = 1) -> FromFile:
    """Read cell, wavelength, symmetry and HKLF.

    Args:
        text: with line ends of one kind.
        first_line: its number in the file.

    Raises:
        UserError: an instruction cannot be read, or asks for what is not taken.
    """
    found: dict[str, tuple[int, list[str]]] = {}
    symmetry: list[str] = []
    for line, word, values in _instructions(text, first_line):
        if word == "END":
            break
        if word in ("CELL", "HKLF"):
            _check_second(word, line, values, found.get(word))
        if word == "SYMM":
            symmetry.append("".join(values))
        else:
            found.setdefault(word, (line, values))
    notes: list[str] = []
    cell, wavelength = None, None
    if "CELL" in found:
        line, values = found["CELL"]
        numbers = _numbers(line, "CELL", values)
        if len(numbers) < 7:
            raise UserError(
                f"line {line}: CELL has {len(numbers)} numbers; give the wavelength, three edges "
                "and three angles"
            )
        cell = checked_cell(numbers[1:7], f"line {line}: CELL")
        wavelength = known_wavelength(numbers[0], f"CELL in line {line}", notes)
    if "TWIN" in found:
        notes.append("the instructions treat the crystal as a twin (TWIN)")
    symbol, number = None, None
    if "LATT" in found or symmetry:
        symbol, number = _space_group(found.get("LATT", (0, ["1"]))[1], symmetry, notes)
    radiation: Radiation = "neutron" if "NEUT" in found else guessed_radiation(wavelength, notes)
    instructions = _hklf(*found["HKLF"], notes) if "HKLF" in found else None
    return FromFile(
        cell=cell,
        wavelength=wavelength,
        radiation=radiation,
        symbol=symbol,
        number=number,
        instructions=instructions,
        notes=tuple(notes),
    )


def _instructions(text: str, first_line: int) -> Iterator[tuple[int, str, list[str]]]:
    """Yield the line, the word and the values of each.

    After `=` at its end, an instruction goes on in the next line, which begins with a blank; other
    lines that do so are comments.
    """
    start, gathered, open_ended = 0, "", False
    for line, content in enumerate([*text.split("\n"), "END"], start=first_line):
        content = content.split("!")[0].rstrip()
        if content[:1].isspace() and open_ended:
            gathered += content.split("=")[0]
            open_ended = "=" in content
        elif content and not content[0].isspace():
            if gathered:
                word, *values = gathered.split()
                yield start, word[:4].upper(), values
            start, gathered = line, content.split("=")[0] or "REM"
            open_ended = "=" in content and content[:4].upper() not in ("TITL", "REM ")


def _check_second(
    word: str, line: int, values: list[str], first: tuple[int, list[str]] | None
) -> None:
    if first and _numbers(line, word, values) != _numbers(first[0], word, first[1]):
        raise UserError(
            f"line {line}: another {word} than in line {first[0]}; keep the one that belongs to "
            "the list"
        )


def _numbers(line: int, word: str, values: list[str]) -> list[float]:
    try:
        numbers = [float(value) for value in values]
    except ValueError:
        numbers = [math.nan]
    if not all(map(math.isfinite, numbers)):
        raise UserError(f"line {line}: {word} {' '.join(values)}: not all are numbers")
    return numbers


def _space_group(
    latt: list[str], symmetry: list[str], notes: list[str]
) -> tuple[str | None, int | None]:
    try:
        lattice = int(latt[0]) if latt else 1
        operations = [gemmi.Op("x,y,z"), *(gemmi.Op(words.lower()) for words in symmetry)]
        operations += [
            gemmi.Op(",".join(f"{axis}+{shift}" for axis, shift in zip("xyz", point, strict=True)))
            for point in (words.split(",") for words in _CENTRINGS[abs(lattice)])
        ]
        if lattice > 0:
            operations.append(gemmi.Op("-x,-y,-z"))
        group = gemmi.GroupOps(operations)
        group.add_missing_elements()
        known = gemmi.find_spacegroup_by_ops(group)
    except (ValueError, RuntimeError, KeyError):
        known = None
    if known is None:
        notes.append("LATT and SYMM give no space group in a setting that is known")
        return None, None
    return known.xhm(), known.number


def _hklf(line: int, values: list[str], notes: list[str]) -> Instructions:
    numbers = _numbers(line, "HKLF", values)
    code = int(numbers[0]) if numbers else 0
    if code < 0:
        raise UserError(
            f"line {line}: HKLF {code}: the reflections are in the instructions; put them into an "
            ".hkl file, and write HKLF without the minus"
        )
    if code not in (3, 4):
        what = _REFUSED.get(code, "no code that SHELX knows")
        raise UserError(f"line {line}: HKLF {code}: {what}; taken are HKLF 3 and HKLF 4")
    if len(numbers) > 1 and numbers[1] != 1:
        notes.append(f"HKLF has a scale of {numbers[1]:g}, which is left out")
    if len(numbers) < 3:
        return Instructions(code)
    matrix = tuple(numbers[2:11])
    if len(matrix) < 9:
        raise UserError(f"line {line}: HKLF has {len(matrix)} numbers of a matrix; give nine")
    return Instructions(code, matrix)
