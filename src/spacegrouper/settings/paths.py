"""Paths as a configuration gives them: `~` is the user's home, and nothing else is replaced."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator


def expand_home(path: str) -> str:
    """Return a path with the `~` or `~name` that it may begin with written out.

    Raises ValueError for a user who is not known here.
    """
    if not path.startswith("~"):
        return path
    try:
        return str(Path(path).expanduser())
    except RuntimeError:
        raise ValueError(f"there is no home of {path.partition('/')[0]}") from None


UserPath = Annotated[Path, AfterValidator(lambda path: Path(expand_home(str(path))))]
