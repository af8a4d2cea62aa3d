"""The patterns of an installed Condor, the simulator of the paper's images (docs/condor.md).

Condor (Hantke, Ekeberg, Maia, J. Appl. Cryst. 49, 1356, 2016) sums over every atom of the crystal,
by spsim, in single precision. Each crystal is simulated in a child process with a working folder
of its own, because Condor writes `spsim.confout` and `mol.pdbout` into the working folder, which
all threads of a process share; because spsim keeps the memory of every crystal; and because spsim
aborts its process on some errors. So threads may simulate crystals side by side, and a child's
start of a second or so is little beside a crystal's minutes.

spsim of before May 2023 takes a pixel's solid angle at half its offset from the centre: 0.5 % too
bright at the corners of the paper's detector. Its version number does not tell, so it is tried out.
"""

import importlib.metadata
import importlib.util
import itertools
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

import gemmi
import numpy as np
from numpy.typing import NDArray

from spacegrouper.errors import UserError
from spacegrouper.settings import Simulate, View
from spacegrouper.techniques.patterns.geometry import (
    METRES_PER_ANGSTROM,
    make_detector,
    rotation_matrices,
)
from spacegrouper.techniques.patterns.kinematic import intensities, make_experiment

log = logging.getLogger(__name__)

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


def condor_provenance() -> dict[str, str]:
    """Return what an installed Condor's patterns are made with, as attributes of a raw shard.

    `engine_version`: Condor's; `spsim_version`, or "unknown"; `solid_angle`: where spsim takes it,
    "at the pixel" or, with a warning, "at half the offset". Raises UserError as `find_condor`, if
    Condor fails, and for a single atom of which neither holds.
    """
    condor = find_condor()
    try:
        spsim_version = importlib.metadata.version("spsim")
    except importlib.metadata.PackageNotFoundError:
        spsim_version = str(getattr(sys.modules["spsim"], "__version__", "unknown"))
    return {
        "engine_version": str(condor.__version__),
        "spsim_version": spsim_version,
        "solid_angle": _find_solid_angle(),
    }


def _find_solid_angle() -> str:
    """Hold the corner pixel of a single atom, on the paper's detector, against (D / L)^3."""
    paper = Simulate()
    probe = Simulate(
        engine="condor",
        # Two by two pixels, in the directions of the paper's corners: at half the distance, as
        # pixels of full size would be larger than settings allow.
        pixels=2,
        pixel_size=paper.pixel_size * (paper.pixels - 1) / 2,
        detector_distance=paper.detector_distance / 2,
        cells=(1, 1, 1),
        views=(View(axis="z", angle=0),),
    )
    atom = (np.eye(3), ["C"], np.zeros((1, 3)))
    corners = condor_intensities(probe, *atom) / intensities(make_experiment(probe, ["C"]), *atom)
    squared = (probe.pixel_size / probe.detector_distance) ** 2 / 2  # of a corner's offset by D
    too_bright = ((1 + squared) / (1 + squared / 4)) ** 1.5 - 1
    if np.abs(corners - 1).max() < too_bright / 3:
        return "at the pixel"
    if np.abs(corners - 1 - too_bright).max() < too_bright / 3:
        log.warning(
            "this spsim is of before May 2023 and takes the solid angle at half a pixel's offset: "
            "patterns get up to %.1f %% too bright at the corners; install a newer one "
            "(docs/condor.md)",
            100 * too_bright,
        )
        return "at half the offset"
    raise UserError(
        f"simulate.engine: Condor gives a single atom {corners.mean():.4f} times the photons in "
        "the corner pixel that (D / L)^3 does; its installation is broken, see docs/condor.md"
    )


class Children:
    """Processes of Condor, each with a working folder, that end together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._ended = False

    def run(self, folder: Path) -> tuple[int, str]:
        """Run the child's part in a folder; return its exit code and what it said.

        Raises UserError if `end` is called meanwhile, or has been.
        """
        with self._lock:
            if self._ended:
                raise UserError("interrupted")
            child = subprocess.Popen(
                [sys.executable, "-m", "spacegrouper.techniques.patterns.condor"],
                cwd=folder,
                # Condor's own temporary files vanish with the folder, however the child ends.
                env=os.environ | {"TMPDIR": str(folder)},
                # Stays open as long as this process lives.
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                # Ctrl-C is for the parent, which ends its children.
                process_group=0,
            )
            self._running.add(child)
        assert child.stdout is not None  # it is a pipe
        with child:
            said = child.stdout.read()
            code = child.wait()
        with self._lock:
            self._running.remove(child)
            if self._ended:
                raise UserError("interrupted")
        return code, said

    def end(self) -> None:
        """End all processes that run, and let no other start."""
        with self._lock:
            self._ended = True
            for child in self._running:
                child.kill()


def condor_intensities(
    settings: Simulate,
    lattice: NDArray[np.float64],
    species: Sequence[str],
    frac_coords: NDArray[np.float64],
    children: Children | None = None,
) -> NDArray[np.float64]:
    """Return Condor's patterns of one crystal, (views, pixels, pixels), photons per pixel.

    Arguments and result as of `kinematic.intensities`: `lattice`: (3, 3), rows a, b, c, Angstrom;
    `species`: n elements with form factors; `frac_coords`: (n, 3). Without noise or polarisation;
    pixels behind the beam stop or outside the aperture are 0. Takes about 0.6 ms for each atom of
    the whole crystal and each angle. `children`: what ends the process from another thread.
    Raises UserError as `find_condor`, and if Condor fails or is ended.
    """
    find_condor()
    numbers, positions = _all_atoms(settings, lattice, species, frac_coords)
    with TemporaryDirectory(prefix="condor-") as name:
        folder = Path(name)
        (folder / _SETTINGS).write_text(settings.model_dump_json(), encoding="utf-8")
        np.savez(folder / _CRYSTAL, numbers=numbers, positions=positions)
        code, output = (children or Children()).run(folder)
        if code != 0:
            said = output.strip().splitlines() or ["nothing"]
            raise UserError(
                f"Condor failed on a crystal of {len(numbers)} atoms with exit code {code}; its "
                f"last words: {said[-1].strip()}"
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


def _end_with_parent() -> None:
    """Once the parent has ended, killed maybe, remove the working folder and end."""
    sys.stdin.read()
    shutil.rmtree(Path.cwd(), ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _simulate_in_working_folder()
