"""Lists of reflections that are not read: what they are, so that the reason can say so."""

import re

# Merged: 1, -985 or -987, and the cell. Unmerged: the number of operations and the space group,
# and then each operation in two lines.
_SCALEPACK = re.compile(
    r"\s*\d+\s+-98\d(?:\s+[\d.]+){6}\s"
    r"|\s*\d+\s+[abcfhipr]-?\d[\w/-]*(?:\s+-?[01]){9}(?:\s+\d+){3}\s",
    re.IGNORECASE,
)
_BEGINNING = 400  # letters


def other_list(text: str, suffix: str) -> str:
    """Return what a text is, if it is a list of reflections that is not read; or "".

    Args:
        text: of the file.
        suffix: of its name, in lower case.
    """
    if suffix == ".sca" or _SCALEPACK.match(text[:_BEGINNING]):
        return (
            "a list of reflections of HKL-2000 (SCALEPACK), which is not read; export it as MTZ or "
            "as SHELX's .hkl"
        )
    return ""
