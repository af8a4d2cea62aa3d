"""Files of structures as people have them."""

from pathlib import Path

from pymatgen.core import Lattice, Structure

CAESIUM_CHLORIDE = Structure.from_spacegroup(
    "Pm-3m", Lattice.cubic(4.12), ["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
)
ROCK_SALT = Structure.from_spacegroup(
    "Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
)
# Its atoms are given outside of their cell.
MAGNESIUM = Structure(
    Lattice.hexagonal(3.21, 5.21), ["Mg", "Mg"], [[1 / 3, 2 / 3, -3.75], [2 / 3, 1 / 3, 1.75]]
)
DISORDERED = Structure(Lattice.cubic(3.5), [{"Fe": 0.5, "Ni": 0.5}], [[0, 0, 0]])


def write_cif(path: Path, structure: Structure) -> Path:
    """Write a CIF file without symmetry, as most programs do."""
    structure.to(str(path), fmt="cif")
    return path


def write_poscar(path: Path, structure: Structure) -> Path:
    """Write a POSCAR file."""
    structure.to(str(path), fmt="poscar")
    return path
