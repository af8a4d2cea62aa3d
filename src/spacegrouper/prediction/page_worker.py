"""What the workers of the page do (bounded_process.py), which answer for one structure each."""

import importlib
import json
from pathlib import Path

from spacegrouper.prediction.bounded_process import Answering


def preload() -> None:
    """Import what takes long."""
    importlib.import_module("spacegrouper.prediction.page_content")


def prepare(folder: str, threshold: float | None = None) -> tuple[bytes, Answering]:
    """Load the network in a folder; return what it says of itself, and how it answers.

    Both as JSON, of page_content.py; what it answers is made by `question`. Raises UserError for a
    folder without a network that takes structures.
    """
    # Only in the worker: the process that answers browsers need not wait for it.
    from spacegrouper.prediction.page_content import describe_network, describe_structure, warm_up
    from spacegrouper.prediction.trained_model import load_trained_model

    model = load_trained_model(Path(folder))
    said = json.dumps(describe_network(model)).encode()
    warm_up(model)

    def answer(asked: bytes) -> bytes:
        name, content = asked.split(b"\n", 1)
        return json.dumps(describe_structure(content, json.loads(name), model, threshold)).encode()

    return said, answer


def question(name: str, content: bytes) -> bytes:
    """Return what a worker is asked about a file: its name as a line of JSON, and its content."""
    return json.dumps(name).encode() + b"\n" + content
