"""What a run has done, a sentence for each stage, in their order."""

import pandas as pd

from spacegrouper.dataset.dataset import Dataset
from spacegrouper.settings import Settings
from spacegrouper.settings.messages import number


def run_stages(
    settings: Settings,
    dataset: Dataset,
    split: pd.DataFrame,
    history: tuple[pd.DataFrame, int],
    temperature: float | None,
    rejected: int,
) -> list[tuple[str, str]]:
    """Return the names of the stages and what each has done.

    Args:
        settings: of the run.
        dataset: that it made.
        split: as model_folder.read_parts returns it.
        history: as model_folder.read_history returns it.
        temperature: of the calibration; none: there was none.
        rejected: records that could not be used.
    """
    crystals = dataset.crystals()
    groups = number(crystals["spacegroup"].nunique(), "space group")
    source = f"the source {settings.acquire.source}" if settings.engine.crystals else "a database"
    parts = split["part"].value_counts()
    epochs, kept = history
    return [
        (
            "Acquire and standardise",
            f"{number(len(crystals), 'crystal')} of {groups} from {source}; "
            f"{rejected or 'no'} {'record was' if rejected == 1 else 'records were'} rejected",
        ),
        ("Simulate", f"{_measured(dataset)} of each, by the engine {settings.simulate.engine}"),
        ("Shape", f"one dataset of {number(dataset.rows, 'row')}: {', '.join(dataset.arrays)}"),
        (
            "Train",
            f"the network {settings.model.name}, which is shown {settings.train.descriptor}: "
            f"{number(parts['train'], 'crystal')} train, {parts['validation']} validate, "
            f"{parts['test']} test; of {number(len(epochs), 'epoch')} the weights of epoch {kept} "
            "are kept",
        ),
        (
            "Calibrate",
            "no: all crystals but those of the test set were trained on"
            if temperature is None
            else f"logits are divided by the temperature {temperature:.2f}",
        ),
        ("Evaluate", f"on {number(parts['test'], 'crystal')} that none of this has seen"),
    ]


def _measured(dataset: Dataset) -> str:
    technique, (views, rows, columns) = dataset.technique, dataset.shape
    if not technique.images:
        return technique.measures
    return f"{technique.measures}, {views} of {columns} x {rows} pixels,"
