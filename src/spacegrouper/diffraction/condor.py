"""The patterns of an installed Condor, the simulator of the paper's images (docs/condor.md).

Condor (Hantke, Ekeberg, Maia, J. Appl. Cryst. 49, 1356, 2016) sums over every atom of the crystal,
by spsim, in single precision. Each crystal is simulated in a child process with a working folder
of its own, because Condor writes `spsim.confout` and `mol.pdbout` into the working folder, which
all threads of a process share; because spsim keeps the memory of every crystal; and because spsim
aborts its process on some errors. So threads may simulate crystals side by side, and a child's
start of a second or so is little beside a crystal's minutes.
"""

import importlib.util
import itertools
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.diffraction.geometry import (
    METRES_PER_ANGSTROM,
    make_detector,
    rotation_matrices,
)
from spacegrouper.errors import UserError
from spacegrouper.settings import Simulate

# What parent and child leave for each other in the child's working folder.
_SETTINGS, _CRYSTAL, _PATTERNS = "settings.json", "crystal.npz", "patterns.npy"


def find_condor() -> ModuleType:
    """Import Condor and what it needs for crystals.

    Raises UserError where Condor or spsim is missing or broken, and where `condor` is the
    unrelated modelling framework that PyPI has under this name.
    """
    found = importlib.util.find_spec("condor")
    if found is None:
        raise UserError(
            f"simulate.engine: Condor is not installed for {sys.executable}; install it as "
            "docs/condor.md says (not from PyPI), or choose `engine: kinematic`"
        )
    # Before anything of it runs: the framework may fail to import for reasons of its own.
    folders = list(found.submodule_search_locations or ())
    if not any(Path(folder, "experiment.py").is_file() for folder in folders):
        raise UserError(
            f"{found.origin or folders[0]}: not the diffraction simulator Condor but another "
            "package of that name, such as PyPI's modelling framework; remove it with "
            f"`{sys.executable} -m pip uninstall condor` and install Condor as docs/condor.md says"
        )
    for package in ("condor", "spsim"):
        try:
            importlib.import_module(package)
        except ImportError as error:
            raise UserError(
                f"simulate.engine: `import {package}` fails in {sys.executable}: "
                f"{' '.join(str(error).split())}; see docs/condor.md, or choose `engine: kinematic`"
            ) from None
    return sys.modules["condor"]


def condor_version() -> str:
    """Return the version of the installed Condor; raises UserError as `find_condor`."""
    return str(find_condor().__version__)


def condor_intensities(
    settings: Simulate,
    lattice: NDArray[np.float64],
    species: Sequence[str],
    frac_coords: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return Condor's patterns of one crystal, (views, pixels, pixels), photons per pixel.

    Arguments and result as of `kinematic.intensities`: `lattice`: (3, 3), rows a, b, c, Angstrom;
    `species`: n elements with form factors; `frac_coords`: (n, 3). Without noise or polarisation;
    pixels behind the beam stop or outside the aperture are 0. Takes about 0.6 ms for each atom of
    the whole crystal and each angle. Raises UserError as `find_condor`, and if Condor fails.
    """
    find_condor()
    numbers, positions = _all_atoms(settings, lattice, species, frac_coords)
    with TemporaryDirectory(prefix="condor-") as name:
        folder = Path(name)
        (folder / _SETTINGS).write_text(settings.model_dump_json(), encoding="utf-8")
        np.savez(folder / _CRYSTAL, numbers=numbers, positions=positions)
        child = subprocess.run(
            [sys.executable, "-m", "spacegrouper.diffraction.condor"],
            cwd=folder,
            # Condor's own temporary files vanish with the folder, however the child ends.
            env=os.environ | {"TMPDIR": name},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        if child.returncode != 0:
            said = child.stdout.strip().splitlines() or ["nothing"]
            raise UserError(
                f"Condor failed on a crystal of {len(numbers)} atoms with exit code "
                f"{child.returncode}; its last words: {said[-1].strip()}"
            )
        patterns: NDArray[np.float64] = np.load(folder / _PATTERNS)
    closed = ~make_detector(settings).open.reshape(settings.pixels, settings.pixels)
    patterns[:, closed] = 0
    return patterns


def _all_atoms(
    settings: Simulate,
    lattice: NDArray[np.float64],
    species: Sequence[str],
    frac_coords: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return atomic numbers (atoms,) and positions (atoms, 3), metres, of the whole crystal."""
    cells = np.array(list(itertools.product(*map(range, settings.cells))))
    positions = (cells[:, None] + frac_coords).reshape(-1, 3) @ lattice * METRES_PER_ANGSTROM
    numbers = np.array([gemmi.Element(symbol).atomic_number for symbol in species])
    return np.tile(numbers, len(cells)), positions


def _simulate_in_working_folder() -> None:
    """Do the child's part: read the crystal from the working folder, leave the patterns there."""
    condor = find_condor()
    settings = Simulate.model_validate_json(Path(_SETTINGS).read_text(encoding="utf-8"))
    source = condor.Source(
        wavelength=settings.wavelength,
        focus_diameter=settings.focus_diameter,
        pulse_energy=settings.pulse_energy,
        polarization="ignore",
    )
    detector = condor.Detector(
        distance=settings.detector_distance,
        pixel_size=settings.pixel_size,
        nx=settings.pixels,
        ny=settings.pixels,
    )
    patterns = np.zeros((len(settings.views), settings.pixels, settings.pixels))
    with np.load(_CRYSTAL) as crystal:
        numbers, positions = crystal["numbers"], crystal["positions"]
    for view, pattern in zip(settings.views, patterns, strict=True):
        for rotation in rotation_matrices(view):
            # "extrinsic": the crystal is turned, not the frame
            atoms = condor.ParticleAtoms(
                atomic_numbers=numbers,
                atomic_positions=positions,
                rotation_values=rotation,
                rotation_formalism="rotation_matrix",
                rotation_mode="extrinsic",
            )
            result = condor.Experiment(source, {"particle_atoms": atoms}, detector).propagate()
            pattern += result["entry_1"]["data_1"]["data"]
    np.save(_PATTERNS, patterns)


if __name__ == "__main__":
    _simulate_in_working_folder()
