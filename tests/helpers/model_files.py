"""Files of a trained network's folder, as scripts/train.py writes them, without training."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spacegrouper.contract.descriptor import Presentation
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.dataset.made_with import made_with
from spacegrouper.evaluation.model_folder import Labels
from spacegrouper.settings import Settings

_SHOWN = {"descriptor", "image_size", "resize", "seed", "sections"}


def labels_of(
    settings: Settings, classes: Sequence[Any], label: str = "spacegroup", **shown: Any
) -> Labels:
    """Return what labels.json says of a network that is shown what `settings` say.

    `shown`: parts of the presentation that are to be others.
    """
    technique = settings.technique
    done_with = made_with(settings)
    done_with["settings"] |= technique.record_derived(settings, settings.simulate.pixels)
    presentation = {
        "descriptor": settings.train.descriptor,
        "image_size": settings.model.image_size,
        "resize": settings.train.resize,
        "seed": settings.seed,
        "sections": settings.model_dump(mode="json", include=set(technique.presented)),
    } | shown
    return Labels(
        label,
        np.array(classes),
        Presentation(**presentation, made_with=done_with["settings"]),
        done_with,
    )


def write_labels(
    folder: Path, settings: Settings, classes: Sequence[Any], **others: Any
) -> dict[str, Any]:
    """Write labels.json of a network that is shown what `settings` say; return its content.

    `others`: entries of it, or of its `presentation`, that are to be others.
    """
    shown = {key: others.pop(key) for key in _SHOWN & set(others)}
    labels = labels_of(settings, classes, **shown)
    presentation = vars(labels.presentation)
    content = {
        "label": labels.label,
        "classes": labels.classes.tolist(),
        "best_epoch": 1,
        "presentation": {key: presentation[key] for key in sorted(_SHOWN)},
        "made_with": labels.made_with,
    } | others
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "labels.json").write_text(json.dumps(content))
    return content


def write_split(
    folder: Path, dataset: Dataset, part: Sequence[str], names: Sequence[str] | None = None
) -> pd.DataFrame:
    """Write split.csv and return it.

    `part`: of each crystal, an empty one of those in none; `names`: the classes, unless these are
    the space groups.
    """
    table = pd.DataFrame(
        {
            "row": np.arange(dataset.rows),
            "material_id": dataset.material_id,
            "spacegroup": dataset.label("spacegroup"),
            "prototype": "",
            "class": dataset.label("spacegroup") if names is None else names,
            "part": part,
        }
    )
    table = table[table["part"] != ""]
    table["label"] = np.unique(table["class"], return_inverse=True)[1]
    table.to_csv(folder / "split.csv", index=False)
    return table
