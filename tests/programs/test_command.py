"""The command `spacegrouper`, each in a process of its own."""

import subprocess
import sys
from pathlib import Path

from structure_files import ROCK_SALT, write_cif

from spacegrouper.programs.command import COMMANDS


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "spacegrouper", *map(str, arguments)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_rock_salt_is_named_by_one_command(tmp_path: Path) -> None:
    done = run("predict", write_cif(tmp_path / "nacl.cif", ROCK_SALT))

    assert done.returncode == 0, done.stderr
    assert "  1  225 Fm3\u0305m " in done.stdout


def test_the_commands_are_listed_and_a_mistake_is_one_line(tmp_path: Path) -> None:
    listed = run("--help").stdout
    assert all(f" {name} " in listed for name in COMMANDS)

    done = run("predict", tmp_path / "none.cif")
    assert (done.returncode, "none.cif: " in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr
