"""The command `spacegrouper`, each in a process of its own."""

import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from textwrap import dedent

import pytest
from structure_files import ROCK_SALT

from spacegrouper.programs.command import COMMANDS

ROOT = Path(__file__).parents[2]


# What takes long to import and a structure does not need.
SAYING_WHAT_IS_IMPORTED = """
import atexit, sys
SLOW = "pandas", "zarr", "tensorflow", "matplotlib", "spacegrouper.techniques.micrographs.chain"
say = lambda: print("imported:", [name for name in SLOW if name in sys.modules], file=sys.stderr)
atexit.register(say)
import spacegrouper.__main__
"""

AS_SPACEGROUPER = "import sys; sys.argv[0] = 'spacegrouper'; import spacegrouper.__main__"


def run(
    *arguments: object, start: str = "import spacegrouper.__main__"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", start, *map(str, arguments)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_rock_salt_is_named_by_one_command_as_its_page_says(tmp_path: Path) -> None:
    ROCK_SALT.to(str(tmp_path / "NaCl.cif"), fmt="cif", symprec=0.01)
    done = run("predict", tmp_path / "NaCl.cif", start=SAYING_WHAT_IS_IMPORTED)

    assert done.returncode == 0, done.stderr
    assert "imported: []" in done.stderr
    page = (ROOT / "docs" / "prediction.md").read_text(encoding="utf-8")
    shown = re.search(r"^    NaCl\.cif: .*\n(?:^    .*\n)+", page, re.M)
    assert shown is not None
    assert done.stdout.strip() == f"{tmp_path}/{dedent(shown[0]).strip()}"


def test_no_network_is_named_for_all_answers_where_two_gave_them(tmp_path: Path) -> None:
    salt = tmp_path / "salt.cif"
    ROCK_SALT.to(str(salt), fmt="cif", symprec=0.01)
    scan = tmp_path / "scan.xy"
    scan.write_text("".join(f"{5 + n / 10} {1 + 99 * (abs(n - 267) < 3)}\n" for n in range(851)))

    both, one = (
        json.loads(run("predict", *given, "--json").stdout) for given in ([salt, scan], [salt])
    )

    assert (len(both["results"]), both["model"]) == (2, None)
    assert one["model"]["technique"] == "reflections"


def test_the_version_is_printed() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout.strip()) == (0, version("spacegrouper"))


def test_the_commands_are_listed_and_a_mistake_is_one_line(tmp_path: Path) -> None:
    listed = run("--help").stdout
    assert all(f" {name} " in listed for name in COMMANDS)

    done = run("predict", tmp_path / "none.cif")
    assert (done.returncode, "none.cif: " in done.stderr) == (1, True)
    assert "Traceback" not in done.stderr


def test_shells_complete_commands_and_their_options(monkeypatch: pytest.MonkeyPatch) -> None:
    # The instruction that --install-completion gives to bash.
    monkeypatch.setenv("_SPACEGROUPER_COMPLETE", "complete_bash")
    for line, completed in (("pre", "predict"), ("predict --thresh", "--threshold")):
        monkeypatch.setenv("COMP_WORDS", f"spacegrouper {line}")
        monkeypatch.setenv("COMP_CWORD", str(len(line.split())))
        assert run(start=AS_SPACEGROUPER).stdout.split() == [completed]
