"""The environment is described once, by the lock: other deployments must install just that."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
INSTALLER = "install_environment.sh"


def test_the_conda_environment_installs_the_lock() -> None:
    environment = yaml.safe_load((ROOT / "workflow/envs/spacegrouper.yaml").read_text())
    after = (ROOT / "workflow/envs/spacegrouper.post-deploy.sh").read_text()

    assert "python =3.11" in environment["dependencies"]
    # Nothing of ours comes from conda: the lock alone names versions.
    assert set(environment["dependencies"]) == {"python =3.11", "pip", "cxx-compiler", "make"}
    assert f'./{INSTALLER} "$CONDA_PREFIX/bin/python"' in after


def test_the_image_installs_the_lock_from_files_there_are() -> None:
    text = (ROOT / "cluster/spacegrouper.def").read_text()
    sections = dict(re.findall(r"^%(\w+)\n(.*?)(?=^%|\Z)", text, re.MULTILINE | re.DOTALL))
    copied = [line.split()[0] for line in sections["files"].splitlines() if line.strip()]

    assert re.search(r"^From: python:3\.11-", text, re.MULTILINE)
    assert f"/opt/spacegrouper/{INSTALLER} /opt/environment/bin/python" in sections["post"]
    assert all((ROOT / name).exists() for name in copied)
    # What the installer reads, and what building the package needs.
    assert {INSTALLER, "requirements.lock", "pyproject.toml", "src"} <= set(copied)
    assert not re.search(r"pip install", text)
