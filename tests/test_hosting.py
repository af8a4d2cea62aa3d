"""The files that hosts of repositories read say the same as the project."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]


def read(name: str) -> dict:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_hosted_ci_runs_what_every_change_must_pass_and_nothing_else() -> None:
    (job,) = read(".github/workflows/ci.yml")["jobs"].values()
    programs = [step["run"] for step in job["steps"] if "run" in step]
    assert programs[1:] == ["bash .ci/run"]
    assert "git" in programs[0]


def test_commits_are_checked_by_the_programs_of_make_check() -> None:
    (local,) = read(".pre-commit-config.yaml")["repos"]
    checks = re.search(r"^check:.*\n(?:\t.*\n)+", (ROOT / "Makefile").read_text(), re.M)[0]
    for hook in local["hooks"]:
        assert hook["entry"].removeprefix(".venv/bin/") in checks


def test_the_catalog_names_a_profile_that_is_there() -> None:
    usage = read(".snakemake-workflow-catalog.yml")["usage"]
    profile = usage["mandatory-flags"]["flags"].removeprefix("--profile ")
    assert (ROOT / profile / "config.yaml").is_file()


@pytest.mark.parametrize("template", ["fault.md", "wrong-answer.md"])
def test_templates_of_issues_have_a_name(template: str) -> None:
    text = (ROOT / ".github" / "ISSUE_TEMPLATE" / template).read_text(encoding="utf-8")
    _, front, body = text.split("---\n", 2)
    assert set(yaml.safe_load(front)) == {"name", "about"}
    assert body.strip()


def test_security_md_points_to_a_page_that_is_there() -> None:
    (page,) = re.findall(r"\]\((docs/\S+)\)", (ROOT / "SECURITY.md").read_text(encoding="utf-8"))
    assert (ROOT / page).is_file()
