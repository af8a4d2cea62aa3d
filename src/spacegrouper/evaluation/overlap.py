"""How much of the test part a network has met before, in another form."""

from typing import Any

import numpy as np
import pandas as pd
import zarr


def share_met_before(split: pd.DataFrame, dataset: zarr.Group) -> dict[str, float]:
    """Return which share of the test crystals has its like in the other parts.

    `split`: columns row and part, of all parts. Returns prototype_met_before (of a prototype that
    the train or validation part has too) and crystal_met_before (the same crystal under another
    id, by its structure key), as far as the dataset knows of them; what is unknown is not met.
    """
    shares = {}
    testing = (split["part"] == "test").to_numpy()
    for name, label in (("prototype", "prototype"), ("crystal", "structure_key")):
        if label not in dataset:
            continue
        array: Any = dataset[label]
        values = np.asarray(array[:]).astype(object)[split["row"].to_numpy()]
        known = set(values[~testing]) - {""}
        shares[f"{name}_met_before"] = float(np.mean([value in known for value in values[testing]]))
    return shares
