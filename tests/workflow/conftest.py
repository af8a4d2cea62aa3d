import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]

# Two blocks of a space group's crystals or so: seconds for each stage, and still all of them.
SMALL = {
    "acquire": {"source": "prototypes", "space_groups": 2, "crystals_per_space_group": 12},
    "plan": {"block_size": 5},
    "split": {"minimum_crystals": 12, "train": 0.5, "validation": 0.25, "test": 0.25},
    "model": {"image_size": 32, "blocks": [1, 1]},
    "train": {"resize": "maximum", "batch_size": 3, "epochs": 25, "learning_rate": 1e-3},
}


class Workflow:
    """The workflow in a folder of its own, run by Snakemake as a person would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("workflow", "scripts", "cluster"):
            (folder / name).symlink_to(ROOT / name)

    def command(self, settings: dict[str, Any], *arguments: str) -> list[str]:
        config = self.folder / f"{settings['name']}.yaml"
        config.write_text(yaml.safe_dump(settings))
        snakemake = Path(sys.executable).with_name("snakemake")
        # `--configfile` takes all that follows it up to the next option, also a target.
        options = ("--configfile", config.name, "--nolock", "--cores", "2")
        return [str(snakemake), "--profile", "cluster/local", *options, *arguments]

    @property
    def environment(self) -> dict[str, str]:
        programs = str(Path(sys.executable).parent)
        return os.environ | {"PATH": programs + os.pathsep + os.environ["PATH"]}

    def start(self, settings: dict[str, Any], *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(settings, *arguments),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, settings: dict[str, Any], *arguments: str) -> str:
        """Run to the end; return what Snakemake said."""
        process = self.start(settings, *arguments)
        said, _ = process.communicate(timeout=400)
        assert process.returncode == 0, said[-8000:]
        return said


@pytest.fixture(scope="session")
def small() -> dict[str, Any]:
    return SMALL


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workflow, Path]:
    """A run of the small pipeline from one end to the other, and its folder of results."""
    workflow = Workflow(tmp_path_factory.mktemp("undisturbed"))
    workflow.run(SMALL | {"name": "small"}, "--report", "report.html", "--report-after-run")
    return workflow, workflow.folder / "results" / "small"


@pytest.fixture
def workflow(tmp_path: Path) -> Workflow:
    return Workflow(tmp_path)


@pytest.fixture(scope="module")
def lasting_workflow(tmp_path_factory: pytest.TempPathFactory) -> Workflow:
    """One for all tests of a module."""
    return Workflow(tmp_path_factory.mktemp("workflow"))
