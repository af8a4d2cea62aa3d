"""What a file states of its radiation: a wavelength, an energy, an anode, or other particles."""

import re
from collections.abc import Sequence

from spacegrouper.errors import UserError

# K-alpha 1, Angstrom, rounded (Bearden, Rev. Mod. Phys. 39:78, 1967; Hölzer et al., Phys. Rev. A
# 56:4554, 1997).
ANODES = {
    "Cu": 1.5406, "Mo": 0.7093, "Co": 1.7890, "Fe": 1.9360, "Cr": 2.2897, "Ag": 0.5594,
}  # fmt: skip
_NAMES = {
    "copper": "Cu", "molybdenum": "Mo", "cobalt": "Co", "iron": "Fe", "chromium": "Cr",
    "silver": "Ag",
}  # fmt: skip
NOT_FILLED_IN = (0.0, -1.0)  # what programs write there
_KEV_ANGSTROM = 12.398420  # h c
# Relative: K-alpha 1 and 2 of chromium differ by 0.17 %, of silver by 0.8 %.
_SAME_ANODE = 0.01
_UNITS = {"nm": 10.0, "nanometer": 10.0, "nanometre": 10.0, "pm": 0.01, "picometer": 0.01,
          "picometre": 0.01}  # fmt: skip
_ELEMENT = "|".join((*ANODES, *_NAMES))
_LINE = re.compile(
    r"\b(Cu|Mo|Co|Fe|Cr|Ag|CU|MO|CO|FE|CR|AG|copper|molybdenum|cobalt|iron|chromium|silver)"
    r"[\s_-]*[kK][\s_\\-]*(?:a|A|\u03b1|L\d)"
)
_ANODE = re.compile(
    r"\b(?:anode|target|radiation|x-?ray\s+(?:tube|source))(?:\s+(?:material|type|element))?"
    rf"[\s,;:=\t\"'\[(]+({_ELEMENT})\b(?![\s_-]*k[\s_-]*(?:b|β))",
    re.IGNORECASE,
)

# Of neutrons everyone says so; electrons also evaporate films and are in every crystal.
_PARTICLES = {
    "neutrons": r"\bneutrons?\b(?![\s-]*(?:absor|activat|irradiat|shield))|\bnuclear\s+reactor\b"
    r"|\bspallation\b",
    "electrons": r"\belectrons?\b(?=[\s-]*(?:$|\d|[^\w\s-]|diffract|powder|radiation|wave\s*length"
    r"|lambda|λ|data|pattern|scatter))",
}


def in_angstrom(value: float, unit: str | None) -> float:
    """Return a wavelength in Angstrom; units that are not known are taken for that."""
    return value * _UNITS.get((unit or "").strip().lower().removesuffix("s"), 1.0)


def of_energy(energy: float, unit: str) -> float:
    """Return the wavelength, Angstrom, of photons of an energy above 0 in `eV` or `keV`."""
    return _KEV_ANGSTROM / (energy if unit.lower() == "kev" else energy / 1000)


def anode_of(text: str) -> str | None:
    """Return the element whose K-alpha radiation a text names, such as `Mo K\\a`, if any."""
    found = _LINE.search(text) or _ANODE.search(text)
    if found is None:
        return None
    name = found[1].lower()
    return _NAMES.get(name, name.capitalize())


def particles_of(text: str) -> str:
    """Return with what other than X-rays a text says that was measured, or ""."""
    return next(
        (name for name, words in _PARTICLES.items() if re.search(words, text, re.IGNORECASE)), ""
    )


def stated_wavelength(wavelengths: Sequence[float], anodes: Sequence[str]) -> float | None:
    """Return the first of the wavelengths, else that of the anode, or none.

    Args:
        wavelengths: all that a file states, Angstrom.
        anodes: elements, likewise.

    Raises:
        UserError: they contradict each other.
    """
    filled_in = [each for each in wavelengths if each not in NOT_FILLED_IN]
    for wavelength in filled_in:
        if abs(wavelength / filled_in[0] - 1) > _SAME_ANODE:
            raise UserError(
                f"states two wavelengths, {filled_in[0]:g} and {wavelength:g} Angstrom; leave only "
                "the right one in the file"
            )
    for anode in anodes:
        known = filled_in[0] if filled_in else ANODES[anodes[0]]
        if abs(known / ANODES[anode] - 1) > _SAME_ANODE:
            raise UserError(
                f"states a wavelength of {known:g} Angstrom and an anode of {anode}, whose K-alpha "
                f"1 is {ANODES[anode]:g}; leave only what is right in the file"
            )
    return filled_in[0] if filled_in else ANODES[anodes[0]] if anodes else None


def looks_like_nm(wavelength: float) -> bool:
    """Tell whether a number would be the K-alpha of an anode in nm."""
    return any(abs(10 * wavelength / known - 1) < _SAME_ANODE for known in ANODES.values())
