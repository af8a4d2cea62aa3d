"""Data flows one way through the house, and no code outside techniques/ asks which it has."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "spacegrouper"
# A room imports only rooms before it. `contract` names types of later ones for type checkers alone.
ROOMS = (
    "contract",
    "settings",
    "crystals",
    "dataset",
    "techniques",
    "networks",
    "training",
    "evaluation",
    "figures",
    "prediction",
    "reproduction",
    "api",
    "programs",
)
# They know no room below `crystals`, so techniques draw with them.
FREE = (
    "figures.looks",
    "figures.shares",
    "figures.space_groups",
    "figures.spot_marks",
    "figures.toolkit",
)
FILES = sorted(SOURCE.rglob("*.py"))
OTHER_CODE = [
    *(SOURCE.parents[1] / "scripts").glob("*.py"),
    *(SOURCE.parents[1] / "workflow").rglob("*.smk"),
    SOURCE.parents[1] / "workflow" / "Snakefile",
]


def imports(path: Path) -> Iterator[str]:
    """Yield the modules of the house that a file imports when it runs."""

    def of(nodes: list[ast.stmt]) -> Iterator[str]:
        for node in nodes:
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
                continue
            if isinstance(node, ast.ImportFrom) and node.module:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            for inner in ("body", "orelse", "handlers", "finalbody"):
                yield from of(getattr(node, inner, []))

    for name in of(ast.parse(path.read_text(encoding="utf-8")).body):
        if name.startswith("spacegrouper."):
            yield name.removeprefix("spacegrouper.")


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_before_it(room: str) -> None:
    before = ROOMS[: ROOMS.index(room) + 1]
    found = [
        f"{path.relative_to(SOURCE)}: {name}"
        for path in (SOURCE / room).rglob("*.py")
        for name in imports(path)
        if name.partition(".")[0] in ROOMS
        and name.partition(".")[0] not in before
        and not name.startswith(FREE)
    ]
    assert found == []


# Keras keeps a network's weights in HDF5.
OF_KERAS = SOURCE / "networks" / "shared" / "keras_file.py"


def test_only_the_dataset_room_opens_stores_and_hdf5_files() -> None:
    found = [
        str(path)
        for path in FILES
        if path.relative_to(SOURCE).parts[0] != "dataset"
        and path != OF_KERAS
        and re.search(r"^ *(import|from) (zarr|h5py)\b", path.read_text(encoding="utf-8"), re.M)
    ]
    assert found == []


# Names of techniques, engines and descriptors, compared with something or used as a key.
NAMES = (
    r"patterns|powder|morphology|kinematic|condor|xrayutilities|pymatgen|bitmap_database|"
    r"shaped|spot|raw|diffractogram"
)
ASKS = re.compile(
    rf"(technique|engine|descriptor)(\.name)? *(==|!=|in|not in) *[(\[]?[\"'](?:{NAMES})[\"']"
    rf"|case [\"'](?:{NAMES})[\"']"
)


def test_no_code_outside_techniques_asks_which_it_has() -> None:
    found = [
        f"{path.name}:{number}: {line.strip()}"
        for path in [*FILES, *OTHER_CODE]
        # The paper compares descriptors by name, so what draws its figures may.
        if not {"techniques", "reproduction"} & set(path.parts)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if ASKS.search(line)
    ]
    assert found == []
