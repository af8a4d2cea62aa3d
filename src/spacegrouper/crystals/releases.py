"""Two releases of a database compared: which crystals are new, gone, changed or as before."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.differences import (
    ATOM_TOLERANCE,
    LATTICE_TOLERANCE,
    Difference,
    difference,
)
from spacegrouper.crystals.elements import UnusableCrystalError, element_symbol
from spacegrouper.crystals.processes import map_in_order
from spacegrouper.crystals.standard_cell import LABELS, standardise
from spacegrouper.crystals.tables import write_table
from spacegrouper.settings import Standardise

Kind = Literal["unchanged", "added", "changed", "removed", "relabelled"]
KINDS: tuple[Kind, ...] = ("unchanged", "added", "changed", "removed", "relabelled")


@dataclass(frozen=True)
class Change:
    """What became of the crystal with this id from one release to the next, and why so."""

    id: str
    change: Kind
    reason: str


def compare_releases(
    earlier: Iterable[Crystal | Rejection],
    later: Iterable[Crystal | Rejection],
    settings: Standardise,
    processes: int,
) -> Iterator[Change]:
    """Compare the crystals of two releases that have the same id.

    Crystals may be standardised already or not; if not, they are compared as they are given, and
    their space groups are sought with `settings`. What is read as a Rejection is not there. Of
    crystals with one id the first counts.

    - changed: the lattice by more than 0.1 %, an atom by more than 0.01 Angstrom, or the elements;
    - relabelled: the same crystal within these tolerances, but in another space group, or with
      another value of one of `settings.labels`;
    - unchanged: neither. `inherited` then keeps what was made of the earlier crystal valid.

    Yields:
        A Change for each id: those of the earlier release in its order, then the added ones.
    """
    before, after = _by_id(earlier), _by_id(later)
    pairs = [
        (record, after.get(name)) for name, record in before.items() if isinstance(record, Crystal)
    ]
    # As most are; these are not handed to other processes.
    labels = labels_to_keep(settings)
    same = [_are_one_record(*pair, labels) for pair in pairs]
    others = (pair for pair, is_same in zip(pairs, same, strict=True) if not is_same)
    compared = map_in_order(partial(_compare, settings=settings), others, processes)
    for (record, _), is_same in zip(pairs, same, strict=True):
        yield Change(record.id, "unchanged", "the same record") if is_same else next(compared)
    for name, new in after.items():
        if isinstance(new, Crystal) and not isinstance(before.get(name), Crystal):
            yield Change(name, "added", "not in the earlier release")


def labels_to_keep(settings: Standardise) -> tuple[str, ...]:
    """Return the metadata that a dataset holds, in which equal crystals agree."""
    return (*LABELS, *settings.labels)


def inherited(earlier: Crystal, later: Crystal) -> Crystal:
    """Return a later, unchanged or relabelled crystal in the standard cell of the earlier one.

    Both are standardised. Patterns of the earlier crystal are those of the result. The key is
    inherited too, unless the space group is another one; all other metadata are the later's.
    """
    metadata = dict(later.metadata)
    if earlier.metadata["spacegroup"] == later.metadata["spacegroup"]:
        metadata |= {name: earlier.metadata[name] for name in LABELS}
    return replace(earlier, metadata=metadata)


def write_changes(path: Path, changes: Iterable[Change]) -> None:
    """Write a CSV file with the columns id, change and reason."""
    write_table(path, Change, changes)


def _by_id(records: Iterable[Crystal | Rejection]) -> dict[str, Crystal | Rejection]:
    found: dict[str, Crystal | Rejection] = {}
    for record in records:
        if not isinstance(found.get(record.id), Crystal):
            found[record.id] = record
    return found


def _compare(pair: tuple[Crystal, Crystal | Rejection | None], settings: Standardise) -> Change:
    earlier, later = pair
    name = earlier.id
    if later is None:
        return Change(name, "removed", "not in the later release")
    if isinstance(later, Rejection):
        return Change(name, "removed", f"unusable in the later release: {later.reason}")
    standardised = _is_standardised(earlier), _is_standardised(later)
    before, after = _standard(earlier, settings), _standard(later, settings)
    if any(standardised):
        earlier, later = before or earlier, after or later
    reasons = _deformations(earlier, later)
    kind: Kind = "changed" if reasons else "unchanged"
    if before and after:
        groups = before.metadata["spacegroup"], after.metadata["spacegroup"]
        if groups[0] != groups[1]:
            kind = "changed" if reasons else "relabelled"
            reasons.append(f"space group {groups[1]}, before {groups[0]}")
        elif reasons and not any(standardised) and not _deformations(before, after):
            reasons.append("the standard cell is as before")
    for label in settings.labels:
        values = earlier.metadata.get(label), later.metadata.get(label)
        if values[0] != values[1]:
            kind = "changed" if kind == "changed" else "relabelled"
            reasons.append(f"{label} {values[1]}, before {values[0]}")
    return Change(name, kind, "; ".join(reasons) or "the same crystal within the tolerances")


def _are_one_record(
    earlier: Crystal, later: Crystal | Rejection | None, labels: Sequence[str]
) -> bool:
    return (
        isinstance(later, Crystal)
        and all(earlier.metadata.get(name) == later.metadata.get(name) for name in labels)
        and earlier.digest() == later.digest()
    )


def _same_arrays(earlier: Crystal, later: Crystal) -> bool:
    return (
        earlier.species == later.species
        and np.array_equal(earlier.lattice, later.lattice)
        and np.array_equal(earlier.frac_coords, later.frac_coords)
    )


def _is_standardised(crystal: Crystal) -> bool:
    return "structure_key" in crystal.metadata


def _standard(crystal: Crystal, settings: Standardise) -> Crystal | None:
    if _is_standardised(crystal):
        return crystal
    result = standardise(crystal, settings)
    return result if isinstance(result, Crystal) else None


def _deformations(earlier: Crystal, later: Crystal) -> list[str]:
    """Say how two crystals differ beyond the tolerances; an empty list if they do not."""
    if _same_arrays(earlier, later):
        return []
    formulas = _formula(earlier), _formula(later)
    if formulas[0] != formulas[1]:
        return [f"elements {formulas[1]}, before {formulas[0]}"]
    found = _difference(earlier, later)
    if found is None:
        return ["lattice by more than 5 % or atoms by more than 1 Angstrom"]
    parts = []
    if found.strain > LATTICE_TOLERANCE:
        parts.append(f"lattice by {100 * found.strain:.2g} %")
    if found.move > ATOM_TOLERANCE:
        parts.append(f"atom moved {found.move:.2g} Angstrom")
    return parts


def _difference(earlier: Crystal, later: Crystal) -> Difference | None:
    try:
        return difference(_with_plain_elements(earlier), _with_plain_elements(later))
    # An odd cell, flat or with huge numbers, must not stop a run; none can be matched.
    except (ValueError, ArithmeticError, np.linalg.LinAlgError):
        return None


def _with_plain_elements(crystal: Crystal) -> Crystal:
    return replace(crystal, species=tuple(map(_plain, crystal.species)))


def _plain(name: str) -> str:
    try:
        return element_symbol(name)
    except UnusableCrystalError:
        return name


def _formula(crystal: Crystal) -> str:
    """Return the reduced formula, elements in alphabetical order, such as `Cl1 Na1`."""
    counts = Counter(map(_plain, crystal.species))
    units = math.gcd(*counts.values())
    return " ".join(f"{element}{counts[element] // units}" for element in sorted(counts))
