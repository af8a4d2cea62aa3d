"""What is known by name: everything of one kind, from this package and from others.

A file defines one thing and registers it when it is imported. The files of this package are found
in the folders below; another package names its own as entry points of the group `spacegrouper`:

    [project.entry-points.spacegrouper]
    my_engine = "my_package.my_engine"
"""

import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Generic, Protocol, TypeVar

from spacegrouper.errors import UserError

ENTRY_POINTS = "spacegrouper"
# Each of their modules defines one thing, and each folder of a technique is one.
_FOLDERS = ("spacegrouper.crystals.sources", "spacegrouper.networks")
_TECHNIQUES = "spacegrouper.techniques"
_FOLDERS_OF_A_TECHNIQUE = ("engines", "descriptors", "lists")  # not each has all of them


class Named(Protocol):
    """What a registry can hold."""

    @property
    def name(self) -> str:
        """How the configuration names it."""


T = TypeVar("T", bound=Named)


class Registry(Generic[T]):
    """All things of one kind by their names, in the order of their names.

    Args:
        kind: what messages call one of them, such as `engine`.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._known: dict[str, T] = {}

    def register(self, thing: T) -> T:
        """Add a thing under its name.

        Returns:
            The same thing, so that a file can name what it registers.

        Raises:
            ValueError: something else of this kind has the name.
        """
        if self._known.setdefault(thing.name, thing) != thing:
            raise ValueError(f"two of kind {self.kind} are named {thing.name!r}; rename one")
        return thing

    def __getitem__(self, name: str) -> T:
        """Return the thing of this name.

        Raises:
            UserError: there is none, as where a product was made with another package installed.
        """
        _load()
        if name not in self._known:
            raise UserError(
                f"no {self.kind} is called {name!r}; known are {', '.join(self.names)}; install "
                "the package that has it, or choose one of these"
            )
        return self._known[name]

    def __iter__(self) -> Iterator[T]:
        _load()
        return iter([self._known[name] for name in sorted(self._known)])

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in alphabetical order."""
        return tuple(thing.name for thing in self)


@cache
def _load() -> None:
    """Import every file that registers something.

    Raises:
        UserError: a file of another package cannot be imported.
    """
    folders = [
        name
        for technique in _modules(_TECHNIQUES, folders=True)
        for folder in _FOLDERS_OF_A_TECHNIQUE
        if find_spec(name := f"{technique}.{folder}")
    ]
    for folder in (*folders, *_FOLDERS):
        for module in _modules(folder, folders=False):
            import_module(module)
    for point in entry_points(group=ENTRY_POINTS):
        try:
            point.load()
        except Exception as error:  # whatever a stranger's file raises
            reason = (str(error).splitlines() or [""])[0]
            raise UserError(
                f"{point.value}, the entry point `{point.name}` of a package that is installed "
                f"beside this one, cannot be imported ({type(error).__name__}: {reason}); mend or "
                "remove that package"
            ) from error


def _modules(package: str, *, folders: bool) -> list[str]:
    """Return the full names of the modules of a package, or of its folders."""
    found = pkgutil.iter_modules(import_module(package).__path__, f"{package}.")
    return [module.name for module in found if module.ispkg == folders]
