"""What a training needs to go on where it was stopped, in one file."""

import logging
import zipfile
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spacegrouper.atomic import written_aside

log = logging.getLogger(__name__)

Values = list[NDArray[Any]]


@dataclass(frozen=True)
class Epoch:
    """How one pass over the training set went; losses and accuracies are means over crystals."""

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float


@dataclass(frozen=True)
class Checkpoint:
    """A training after its last epoch.

    `fingerprint` names what the training depends on. `model` and `optimiser` are the values of
    their variables, `best` those of the model after the epoch with the least validation loss.
    """

    fingerprint: str
    history: list[Epoch]
    model: Values
    best: Values
    optimiser: Values


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a NumPy archive; the file is complete, or still the one before."""
    arrays: dict[str, Any] = {
        "fingerprint": np.array(checkpoint.fingerprint),
        "history": np.array([astuple(epoch) for epoch in checkpoint.history], dtype=np.float64),
    }
    for part in ("model", "best", "optimiser"):
        values = getattr(checkpoint, part)
        arrays |= {f"{part}_{index:04d}": value for index, value in enumerate(values)}
    # As numpy.savez does, which on a full disk leaves the archive open and then complains of it.
    with written_aside(path) as aside, zipfile.ZipFile(aside, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.save(file, array, allow_pickle=False)


def load_checkpoint(path: Path, fingerprint: str) -> Checkpoint | None:
    """Read a checkpoint; None, and a line in the log, if there is none of this training."""
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as archive:
            if str(archive["fingerprint"]) != fingerprint:
                log.warning(
                    "%s: made with other settings or other crystals: training starts anew", path
                )
                return None
            names = sorted(archive.files)
            values = {
                part: [archive[name] for name in names if name.startswith(f"{part}_")]
                for part in ("model", "best", "optimiser")
            }
            history = [Epoch(int(row[0]), *map(float, row[1:])) for row in archive["history"]]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        log.warning("%s: damaged (%s): training starts anew", path, error)
        return None
    return Checkpoint(fingerprint, history, **values)
