"""Small reflection lists, written as programs write them."""

from pathlib import Path

import gemmi
import numpy as np

CELL = (5.79, 5.94, 12.27, 90.0, 90.0, 90.0)
CELL_TEXT = "5.79,5.94,12.27,90,90,90"
INS = """TITL alanine
CELL 0.71073 5.79 5.94 12.27 90 90 90
ZERR 4 0.001 0.001 0.001 0 0 0
LATT -1
SYMM 0.5-X, -Y, 0.5+Z
SYMM -X, 0.5+Y, =
  0.5-Z
SYMM 0.5+X, 0.5-Y, -Z
SFAC C H N O
HKLF 4
END
"""
CIF_CELL = """data_x
_cell_length_a 5.790(2)
_cell_length_b 5.940
_cell_length_c 12.270(3)
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
"""


def reflections(count=20):
    """Return indices (n, 3), and intensities and sigma with two decimals, one negative."""
    generator = np.random.default_rng(3)
    every = np.array([(h, k, l) for h in range(-2, 3) for k in range(4) for l in range(1, 9)])
    hkl = generator.permutation(every)[:count]
    intensity = np.round(generator.exponential(500, count), 2)
    intensity[0] = -3.25
    return hkl, intensity, np.round(1 + intensity.clip(0) / 50, 2)


def hkl_text(hkl, intensity, sigma, form="{:4d}{:4d}{:4d}{:8.2f}{:8.2f}"):
    rows = zip(hkl.tolist(), intensity.tolist(), sigma.tolist(), strict=True)
    return "".join(form.format(*row, value, error) + "\n" for row, value, error in rows)


def cif_loop(names, *columns):
    rows = zip(*(list(column) for column in columns), strict=True)
    lines = [" ".join(map(str, row)) for row in rows]
    return "loop_\n" + "\n".join(names) + "\n" + "\n".join(lines) + "\n"


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def mtz_file(path: Path, columns, data, wavelength=0.9795) -> Path:
    """Write an MTZ file; `columns`: label and type of each after H, K, L; `data`: (n, 3 + m)."""
    mtz = gemmi.Mtz(with_base=True)
    mtz.spacegroup = gemmi.SpaceGroup("P 21 21 21")
    mtz.add_dataset("measured").wavelength = wavelength
    mtz.set_cell_for_all(gemmi.UnitCell(*CELL))
    for label, kind in columns:
        mtz.add_column(label, kind)
    mtz.set_data(np.asarray(data, dtype=np.float32))
    mtz.write_to_file(str(path))
    return path
