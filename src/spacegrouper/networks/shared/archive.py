"""What a `.keras` file is made of, read as data before Keras builds anything of it.

Keras finds the classes of a network by the names in the file. A file from a stranger may name code
that is no layer, or a layer that runs code from the file or reads other files.
"""

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

from spacegrouper.errors import UserError

_LARGEST_DESCRIPTION = 50_000_000  # bytes of config.json; the largest network here has 1 MB
# They run code that is in the file or elsewhere, and no network of ours has them.
_CODE_LAYERS = {
    "Lambda",
    "__lambda__",
    "TFSMLayer",
    "TorchModuleWrapper",
    "JaxLayer",
    "FlaxLayer",
}


def check_archive(path: Path) -> None:
    """Raise UserError unless a file holds a network of Keras' own classes and nothing else."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo("config.json").file_size > _LARGEST_DESCRIPTION:
                raise ValueError
            description = json.loads(archive.read("config.json"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; make it with scripts/train.py") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}; check the path") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, RuntimeError):
        # Also RecursionError, of a description nested too deeply.
        raise UserError(
            f"{path}: not a network, or damaged; make it with scripts/train.py"
        ) from None
    foreign = _foreign_class(description)
    if foreign:
        raise UserError(
            f"{path}: refused, because it would run code that is not of Keras' layers "
            f"({foreign}); train a network of your own with scripts/train.py"
        )


def _foreign_class(description: Any) -> str:
    """Return the first class in a network's description that Keras does not bring along, or ""."""
    remaining = [description]
    while remaining:
        part = remaining.pop()
        if isinstance(part, list):
            remaining.extend(part)
        elif isinstance(part, dict):
            remaining.extend(part.values())
            if "class_name" not in part:
                continue
            name, module = part["class_name"], part.get("module") or "builtins"
            registered = part.get("registered_name") or name
            if (
                name in _CODE_LAYERS
                or registered != name
                or str(module).split(".")[0] not in ("keras", "builtins")
            ):
                return f"{module}.{name}"
    return ""
