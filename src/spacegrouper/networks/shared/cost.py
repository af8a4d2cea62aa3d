"""What a network costs to run."""

import math

import keras
from keras import layers


def forward_flops(model: keras.Model) -> int:
    """Count the floating-point operations of one crystal's forward pass.

    Two for each multiplication and addition of the convolutions and dense layers; a part that
    several images pass through counts for each of them. Biases, activations, pools, normalisation
    and dropout are left out. Padding counts as if it were image, as in the usual figures.
    """
    uses = {entry["name"]: len(entry["inbound_nodes"]) for entry in model.get_config()["layers"]}
    return sum(uses[layer.name] * _layer_flops(layer) for layer in model.layers)


def _layer_flops(layer: layers.Layer) -> int:
    if isinstance(layer, keras.Model):
        return forward_flops(layer)
    if isinstance(layer, layers.Conv1D | layers.Conv2D | layers.Dense):
        # A dense layer has no pixels between batch and channels: the product of none is 1.
        pixels = math.prod(layer.output.shape[1:-1])
        multiply_adds: int = pixels * math.prod(layer.kernel.shape)
        return 2 * multiply_adds
    return 0
