"""What a training leaves: the network, and beside it what its answers mean and how it was made."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import keras
import pandas as pd

from spacegrouper.atomic import written_aside
from spacegrouper.contract.descriptor import Presentation
from spacegrouper.dataset.made_with import MadeWith
from spacegrouper.settings import Settings, write_settings
from spacegrouper.training.checkpoint import Epoch
from spacegrouper.training.model_file import write_model


def write_results(
    output: Path,
    model: keras.Model,
    settings: Settings,
    split: pd.DataFrame,
    presentation: Presentation,
    made_with: MadeWith,
    history: Sequence[Epoch],
    kept: int,
) -> None:
    """Write model.keras, labels.json, history.csv, split.csv and settings.yaml into a folder.

    Args:
        output: the folder, made if it is missing.
        model: the network that is kept.
        settings: of the run.
        split: as `split_crystals` returns it.
        presentation: how the network was shown crystals.
        made_with: what these crystals' data were made with.
        history: of all epochs.
        kept: the epoch whose network is kept.
    """
    classes = split.drop_duplicates("label").sort_values("label")["class"]
    shown = asdict(presentation)
    del shown["made_with"]
    labels = {
        "label": settings.split.label,
        "classes": classes.tolist(),
        "best_epoch": kept,
        "presentation": shown,
        "made_with": made_with,
    }
    # A temperature fitted to an earlier network is none of this one's.
    (output / "calibration.json").unlink(missing_ok=True)
    write_model(model, output / "model.keras")
    with written_aside(output / "labels.json") as aside:
        aside.write_text(json.dumps(labels, indent=2) + "\n", encoding="utf-8")
    with written_aside(output / "history.csv") as aside:
        pd.DataFrame(history).to_csv(aside, index=False)
    with written_aside(output / "split.csv") as aside:
        split.to_csv(aside, index=False)
    write_settings(settings, output / "settings.yaml")
