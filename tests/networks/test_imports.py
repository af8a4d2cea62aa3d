import ast
import sys
from pathlib import Path

import spacegrouper.networks

MODULES = sorted(Path(spacegrouper.networks.__path__[0]).glob("*.py"))
ROOMS_ABOVE = ("spacegrouper.errors", "spacegrouper.settings", "spacegrouper.networks")


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(str(node.module))
    return names


def test_networks_are_made_of_keras_alone() -> None:
    foreign = {
        name
        for path in MODULES
        for name in imported(path)
        if name.partition(".")[0] not in sys.stdlib_module_names | {"keras"}
        and not name.startswith(ROOMS_ABOVE)
    }

    assert len(MODULES) > 5
    assert foreign == set()
