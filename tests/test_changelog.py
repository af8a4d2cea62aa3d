"""The changelog, the package and the citation name the same version."""

import datetime
import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
SECTIONS = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)


def releases() -> list[tuple[tuple[int, ...], datetime.date]]:
    """Return version and date of each release, as the file has them."""
    headings = [re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - (\S+)", each) for each in SECTIONS[1:]]
    assert all(headings), f"a version is headed `[1.2.3] - 2026-01-31`: {SECTIONS[1:]}"
    return [
        (tuple(map(int, heading.groups()[:3])), datetime.date.fromisoformat(heading[4]))
        for heading in headings
        if heading
    ]


def test_what_is_not_released_comes_first_and_then_the_newest() -> None:
    assert SECTIONS[0] == "[Unreleased]"
    assert releases() == sorted(releases(), reverse=True)
    assert len({version for version, _ in releases()}) == len(releases()) >= 1


def test_package_and_citation_are_of_the_newest_version() -> None:
    version, date = releases()[0]
    newest = ".".join(map(str, version))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert project["version"] == newest
    assert citation["version"] == newest
    assert citation["date-released"] == date
