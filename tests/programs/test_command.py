"""The command `spacegrouper`, each in a process of its own."""

import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

from structure_files import ROCK_SALT

from spacegrouper.programs.command import COMMANDS

ROOT = Path(__file__).parents[2]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "spacegrouper", *map(str, arguments)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_rock_salt_is_named_by_one_command_as_its_page_says(tmp_path: Path) -> None:
    ROCK_SALT.to(str(tmp_path / "NaCl.cif"), fmt="cif", symprec=0.01)
    done = run("predict", tmp_path / "NaCl.cif")

    assert done.returncode == 0, done.stderr
    page = (ROOT / "docs" / "prediction.md").read_text(encoding="utf-8")
    shown = re.search(r"^    NaCl\.cif: .*\n(?:^    .*\n)+", page, re.M)
    assert shown is not None
    assert done.stdout.strip() == f"{tmp_path}/{dedent(shown[0]).strip()}"


def test_the_commands_are_listed_and_a_mistake_is_one_line(tmp_path: Path) -> None:
    listed = run("--help").stdout
    assert all(f" {name} " in listed for name in COMMANDS)

    done = run("predict", tmp_path / "none.cif")
    assert (done.returncode, "none.cif: " in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr
