"""What the workers of the page do (bounded_process.py), each of which answers for one crystal."""

import importlib
import json
from collections.abc import Mapping, Sequence
from contextlib import chdir
from pathlib import Path

from spacegrouper.prediction.bounded_process import Answering


def preload() -> None:
    """Import what takes long."""
    for name in ("page_content", "structure_files"):
        importlib.import_module(f"spacegrouper.prediction.{name}")


def prepare(folder: str | None, threshold: float | None = None) -> tuple[bytes, Answering]:
    """Load a network; return what it says of itself, and how it answers.

    Both as JSON, of page_content.py; what it answers is made by `question`.

    Args:
        folder: of the network; none: the one that ships.
        threshold: the probability below which the best class decides nothing.

    Raises:
        UserError: there is no network in the folder, or none that takes structures.
    """
    # Only in the worker: the process that answers browsers need not wait for it.
    from spacegrouper.prediction.inputs import Asked
    from spacegrouper.prediction.page_content import describe_network, describe_upload, warm_up
    from spacegrouper.prediction.trained_model import load_trained_model

    asked = Asked(load_trained_model(Path(folder).absolute()) if folder else None)
    said = json.dumps(describe_network(asked)).encode()
    warm_up(asked)

    def answer(question: bytes) -> bytes:
        given = json.loads(question)
        # Answers name files as whoever sent them does.
        with chdir(given["folder"]):
            paths = [Path(name) for name in given["names"]]
            return json.dumps(describe_upload(paths, given["fields"], asked, threshold)).encode()

    return said, answer


def question(folder: Path, names: Sequence[str], fields: Mapping[str, str]) -> bytes:
    """Return what a worker is asked: about which files of a folder, with which fields filled."""
    return json.dumps({"folder": str(folder), "names": list(names), "fields": {**fields}}).encode()
