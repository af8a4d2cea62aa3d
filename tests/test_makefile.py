"""What `make` removes, and what it does not without being asked."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("results/README.md", "results/own/model/model.keras", ".venv/installed"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".snakemake").mkdir()
    return tmp_path


def make(clone: Path, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    command = ["make", *arguments]
    return subprocess.run(command, cwd=clone, input=answer, capture_output=True, text=True)


def test_clean_leaves_results(clone: Path) -> None:
    assert make(clone, "clean").returncode == 0
    assert not (clone / ".venv").exists()
    assert (clone / "results/own/model/model.keras").exists()
    assert (clone / ".snakemake").exists()


@pytest.mark.parametrize("answer", ["", "no\n", "y\n"])
def test_results_are_listed_and_stay_without_a_yes(clone: Path, answer: str) -> None:
    made = make(clone, "remove-results", answer=answer)
    assert made.returncode != 0
    assert "results/own" in made.stdout
    assert (clone / "results/own/model/model.keras").exists()


@pytest.mark.parametrize(("arguments", "answer"), [((), "yes\n"), (("CONFIRM=yes",), "")])
def test_results_go_after_a_yes(clone: Path, arguments: tuple[str, ...], answer: str) -> None:
    assert make(clone, "remove-results", *arguments, answer=answer).returncode == 0
    assert [path.name for path in (clone / "results").iterdir()] == ["README.md"]
    assert not (clone / ".snakemake").exists()
