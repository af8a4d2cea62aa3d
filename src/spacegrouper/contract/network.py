"""What a network is to the rest of the house."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spacegrouper.contract.registry import Registry

if TYPE_CHECKING:
    from spacegrouper.settings import Model


@dataclass(frozen=True)
class Network:
    """A network, which its file builds untrained.

    Args:
        name: `model.name` of the configuration.
        build: (number of classes, section `model`) to a Keras model, whose `inputs` and `outputs`
            are lists, one for each image; outputs are logits. Keras is imported only by a call.
        takes: the kind of input, as `Descriptor.gives`.
        smallest_image: section `model` to the fewest pixels (or points) along an edge that the
            network's strides and pools leave one of.
        keys: keys of section `model` that only this network has a use for.
    """

    name: str
    build: "Callable[[int, Model], Any]"
    takes: str
    smallest_image: "Callable[[Model], int]"
    keys: tuple[str, ...] = ()


NETWORKS: Registry[Network] = Registry("network")


def build_model(classes: int, settings: "Model") -> Any:
    """Build the network `settings.name`, ready to be trained.

    The weights are drawn from Keras' global seed (keras.utils.set_random_seed), and
    `settings.weights` may have frozen some.

    Args:
        classes: how many it tells apart.
        settings: section `model`.

    Returns:
        A Keras model. `inputs` and `outputs` are lists also where there is one: images
        (batch, image_size, image_size, 3) float32 in 0..1, in the order red, green, blue, or a
        curve (batch, image_size, 1); and their logits (batch, classes) float32. The layer
        "features", inside the layer "trunk" where there are three images, gives an image's
        embedding, (batch, channels).

    Raises:
        UserError: weights that cannot be loaded.
    """
    return NETWORKS[settings.name].build(classes, settings)
