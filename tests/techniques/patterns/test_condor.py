"""What is asked of Condor, by a stand-in that sums over the atoms it gets; and Condor itself."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from spacegrouper.dataset.made_with import made_with
from spacegrouper.errors import UserError
from spacegrouper.settings import Simulate, make_settings
from spacegrouper.techniques.patterns.condor import (
    condor_intensities,
    condor_provenance,
    find_condor,
)
from spacegrouper.techniques.patterns.kinematic import intensities, make_experiment

ROOT = Path(__file__).parents[3]
Structure = tuple[NDArray[np.float64], list[str], NDArray[np.float64]]

# The names and units of Condor 1.0.7; the formula of docs/physics.md, atom by atom.
STAND_IN = """
import os
import time
from pathlib import Path

import gemmi
import numpy as np
from scipy import constants


class Source:
    def __init__(self, wavelength, focus_diameter, pulse_energy, polarization):
        assert polarization == "ignore"
        self.wavelength = wavelength
        photons = pulse_energy / (constants.h * constants.c / wavelength)
        self.fluence = photons / (np.pi * (focus_diameter / 2) ** 2)


class Detector:
    def __init__(self, distance, pixel_size, nx, ny, noise=None):
        assert noise is None
        self.distance, self.pixel_size, self.nx, self.ny = distance, pixel_size, nx, ny


class ParticleAtoms:
    def __init__(self, atomic_numbers, atomic_positions, rotation_values, rotation_formalism,
                 rotation_mode):
        assert (rotation_formalism, rotation_mode) == ("rotation_matrix", "extrinsic")
        self.numbers = atomic_numbers
        self.positions = np.array([rotation_values @ position for position in atomic_positions])


class Experiment:
    def __init__(self, source, particles, detector):
        (name, self.atoms), = particles.items()
        assert name.startswith("particle_atoms")
        self.source, self.detector = source, detector

    def propagate(self):
        Path("mol.pdbout").write_text("what Condor leaves behind")
        with open(Path(__file__).with_name("visited"), "a") as visited:
            visited.write(os.getcwd() + "\\n")
        if os.environ.get("STAND_IN_ABORTS"):
            os.write(2, b"spsim: cannot open file\\n")
            os.abort()
        if os.environ.get("STAND_IN_HANGS") and len(self.atoms.numbers) > 1:
            time.sleep(300)
        d, p = self.detector.distance, self.detector.pixel_size
        y, x = np.meshgrid((np.arange(self.detector.ny) - (self.detector.ny - 1) / 2) * p,
                           (np.arange(self.detector.nx) - (self.detector.nx - 1) / 2) * p,
                           indexing="ij")
        length = np.sqrt(x**2 + y**2 + d**2)
        s = np.stack([x / length, y / length, d / length - 1], axis=-1) / self.source.wavelength
        amplitude = 0
        for number, position in zip(self.atoms.numbers, self.atoms.positions):
            table = gemmi.Element(int(number)).it92
            quarter = (1e-10**2 * (s**2).sum(axis=-1)) / 4
            f = table.c + sum(a * np.exp(-b * quarter) for a, b in zip(table.a, table.b))
            amplitude = amplitude + f * np.exp(-2j * np.pi * (s @ position))
        # What spsim of before May 2023 does, and what none does.
        offset = {"half": 0.5, "none": 0}.get(os.environ.get("STAND_IN_OFFSET"), 1)
        length = np.sqrt(offset**2 * (x**2 + y**2) + d**2)
        r0 = constants.physical_constants["classical electron radius"][0]
        scale = r0**2 * self.source.fluence * (p / d) ** 2 * (d / length) ** 3
        return {"entry_1": {"data_1": {"data": scale * abs(amplitude) ** 2}}}
"""

CONDOR = {
    "condor/__init__.py": "from .experiment import *\n__version__ = 'stand-in'\n",
    "condor/experiment.py": STAND_IN,
    "spsim.py": "__version__ = '1.2'",
}

TRICLINIC: Structure = (
    np.array([[4.0, 0.3, -0.2], [1.1, 5.0, 0.4], [-0.7, 0.9, 6.0]]),
    ["Na", "Cl", "O"],
    np.array([[0.1, 0.2, 0.3], [0.6, 0.45, 0.9], [-0.2, 1.1, 0.5]]),
)

# Unequal cells, an even detector, a turn about each axis, a view of two angles.
SETTINGS = Simulate(
    engine="condor",
    wavelength=5e-12,
    detector_distance=0.2,
    pixel_size=9e-4,
    pixels=12,
    cells=(2, 3, 1),
    views=[
        {"axis": "x", "angle": 20},
        {"axis": "y", "angle": [-45, 30]},
        {"axis": "z", "angle": 75},
    ],
    pulse_energy=3e-6,
    focus_diameter=2e-6,
    beam_stop=1,
    aperture=5.8,
)

# What a child process runs: the patterns of two crystals at a time, or the error as one line.
PROGRAM = """
import sys
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from spacegrouper.settings import Simulate
from spacegrouper.techniques.patterns.condor import condor_intensities
from spacegrouper.errors import UserError

