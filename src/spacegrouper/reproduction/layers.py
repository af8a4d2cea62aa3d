"""A network layer by layer, as a table."""

import keras
import pandas as pd
from keras import layers


def layer_table(model: keras.Model) -> pd.DataFrame:
    """Return a row for each layer, in order; those of a model inside the model are rows too.

    Columns part (the model inside that a layer is of; empty for the others), layer, kind, kernel
    and stride (pixels, empty where there are none), output (without the batch), parameters, and
    uses (how many images pass through).
    """
    return pd.DataFrame(_rows(model, "", 1))


def _rows(model: keras.Model, part: str, uses: int) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    entries = model.get_config()["layers"]
    for layer, entry in zip(model.layers, entries, strict=True):
        # An input is fed by nothing, and yet used.
        times = uses * max(1, len(entry["inbound_nodes"]))
        if isinstance(layer, keras.Model):
            rows += _rows(layer, layer.name, times)
            continue
        rows.append(
            {
                "part": part,
                "layer": layer.name,
                "kind": type(layer).__name__,
                "kernel": _edges(layer, "kernel_size", "pool_size"),
                "stride": _edges(layer, "strides"),
                "output": " x ".join(str(length) for length in layer.output.shape[1:]),
                "parameters": layer.count_params(),
                "uses": times,
            }
        )
    return rows


def _edges(layer: layers.Layer, *names: str) -> str:
    for name in names:
        if hasattr(layer, name):
            return " x ".join(str(length) for length in getattr(layer, name))
    return ""
