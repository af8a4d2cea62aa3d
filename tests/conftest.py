import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# TensorFlow reads it when it is first imported, by whichever test that is.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Under importlib mode, what several tests share is not found by itself.
_BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path += map(str, (Path(__file__).parent / "helpers", _BENCHMARKS, _BENCHMARKS / "gpu"))

# Compiling on the first call would break a deadline; examples are the same in every run.
settings.register_profile("spacegrouper", deadline=None, derandomize=True)
settings.load_profile("spacegrouper")

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared_reflections() -> Path:
    """Measured reflection lists, which are not part of the project."""
    folder = SHARED / "reflections"
    if not folder.is_dir():
        pytest.skip(f"needs measured reflection lists, not found at {folder}")
    return folder


@pytest.fixture(scope="session")
def golden() -> Path:
    """Results of the reference programs, which are not part of the project."""
    folder = SHARED / "golden"
    if not folder.is_dir():
        pytest.skip(f"needs the golden data, not found at {folder}")
    return folder


@pytest.fixture(scope="session")
def real_structures() -> Path:
    """A folder of Materials Project structures, which are not part of the project."""
    folder = Path(os.environ.get("SPACEGROUPER_STRUCTURES", SHARED / "structures"))
    if not folder.is_dir():
        pytest.skip(f"needs real structures, not found at {folder}; set SPACEGROUPER_STRUCTURES")
    return folder
