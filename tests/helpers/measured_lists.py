"""Simulated measurements of crystals, as a list and as the files that programs write of it."""

from pathlib import Path

import numpy as np
from random_crystals import random_crystal

from spacegrouper.techniques.reflections.ranking.simulated_list import Measuring, simulated_list
from spacegrouper.techniques.reflections.reflection_list import ReflectionList

# Of untwinned crystals by X-rays: all equivalents, without errors but those of counting.
CAREFUL = Measuring(
    electrons=0, twins=0, merged=0, stripped=0, missing=(0, 0.01), leak=((1e-6, 1e-6),) * 2,
    counts=(1e5, 1e6), absorption=(0, 0.15), misjudged=(1, 1), scatter=((0, 0),) * 2,
    jitter=((0, 1e-3),) * 2,
)  # fmt: skip


def measured_list(number: int, seed: int = 3) -> ReflectionList:
    """Return a well measured list of a random crystal of a space group, in random axes."""
    crystal = random_crystal(number, seed, 1.3)
    measured = simulated_list(crystal, CAREFUL, np.random.default_rng(seed))
    assert measured is not None
    return measured


def cell_text(measured: ReflectionList, separator: str = ",") -> str:
    return separator.join(f"{value:.4f}" for value in measured.cell)


def write_hkl(path: Path, measured: ReflectionList) -> Path:
    """Write HKLF 4."""
    scale = 9000 / measured.intensity.max()
    rows = zip(measured.hkl, scale * measured.intensity, scale * measured.sigma, strict=True)
    lines = [
        "{:4d}{:4d}{:4d}{:8.2f}{:8.2f}".format(*hkl, value, max(sigma, 0.01))
        for hkl, value, sigma in rows
    ]
    path.write_text("\n".join([*lines, "   0   0   0    0.00    0.00", ""]))
    return path


def write_ins(path: Path, measured: ReflectionList) -> Path:
    path.write_text(f"TITL x\nCELL 0.71073 {cell_text(measured, ' ')}\nHKLF 4\nEND\n")
    return path