settings = Simulate.model_validate_json(sys.argv[1])
with np.load(sys.argv[2]) as crystal:
    structure = crystal["lattice"], crystal["species"].tolist(), crystal["frac_coords"]
try:
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(condor_intensities, settings, *structure) for _ in range(2)]
        np.save("patterns.npy", np.stack([job.result() for job in jobs]))
except UserError as error:
    sys.exit(f"UserError {error}")
"""


def write_modules(folder: Path, modules: dict[str, str]) -> None:
    for name, source in modules.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)


def run_with_modules(
    folder: Path, modules: dict[str, str], **environment: str
) -> subprocess.CompletedProcess[str]:
    """Simulate in a Python that finds these modules first; the patterns go to folder/run."""
    write_modules(folder / "modules", modules)
    lattice, species, frac_coords = TRICLINIC
    np.savez(folder / "crystal", lattice=lattice, species=species, frac_coords=frac_coords)
    (folder / "run").mkdir()
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, SETTINGS.model_dump_json(), folder / "crystal.npz"],
        cwd=folder / "run",
        env=os.environ | {"PYTHONPATH": str(folder / "modules")} | environment,
        capture_output=True,
        text=True,
    )


def test_what_condor_is_asked_for_is_the_kinematic_pattern(tmp_path: Path) -> None:
    run = run_with_modules(tmp_path, CONDOR)
    assert run.returncode == 0, run.stderr
    patterns = np.load(tmp_path / "run" / "patterns.npy")
    expected = intensities(make_experiment(SETTINGS, TRICLINIC[1]), *TRICLINIC)
    assert patterns.shape == (2, 3, 12, 12)
    assert patterns.dtype == np.float64
    assert 0 < np.count_nonzero(expected[0]) < 12 * 12
    for pattern in patterns:
        np.testing.assert_allclose(pattern, expected, rtol=1e-6, atol=1e-9 * expected.max())


def test_each_crystal_has_a_working_folder_of_its_own_which_vanishes(tmp_path: Path) -> None:
    run = run_with_modules(tmp_path, CONDOR)
    assert run.returncode == 0, run.stderr
    visited = (tmp_path / "modules" / "condor" / "visited").read_text().split()
    assert len(visited) == 2 * 4  # two crystals, four angles
    assert len(set(visited)) == 2
    assert not any(Path(folder).exists() for folder in visited)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["patterns.npy"]


def test_an_abort_of_condor_ends_in_one_line(tmp_path: Path) -> None:
    run = run_with_modules(tmp_path, CONDOR, STAND_IN_ABORTS="yes")
    assert run.returncode == 1
    assert run.stderr.startswith("UserError Condor failed on a crystal of 18 atoms")
    assert "spsim: cannot open file" in run.stderr
    assert run.stderr.count("\n") == 1


def test_the_modelling_framework_of_the_same_name_is_recognised(tmp_path: Path) -> None:
    # Recognised although it cannot even be imported.
    framework = {"condor/__init__.py": "import casadi_that_is_missing", "condor/models.py": ""}
    run = run_with_modules(tmp_path, framework)
    assert run.returncode == 1
    path = tmp_path / "modules" / "condor" / "__init__.py"
    assert run.stderr.startswith(f"UserError {path}: not the diffraction simulator")
    assert "pip uninstall condor" in run.stderr
    assert run.stderr.count("\n") == 1


def test_a_condor_without_spsim_cannot_simulate_crystals(tmp_path: Path) -> None:
    missing_library = "raise ImportError('libspsim.so: cannot open shared object file')"
    run = run_with_modules(tmp_path, CONDOR | {"spsim.py": missing_library})
    assert run.returncode == 1
    assert "`import spsim` fails" in run.stderr
    assert "libspsim.so" in run.stderr
    assert "docs/condor.md" in run.stderr


def test_a_missing_condor_is_an_error_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "condor", None)  # as if not installed
    with pytest.raises(UserError, match=r"Condor is not installed.*docs/condor\.md.*kinematic"):
        condor_provenance()


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The stand-in as the Condor of this process and its children; where their folders lie."""
    write_modules(tmp_path / "modules", CONDOR)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'modules'}:{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.syspath_prepend(tmp_path / "modules")
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.setenv("TMPDIR", str(scratch))
    for name in ("condor", "condor.experiment", "spsim"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield scratch
    for name in ("condor", "condor.experiment", "spsim"):
        sys.modules.pop(name, None)


def test_a_right_spsim_is_recorded(stand_in: Path, caplog) -> None:
    assert condor_provenance() == {
        "engine_version": "stand-in",
        "spsim_version": "1.2",
        "solid_angle": "at the pixel",
    }
    assert not caplog.records


def test_an_old_spsim_is_recognised_recorded_and_said(stand_in: Path, monkeypatch, caplog) -> None:
    monkeypatch.setenv("STAND_IN_OFFSET", "half")
    attributes = made_with(make_settings(simulate=Simulate(engine="condor")))
    assert attributes["solid_angle"] == "at half the offset"
    (record,) = caplog.records
    assert "this spsim is of before May 2023" in record.getMessage()
    assert "0.6 % too bright" in record.getMessage()


def test_an_spsim_that_is_wrong_otherwise_is_refused(stand_in: Path, monkeypatch) -> None:
    monkeypatch.setenv("STAND_IN_OFFSET", "none")
    with pytest.raises(UserError, match=r"a single atom 1\.0078 times the photons"):
        condor_provenance()


@pytest.mark.parametrize("received", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_all_children_and_removes_their_folders(
    stand_in: Path, monkeypatch, tmp_path: Path, received: signal.Signals
) -> None:
    monkeypatch.setenv("STAND_IN_HANGS", "yes")
    lattice, species, frac_coords = TRICLINIC
    crystal = {
        "id": "a", "lattice": lattice.tolist(), "species": species, "spacegroup": 1,
        "frac_coords": frac_coords.tolist(),
    }  # fmt: skip
    lines = [json.dumps(crystal | {"id": name}) for name in "abcd"]
    (tmp_path / "crystals.jsonl").write_text("\n".join(lines))
    (tmp_path / "config.yaml").write_text(json.dumps({"simulate": {"engine": "condor"}}))
    program = subprocess.Popen(
        [
            sys.executable, ROOT / "scripts/simulate.py", "--structures=crystals.jsonl",
            "--config=config.yaml", "--output=raw.h5", "--threads=2",
        ],
        cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    wait_until(lambda: len(list(stand_in.glob("condor-*/mol.pdbout"))) == 2, program)
    children = psutil.Process(program.pid).children()
    assert len(children) == 2
    # As a terminal does it: Ctrl-C goes to the whole group.
    (os.killpg if received == signal.SIGINT else os.kill)(program.pid, received)
    _, said = program.communicate(timeout=60)
    assert program.returncode == (-9 if received == signal.SIGKILL else 128 + received)
    assert "Traceback" not in said
    psutil.wait_procs(children, timeout=20)
    assert not any(child.is_running() for child in children)
    assert list(stand_in.iterdir()) == []
    assert not (tmp_path / "raw.h5").exists()


def wait_until(happened: Callable[[], bool], program: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 100
    while not happened():
        assert program.poll() is None, program.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def real_condor() -> None:
    """Skip where Condor cannot be imported."""
    try:
        find_condor()
    except UserError as error:
        pytest.skip(f"needs the real Condor: {error}")


@pytest.mark.usefixtures("real_condor")
def test_condor_has_a_version() -> None:
    assert condor_provenance()["engine_version"].startswith("1.")


@pytest.mark.usefixtures("real_condor")
@pytest.mark.parametrize("views", ["paper", "zone_axes"])
def test_the_real_condor_agrees_with_the_kinematic_engine(views: str) -> None:
    settings = Simulate(engine="condor", cells=(4, 5, 6), pixels=128, pixel_size=8e-5, views=views)
    ours = intensities(make_experiment(settings, TRICLINIC[1]), *TRICLINIC)
    theirs = condor_intensities(settings, *TRICLINIC)
    # Condor works in single precision.
    bright = theirs > 1e-3 * theirs.max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(ours[bright], theirs[bright], rtol=5e-4)
