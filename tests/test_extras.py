"""What works where only the core is installed, and what a program says that needs more."""

import subprocess
import sys
from pathlib import Path

import pytest
from structure_files import CAESIUM_CHLORIDE, write_cif
from tiny_model import write_tiny_model

SCRIPTS = Path(__file__).parents[1] / "scripts"
# A program started as on the command line, where the packages of all extras cannot be found.
PROGRAM = """
import runpy, sys
sys.path.insert(0, {scripts!r})
from spacegrouper.programs.command_line import _EXTRAS
for packages in _EXTRAS.values():
    sys.modules.update(dict.fromkeys(packages))
sys.argv = {arguments!r}
runpy.run_path({scripts!r} + "/" + sys.argv[0], run_name="__main__")
"""


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    text = PROGRAM.format(scripts=str(SCRIPTS), arguments=list(map(str, arguments)))
    return subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=300, check=False
    )


def test_a_structure_is_simulated_drawn_and_named_with_the_core_alone(tmp_path: Path) -> None:
    model = write_tiny_model(tmp_path / "model")
    structure = write_cif(tmp_path / "CsCl.cif", CAESIUM_CHLORIDE)

    done = run("predict.py", "--model", model, structure, "--output", tmp_path / "drawn")

    assert (done.returncode, "221 Pm3\u0305m" in done.stdout) == (0, True), done.stderr
    assert (tmp_path / "drawn" / "CsCl.cif.png").is_file()


@pytest.mark.parametrize(
    ("program", "package", "extra"),
    [("tabulate_networks.py", "keras", "train"), ("serve.py", "uvicorn", "serve")],
)
def test_a_program_that_needs_more_says_which_extra(
    program: str, package: str, extra: str, tmp_path: Path
) -> None:
    given = {
        "tabulate_networks.py": ["--output", str(tmp_path / "sizes.csv")],
        "serve.py": ["--model", str(tmp_path), "--port", "0"],
    }[program]

    done = run(program, *given)

    assert done.returncode == 1
    words = " ".join(done.stderr.split())
    assert words == (
        f"error: this needs {package}, which is not installed; in a clone of the project: "
        f"pip install '.[{extra}]'"
    )
