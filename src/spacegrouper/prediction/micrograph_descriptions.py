"""What is printed of the answer to micrographs, as words and as JSON."""

from math import isnan
from typing import Any

import numpy as np

from spacegrouper.crystals.class_names import overlined
from spacegrouper.prediction.list_descriptions import list_record
from spacegrouper.prediction.micrographs import MicrographAnswer
from spacegrouper.techniques.micrographs.chain import IndexedMicrograph, MeasuredMicrograph
from spacegrouper.techniques.micrographs.plane_symmetry import LAUE_CLASSES


def pattern_facts(
    measured: MeasuredMicrograph, indexed: IndexedMicrograph | None
) -> list[tuple[str, str]]:
    """Return what one pattern shows, as headings and their texts."""
    lattice, step = measured.lattice, measured.micrograph.step
    row, column = lattice.origin
    stop = ", behind a beam stop" if measured.ground.has_stop else ""
    on = f"{lattice.on.sum()} of {len(lattice.on)} spots on one lattice"
    rows = [
        ("beam", f"row {row:.1f}, column {column:.1f}{stop}"),
        ("spots", f"{on}, off it by {lattice.residual:.2f} pixels"),
        ("lattice", _lattice_words(measured)),
        ("symmetry", _symmetry_words(measured)),
    ]
    if indexed is not None:
        zone = indexed.zone
        text = f"[{' '.join(map(str, zone.axis))}], off the cell by {100 * zone.misfit:.1f} %"
        if zone.others:
            others = " or ".join(f"[{' '.join(map(str, axis))}]" for axis in zone.others)
            text += f"; {others} fits nearly as well"
        rows.append(("zone", text))
        if step is None:
            rows.append(("scale", f"that of the cell: {zone.step:.5f} 1/Å a pixel"))
    return rows + [("note", text) for text in measured.micrograph.notes]


def _lattice_words(measured: MeasuredMicrograph) -> str:
    step = measured.micrograph.step
    one, other = np.linalg.norm(measured.lattice.vectors, axis=1)
    cosine = measured.lattice.vectors[0] @ measured.lattice.vectors[1] / one / other
    angle = float(np.degrees(np.arccos(cosine)))
    if step is None:
        return (
            f"{one:.2f} and {other:.2f} pixels at {angle:.1f}°; the file has no scale, give it "
            "with --pixel-size"
        )
    a, b = 1 / (np.array([one, other]) * step * np.sin(np.radians(angle)))
    return (
        f"{one * step:.4f} and {other * step:.4f} 1/Å at {angle:.1f}°; in space {a:.3f} and "
        f"{b:.3f} Å at {180 - angle:.1f}°"
    )


def _symmetry_words(measured: MeasuredMicrograph) -> str:
    found = measured.symmetry
    classes = list(map(overlined, LAUE_CLASSES[found.name]))
    where = "any Laue class" if len(classes) == 11 else f"Laue class {' or '.join(classes)}"
    tested = [
        f"{name} {correlation:.2f}"
        for name, correlation in found.agreement
        if not isnan(correlation)
    ]
    text = f"{found.name} ({where})"
    if tested:
        text += f"; correlations: {', '.join(tested)}"
    if found.halved:
        axes = ", ".join(f"[{h} {k}]" for h, k in found.halved)
        text += (
            f"; odd orders absent along {axes} of the lattice, as by a screw axis or a glide plane"
        )
    return text


def micrograph_record(answer: MicrographAnswer, threshold: float | None) -> dict[str, Any]:
    """Return an answer as JSON, with the keys that docs/micrographs.md describes."""
    indexed = answer.given.indexed or (None,) * len(answer.given.patterns)
    record = list_record(answer.ranked, threshold) if answer.ranked else {"answers": []}
    return record | {
        "input": answer.given.name,
        "micrographs": [
            _pattern_record(measured, one)
            for measured, one in zip(answer.given.patterns, indexed, strict=True)
        ],
        "limits": list(answer.limits),
    }


def _pattern_record(
    measured: MeasuredMicrograph, indexed: IndexedMicrograph | None
) -> dict[str, Any]:
    lattice = measured.lattice
    return {
        "file": measured.micrograph.name,
        "beam": lattice.origin.tolist(),
        "vectors": lattice.vectors.tolist(),
        "residual": lattice.residual,
        "spots": len(lattice.on),
        "spots_on_lattice": int(lattice.on.sum()),
        "beam_stop": measured.ground.has_stop,
        "inverse_angstrom_per_pixel": measured.micrograph.step,
        "high_tension": measured.micrograph.high_tension,
        "plane_symmetry": measured.symmetry.name,
        "zone": indexed and indexed.zone.axis.tolist(),
        "other_zones": indexed and [list(axis) for axis in indexed.zone.others],
        "notes": list(measured.micrograph.notes),
    }
