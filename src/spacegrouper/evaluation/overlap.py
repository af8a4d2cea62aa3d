"""How much of the test part a network has met before, in another form."""

import numpy as np
import pandas as pd

from spacegrouper.dataset.dataset import Dataset


def share_met_before(split: pd.DataFrame, dataset: Dataset) -> dict[str, float]:
    """Return which share of the test crystals has its like in the other parts.

    `split`: columns row and part, of all parts. Returns prototype_met_before (of a prototype that
    the train or validation part has too) and crystal_met_before (the same crystal under another
    id, by its structure key), as far as the dataset knows of them; what is unknown is not met.
    """
    shares = {}
    testing = (split["part"] == "test").to_numpy()
    for name, label in (("prototype", "prototype"), ("crystal", "structure_key")):
        values = dataset.label(label).astype(object)[split["row"].to_numpy()]
        known = set(values[~testing]) - {""}
        shares[f"{name}_met_before"] = float(np.mean([value in known for value in values[testing]]))
    return shares
