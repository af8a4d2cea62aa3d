"""The lines before columns of text: what they say of the radiation and of the first column."""

import re
from collections.abc import Sequence

from spacegrouper.crystals.cif_text import shown
from spacegrouper.errors import UserError
from spacegrouper.techniques.powder.measured.radiation import (
    anode_of,
    in_angstrom,
    of_energy,
    particles_of,
    stated_wavelength,
)

# K-alpha 2 and K-beta are written beside K-alpha 1, and are not what is looked for.
_LINE = r"k[-_ ]?(?:alpha|\u03b1|a)[-_ ]?"
_LABEL = re.compile(
    rf"(?P<other>{_LINE}2|k[-_ ]?(?:beta|β|b(?![a-z]))(?:[-_ ]?[123](?!\d*[.,]))?"
    r"|(?:wave\s*length|lambda|λ)[-_]?2(?=\s*[=:,;]))"
    rf"|(?P<line>{_LINE}1)"
    r"|(?P<wavelength>(?:wave\s*length|lambda|λ)(?:[-_ ]?1(?=\s*[=:,;]))?)"
    r"|(?P<energy>energy)",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"(?P<before>[^\d]{0,40}?)(?P<number>[+-]?\d+(?:[.,]\d+)?(?:e[+-]?\d+)?)"
    r"\s*(?P<unit>[a-zÅ]*)",
    re.IGNORECASE,
)
_UNIT = re.compile(r"\b(nm|pm|nanomet\w+|picomet\w+|keV|eV)\b", re.IGNORECASE)
_NO_WAVELENGTH = re.compile(r"ratio|intensit|window|resolution|threshold", re.IGNORECASE)
_MENTIONED = re.compile(
    r"wave\s*length|\blambda|λ|\banode|\bk(?:eV|[-_ ]?alpha|[-_ ]?\u03b1)|\benergy\b", re.IGNORECASE
)
_LIKELY = re.compile(r"\d[.,]\d{2,}")  # of a number that only K-alpha 1 stands before

_SECOND = r"(?:i|y|int\w*|counts?|cps|i_?obs|y_?obs|signal|yield)"
_TITLES = {
    r"q|scattering\s+vector": "scattering vectors",
    r"d|d[-_ ]?(?:spacings?|values?)": "lattice spacings",
    r"theta|θ": "theta",
    r"energy|e": "energies",
    r"tof|time[-_ ]of[-_ ]flight": "times of flight",
}
_ABSCISSA = {
    re.compile(
        rf"[\W_]*(?:{names})(?:[\s_]*[(\[/,]?\s*(?:[nµumk]?(?:m|s|eV)|Å|Angstroms?|A|deg\w*|°|rad\w*"
        r"|1/(?:nm|Å|A)|(?:nm|Å|A)\s*\^?\s*[{(]?[-\u2212]\s*1[)}]?)\s*[)\]]?(?:$|(?=[\s,;|]))"
        rf"|(?=[\s,;|]+{_SECOND}\b))[\s,;|]*(?:{_SECOND}\b.*)?",
        re.IGNORECASE,
    ): words
    for names, words in _TITLES.items()
}
_X_RAYS = re.compile(r"\bx-?rays?\b", re.IGNORECASE)
_RADIANS = re.compile(r"theta[^a-z]*rad(?:ians?)?\b", re.IGNORECASE)


def heading_wavelength(lines: Sequence[str]) -> tuple[float | None, str]:
    """Return the wavelength that a heading states, and a line of it that is not understood.

    Returns:
        Angstrom, or None; and, where nothing is understood, the words that mention one, or "".

    Raises:
        UserError: the heading contradicts itself.
    """
    wavelengths = [each for line in lines for each in _wavelengths(line)]
    anodes = [anode for line in lines if (anode := anode_of(line)) is not None]
    known = stated_wavelength(wavelengths, anodes)
    # One that was left at 0 is no riddle.
    unclear = "" if wavelengths or anodes else _unclear(lines)
    return known, unclear


def check_radiation(lines: Sequence[str]) -> None:
    """Check the lines of a heading.

    Raises:
        UserError: one says that neutrons or electrons were diffracted, and none speaks of X-rays.
    """
    if any(_X_RAYS.search(line) or anode_of(line) for line in lines):
        return
    for line in lines:
        if particles := particles_of(line):
            raise UserError(
                f"was measured with {particles}, as its heading {shown(line)} says; give a "
                "diffractogram of X-rays"
            )


def check_abscissa(title: str) -> None:
    """Check the title of the columns.

    Raises:
        UserError: it says that the first column is not 2 theta in degrees.
    """
    title = title.strip()
    words = next((words for each, words in _ABSCISSA.items() if each.fullmatch(title)), "")
    if _RADIANS.search(title):
        words = "radians"
    if words:
        raise UserError(
            f"its heading {title!r} says that the first column has {words}; give 2 theta in degrees"
        )


def _wavelengths(line: str) -> list[float]:
    """Return the wavelengths that a line states for K-alpha 1 or for the beam."""
    labels = list(_LABEL.finditer(line))
    ends = [*(label.start() for label in labels), len(line)][1:]
    found = []
    kinds: set[str] = set()
    after = 0  # the number before
    for label, end in zip(labels, ends, strict=True):
        kinds.add(str(label.lastgroup))
        text = line[label.end() : end]
        value = _NUMBER.match(text)
        if value is None:
            # Two labels of one number, as of `K-Alpha1 wavelength`.
            if re.search(r"[^\W\d_]{3}", text):
                kinds = set()
            continue
        of_this, kinds = kinds, set()
        words = line[after : label.end()] + value["before"]
        after = label.end() + value.end()
        if "other" in of_this or _NO_WAVELENGTH.search(words):
            continue
        number = float(value["number"].replace(",", "."))
        written = _UNIT.search(value["before"]) or _UNIT.fullmatch(value["unit"])
        unit = written[1].lower() if written else ""
        if "energy" in of_this:
            if unit in ("ev", "kev") and number > 0:
                found.append(of_energy(number, unit))
        elif "wavelength" in of_this or _LIKELY.fullmatch(value["number"]):
            found.append(in_angstrom(number, unit))
    return found


def _unclear(lines: Sequence[str]) -> str:
    mentions = (
        " ".join(line.split())
        for line in lines
        if _MENTIONED.search(line) and not _NO_WAVELENGTH.search(line)
    )
    return next(mentions, "")[:80]
