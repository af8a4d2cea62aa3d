import re
import tomllib
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]


def direct_dependencies() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    stated = [*project["dependencies"], *(name for extra in extras for name in extra)]
    return {re.split(r"[\[<>=]", name)[0].lower() for name in stated}


def test_the_lock_is_made_with_every_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    made_with = re.findall(r"--extra (\w+)", (ROOT / "Makefile").read_text())
    assert set(made_with) == set(project["optional-dependencies"])


def locked_versions() -> dict[str, str]:
    lock = (ROOT / "requirements.lock").read_text()
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^ ]+)", lock, flags=re.MULTILINE))


def test_every_direct_dependency_is_pinned_and_installed_so() -> None:
    locked = {name.lower(): pinned for name, pinned in locked_versions().items()}
    missing = direct_dependencies() - locked.keys()
    assert not missing, "run `make lock`"
    installed = {name: version(name) for name in direct_dependencies()}
    assert installed == {name: locked[name] for name in installed}, "install requirements.lock"


def test_every_pin_has_a_hash() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    for name in locked_versions():
        assert re.search(rf"^{re.escape(name)}==[^\n]+\n    --hash=sha256:", lock, re.MULTILINE), (
            name
        )
