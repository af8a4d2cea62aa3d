"""What commands of the documentation start exists, and knows the options they give.

test_pages.py runs the blocks that can be run; this looks at all, at those between backticks too.
"""

import importlib.util
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer
from pages import ROOT, blocks_of
from snakemake.cli import get_argument_parser

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(page for folder in ("docs", "cluster", "benchmarks", "results", "config")
            for page in (ROOT / folder).glob("*.md")),
]  # fmt: skip
# A shell's variables stand for options that are not seen here.
VARIABLE = re.compile(r"\$\w+|\$\{[^}]*\}|\$\([^)]*\)")
STARTS = r"(?:python (?:scripts|benchmarks)/|snakemake --|snakemake \w+ --|make )"


def commands() -> Iterator[tuple[str, str]]:
    """Yield the page and the text of each command, in blocks of code or between backticks."""
    for page in PAGES:
        text = page.read_text().replace("\\\n", " ")
        lines = "".join(block.commands for block in blocks_of(page)).replace("\\\n", " ")
        blocks = re.findall(rf"^ *\"?({STARTS}.*)", lines, re.M)
        inline = re.findall(rf"`({STARTS}[^`]*)`", text)
        for found in blocks + inline:
            yield page.relative_to(ROOT).as_posix(), found.strip().removesuffix('"')


def of_program(name: str) -> list[tuple[str, str]]:
    return [found for found in commands() if found[1].split()[0] == name]


def test_the_commands_are_found() -> None:
    """Otherwise the tests below would pass without a single one."""
    assert len(of_program("python")) > 30
    assert len(of_program("snakemake")) > 8
    assert len(of_program("make")) > 8


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_networks_are_calibrated_before_they_are_evaluated(page: Path) -> None:
    started = re.findall(r"python scripts/(train|calibrate|evaluate)\.py", page.read_text())
    for before, now in zip(["", *started], started, strict=False):
        assert now != "evaluate" or before == "calibrate"


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch):
    """Return a function that loads a program's command line, without running it."""

    def load(path: Path) -> click.Command:
        monkeypatch.syspath_prepend(path.parent)
        name = f"command_{path.stem}"
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        app = typer.Typer()
        app.command()(module.main)
        return typer.main.get_command(app)

    return load


@pytest.mark.parametrize(("page", "command"), of_program("python"))
def test_programs_know_the_options_that_the_documentation_gives(program, page, command) -> None:
    _, script, *words = shlex.split(VARIABLE.sub("$", command), comments=True)
    assert (ROOT / script).is_file(), f"{page}: there is no {script}"
    parameters = program(ROOT / script).params
    known = {option for each in parameters for option in (*each.opts, *each.secondary_opts)}
    given = {word.split("=")[0] for word in words if word.startswith("--")}
    assert given <= known | {"--help"}, f"{page}: {command}"
    if words and "--help" not in given and "$" not in words:
        needed = {each.opts[0] for each in parameters if each.required and each.opts[0][:2] == "--"}
        assert needed <= given, f"{page}: {command}"


@pytest.mark.parametrize(("page", "command"), of_program("snakemake"))
def test_snakemake_knows_the_options_that_the_documentation_gives(page, command) -> None:
    words = shlex.split(VARIABLE.sub("x", command).replace("...", ""), comments=True)[1:]
    if words == ["--profile", "cluster/<name>"]:
        return
    given = get_argument_parser().parse_args(words)
    for profile in given.profile or []:
        assert profile == "slurm" or (ROOT / profile / "config.yaml").is_file(), page
    for path in map(Path, given.configfile or []):
        # All that follows is taken for configuration: a target would have to come before it.
        assert path.suffix == ".yaml" or path.name == "FILE", f"{page}: {command}"
        if path.parent.name == "config" and path.name != "own.yaml":
            assert (ROOT / path).is_file(), f"{page}: there is no {path}"


@pytest.mark.parametrize(("page", "command"), of_program("make"))
def test_make_knows_the_targets_that_the_documentation_names(page, command) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M)
    words = [word for word in shlex.split(command, comments=True)[1:] if "=" not in word]
    assert set(words) <= set(targets), f"{page}: {command}"
