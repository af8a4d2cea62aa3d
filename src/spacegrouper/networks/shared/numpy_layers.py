"""What Keras' layers do to their inputs once a network is trained, in NumPy.

Each function takes a layer's description as Keras writes it (`config`), its weights in Keras'
order, and its inputs, (batch, ..., channels) float32. Results equal Keras' to rounding; see
https://keras.io/api/layers for what the keys mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.special import erf, expit, softmax

Array = NDArray[np.float32]
Config = Mapping[str, Any]
Weights = Sequence[Array]

_ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": expit,
    "silu": lambda x: x * expit(x),
    "gelu": lambda x: x * (1 + erf(x * np.float32(0.5**0.5))) / 2,
    "softmax": lambda x: softmax(x, axis=-1),
}


def _activate(x: Array, config: Config) -> Array:
    return _ACTIVATIONS[config["activation"]](x)


def _dense(config: Config, weights: Weights, x: Array) -> Array:
    return _activate(_add_bias(x @ weights[0], config, weights), config)


def _convolution(config: Config, weights: Weights, x: Array) -> Array:
    kernel = weights[0]
    padded = _padded(x, config, config["kernel_size"], 0)
    windows = _windows(padded, config["kernel_size"], config["strides"])
    # (rows, columns, channels, kernel rows, kernel columns) of one crystal at a time: the product
    # copies each pixel into all its windows.
    edges = kernel.ndim - 2
    axes = [*range(edges + 1, 2 * edges + 1), edges]
    summed = [np.tensordot(window, kernel, (axes, [*range(edges + 1)])) for window in windows]
    return _activate(_add_bias(np.stack(summed), config, weights), config)


def _depthwise_convolution(config: Config, weights: Weights, x: Array) -> Array:
    kernel = weights[0]
    windows = _windows(
        _padded(x, config, config["kernel_size"], 0), config["kernel_size"], config["strides"]
    )
    letters = "ij"[: kernel.ndim - 2]
    summed = np.einsum(f"...c{letters},{letters}cm->...cm", windows, kernel, optimize=True)
    flat = summed.reshape(*summed.shape[:-2], -1)
    return _activate(_add_bias(flat, config, weights), config)


def _add_bias(x: Array, config: Config, weights: Weights) -> Array:
    return x + weights[1] if config["use_bias"] else x


def _average_pooling(config: Config, weights: Weights, x: Array) -> Array:
    # What is padded does not count.
    inside = _padded(np.ones((1, *x.shape[1:-1], 1), x.dtype), config, config["pool_size"], 0)
    counts: Array = _pooled(inside, config).sum(axis=-1)
    sums: Array = _pooled(_padded(x, config, config["pool_size"], 0), config).sum(axis=-1)
    return sums / counts


def _max_pooling(config: Config, weights: Weights, x: Array) -> Array:
    largest: Array = _pooled(_padded(x, config, config["pool_size"], -np.inf), config).max(axis=-1)
    return largest


def _pooled(x: Array, config: Config) -> Array:
    """Return the values of each pool along the last axis."""
    windows = _windows(x, config["pool_size"], config["strides"])
    return windows.reshape(*windows.shape[: x.ndim], -1)


def _padded(x: Array, config: Config, sizes: Sequence[int], value: float) -> Array:
    """Pad the edges of images as `padding` says; TensorFlow puts the odd pixel at the end."""
    if config["padding"] == "valid":
        return x
    widths = [(0, 0)]
    for length, size, stride in zip(x.shape[1:-1], sizes, config["strides"], strict=True):
        total = max((-(-length // stride) - 1) * stride + size - length, 0)
        widths.append((total // 2, total - total // 2))
    return np.pad(x, [*widths, (0, 0)], constant_values=value)


def _windows(x: Array, sizes: Sequence[int], strides: Sequence[int]) -> Array:
    """Return views of all windows: (batch, places..., channels, sizes...)."""
    edges = tuple(range(1, len(sizes) + 1))
    windows: Array = sliding_window_view(x, tuple(sizes), axis=edges)  # type: ignore[call-overload]
    return windows[(slice(None), *(slice(None, None, stride) for stride in strides))]


def _batch_normalisation(config: Config, weights: Weights, x: Array) -> Array:
    remaining = iter(weights)
    scale = next(remaining) if config["scale"] else 1
    centre = next(remaining) if config["center"] else 0
    mean, variance = remaining
    factor = scale / np.sqrt(variance + np.float32(config["epsilon"]))
    normalised: Array = x * factor + (centre - mean * factor)
    return normalised


def _layer_normalisation(config: Config, weights: Weights, x: Array) -> Array:
    remaining = iter(weights)
    scale = next(remaining) if config["scale"] else 1
    centre = next(remaining) if config["center"] else 0
    mean = x.mean(axis=-1, keepdims=True)
    variance = x.var(axis=-1, keepdims=True)
    normalised: Array = (x - mean) / np.sqrt(variance + np.float32(config["epsilon"]))
    return normalised * scale + centre


def _rescaling(config: Config, weights: Weights, x: Array) -> Array:
    return x * np.float32(config["scale"]) + np.asarray(config["offset"], np.float32)


def _zero_padding(config: Config, weights: Weights, x: Array) -> Array:
    return np.pad(x, [(0, 0), *map(tuple, config["padding"]), (0, 0)])


def _spatial_mean(config: Config, weights: Weights, x: Array) -> Array:
    mean: Array = x.mean(axis=tuple(range(1, x.ndim - 1)))
    return mean


def _spatial_maximum(config: Config, weights: Weights, x: Array) -> Array:
    largest: Array = x.max(axis=tuple(range(1, x.ndim - 1)))
    return largest


# By the name of Keras' class.
LAYERS: dict[str, Callable[..., Array]] = {
    "Activation": lambda config, weights, x: _activate(x, config),
    "Add": lambda config, weights, *parts: sum(parts[1:], parts[0]),
    "AveragePooling1D": _average_pooling,
    "AveragePooling2D": _average_pooling,
    "BatchNormalization": _batch_normalisation,
    "Concatenate": lambda config, weights, *parts: np.concatenate(parts, axis=config["axis"]),
    "Conv1D": _convolution,
    "Conv2D": _convolution,
    "Dense": _dense,
    "DepthwiseConv1D": _depthwise_convolution,
    "DepthwiseConv2D": _depthwise_convolution,
    "Dropout": lambda config, weights, x: x,
    "Flatten": lambda config, weights, x: x.reshape(len(x), -1),
    # VGG16's, of the channels.
    "Flip": lambda config, weights, x: np.flip(x, config["axis"]),
    "GlobalAveragePooling1D": _spatial_mean,
    "GlobalAveragePooling2D": _spatial_mean,
    "GlobalAveragePooling3D": _spatial_mean,
    "GlobalMaxPooling1D": _spatial_maximum,
    "GlobalMaxPooling2D": _spatial_maximum,
    "Identity": lambda config, weights, x: x,
    "LayerNormalization": _layer_normalisation,
    "MaxPooling1D": _max_pooling,
    "MaxPooling2D": _max_pooling,
    "Multiply": lambda config, weights, *parts: np.prod(np.broadcast_arrays(*parts), axis=0),
    "Rescaling": _rescaling,
    "ZeroPadding2D": _zero_padding,
}
