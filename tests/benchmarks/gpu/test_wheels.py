"""The packages that travel to a GPU are locked, and no others are needed there."""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[3]
WHEELS = (ROOT / "benchmarks/gpu/wheels.txt").read_text().split()
# What is there: NumPy, numba, h5py and JAX, with what these need themselves.
THERE = {"numpy", "numba", "llvmlite", "h5py", "scipy", "ml-dtypes", "opt-einsum"}
# JAX is not locked, and Keras without it is none.
PROGRAM = """
import importlib.abc, sys
from unittest.mock import MagicMock

class Bare(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError("no " + name, name=name)

sys.meta_path.insert(0, Bare())
sys.modules["keras"] = MagicMock()
sys.path.append(FOLDER)
import train_on_gpu
import spacegrouper.evaluation.predictions, spacegrouper.training.results
import spacegrouper.training.devices, spacegrouper.training.objective
from spacegrouper.contract.network import NETWORKS
from spacegrouper.settings import make_settings
make_settings().engine, NETWORKS.names
from spacegrouper.techniques.patterns import shaping, simulation
"""


def test_every_wheel_is_locked() -> None:
    locked = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(), re.M)
    assert set(WHEELS) <= set(locked)
    assert sorted(WHEELS) == WHEELS


def test_the_run_imports_nothing_else() -> None:
    known = {name.lower() for name in (*WHEELS, *THERE, "spacegrouper")}
    absent = sorted(
        module
        for module, owners in packages_distributions().items()
        if not known & {owner.lower().replace("_", "-") for owner in owners}
    )
    assert {"zarr", "tensorflow", "spglib", "pymatgen", "matplotlib"} <= set(absent)
    folder = str(ROOT / "benchmarks/gpu")
    done = subprocess.run(
        [sys.executable, "-c", f"ABSENT, FOLDER = {absent!r}, {folder!r}\n{PROGRAM}"],
        env={"PATH": "/usr/bin", "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
