"""Answers of a trained network out of its `.keras` file, without Keras and TensorFlow.

The file is a ZIP archive: config.json describes layers and what goes into them, model.weights.h5
holds their weights (https://keras.io/guides/serialization_and_saving).
"""

import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from spacegrouper.errors import UserError
from spacegrouper.networks.shared.archive import check_archive
from spacegrouper.networks.shared.numpy_layers import LAYERS

Array = NDArray[np.float32]


# Of a weight that ships; it is off by a thousandth on average.
SIGNIFICANT_BITS = 9


class UnknownLayersError(UserError):
    """A network has layers that only Keras itself can compute."""


# The name of a layer, and which of its uses.
_Place = tuple[str, int]


@dataclass(frozen=True)
class _Layer:
    name: str
    kind: str
    config: dict[str, Any]
    weights: tuple[Array, ...]
    inner: "KerasFile | None"
    uses: tuple[tuple[_Place, ...], ...]


@dataclass(frozen=True)
class KerasFile:
    """A trained network, ready to answer.

    Args:
        layers: in the order in which they are computed.
        inputs: the layers that take the inputs.
        outputs: the layers, and which of their uses, that give the outputs.
    """

    layers: tuple[_Layer, ...]
    inputs: tuple[str, ...]
    outputs: tuple[_Place, ...]

    def predict_on_batch(self, inputs: Sequence[Array]) -> list[Array]:
        """Return the outputs, (batch, classes) each, of inputs (batch, ...) in their order."""
        values: dict[_Place, Array] = {
            (name, 0): np.asarray(given, np.float32)
            for name, given in zip(self.inputs, inputs, strict=True)
        }
        for layer in self.layers:
            for number, places in enumerate(layer.uses):
                taken = [values[place] for place in places]
                values[layer.name, number] = (
                    layer.inner.predict_on_batch(taken)[0]
                    if layer.inner
                    else LAYERS[layer.kind](layer.config, layer.weights, *taken)
                )
        return [values[place] for place in self.outputs]


def read_keras_file(path: Path) -> KerasFile:
    """Read a network that training wrote.

    Raises:
        UnknownLayersError: it has layers that are not in numpy_layers.py.
        UserError: there is no such file, or it is damaged.
    """
    check_archive(path)
    try:
        with zipfile.ZipFile(path) as archive:
            description = json.loads(archive.read("config.json"))
            weights = io.BytesIO(archive.read("model.weights.h5"))
        if unknown := sorted(set(_kinds(description["config"])) - set(LAYERS)):
            raise UnknownLayersError(f"{path}: only Keras computes {', '.join(unknown)}")
        with h5py.File(weights) as opened:
            return _network(description["config"], opened)
    # A damaged archive fails in zipfile or h5py, each with errors of its own.
    except (zipfile.BadZipFile, OSError, KeyError, TypeError, ValueError, IndexError, EOFError):
        raise UserError(
            f"{path}: damaged, or written by another version of Keras; make it with "
            "scripts/train.py"
        ) from None


def with_rounded_weights(content: bytes) -> bytes:
    """Return the content of a `.keras` file with weights of half precision and SIGNIFICANT_BITS.

    The bits that rounding makes zero are what compression saves.
    """
    packed, weights = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        with (
            h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as read,
            h5py.File(weights, "w") as written,
        ):
            _copy_rounded(read, written)
        contents = {name: archive.read(name) for name in ("metadata.json", "config.json")}
    with zipfile.ZipFile(packed, "w") as smaller:
        for name, data in (contents | {"model.weights.h5": weights.getvalue()}).items():
            # Without the time of day, so that the same weights always have the same digest.
            smaller.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED, compresslevel=9)
    return packed.getvalue()


def _copy_rounded(read: h5py.Group, written: h5py.Group) -> None:
    written.attrs.update(read.attrs)
    for name, item in read.items():
        if isinstance(item, h5py.Group):
            _copy_rounded(item, written.create_group(name))
            continue
        values = item[()]
        if values.dtype.kind == "f" and values.size > 0 and values.ndim > 0:
            mantissa, exponent = np.frexp(values.astype(np.float32))
            rounded = np.ldexp(
                np.round(mantissa * 2**SIGNIFICANT_BITS), exponent - SIGNIFICANT_BITS
            )
            written.create_dataset(
                name,
                data=rounded.astype(np.float16),
                chunks=values.shape,
                compression="gzip",
                compression_opts=9,
                shuffle=True,
            )
        else:
            written.create_dataset(name, data=values)


def _kinds(config: dict[str, Any]) -> Iterator[str]:
    for layer in config["layers"]:
        if layer["class_name"] == "Functional":
            yield from _kinds(layer["config"])
        elif layer["class_name"] != "InputLayer":
            yield layer["class_name"]


def _network(config: dict[str, Any], weights: h5py.Group) -> KerasFile:
    # Keras names the weights of a layer by its class, numbered in the order of the layers.
    seen: Counter[str] = Counter()
    layers = []
    for layer in config["layers"]:
        kind = layer["class_name"]
        key = _snake_case(kind)
        stored = f"layers/{key}_{seen[key]}" if seen[key] else f"layers/{key}"
        seen[key] += 1
        if kind == "InputLayer":
            continue
        inner = kind == "Functional"
        layers.append(
            _Layer(
                layer["name"],
                kind,
                layer["config"],
                () if inner else _weights_of(weights, stored),
                _network(layer["config"], weights[stored]) if inner else None,
                tuple(tuple(_places(node["args"])) for node in layer["inbound_nodes"]),
            )
        )
    return KerasFile(
        tuple(layers),
        tuple(name for name, *_ in _several(config["input_layers"])),
        tuple((name, use) for name, use, _ in _several(config["output_layers"])),
    )


def _weights_of(weights: h5py.Group, stored: str) -> tuple[Array, ...]:
    if f"{stored}/vars" not in weights:
        return ()
    variables = weights[f"{stored}/vars"]
    # Of a network that ships they are of half precision.
    return tuple(variables[str(number)][()].astype(np.float32) for number in range(len(variables)))


def _places(arguments: Any) -> Iterator[_Place]:
    """Yield which outputs of which layers are among the arguments of a layer's use."""
    if isinstance(arguments, list):
        for argument in arguments:
            yield from _places(argument)
    elif isinstance(arguments, dict) and arguments.get("class_name") == "__keras_tensor__":
        name, use, _ = arguments["config"]["keras_history"]
        yield name, use


def _several(places: Any) -> list[Any]:
    """Return a list of places; Keras writes a single one without a list around it."""
    return [places] if isinstance(places[0], str) else places


def _snake_case(name: str) -> str:
    words = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()
