"""Section `model`."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, PositiveInt, field_validator

from spacegrouper.contract.network import NETWORKS
from spacegrouper.settings.known_name import KnownName
from spacegrouper.settings.paths import expand_home
from spacegrouper.settings.quantity import Quantity
from spacegrouper.settings.section import Contradiction, Fraction, Section


class Model(Section):
    """The network (docs/networks.md); defaults are the checkpoint of the paper's authors."""

    name: Annotated[str, KnownName(NETWORKS)] = Field(
        "msdn",
        description="`msdn`, the multistream DenseNet, or `msvgg`: three images, one for each "
        "view; `alexnet`, `densenet`, `resnet`, `vgg`, `vgg16` (convolutions that may have been "
        "trained on ImageNet) or `ziletti`: one image; `powder_cnn`, `powder_resnet`: a "
        "diffractogram, of one dimension; `symmetry_mlp`, `grid_mlp`, `zone_resnet`: what the "
        "descriptors `symmetry`, `grid` and `zones` show of reflections; `zone_mlp`: what "
        "`indexed` shows of patterns",
    )
    image_size: Annotated[int, Quantity("pixels", 1, 100_000)] = Field(
        224,
        description="pixels along each edge of an input image; of a diffractogram its points",
    )
    weights: str = Field(
        "none",
        description="`vgg16`: `imagenet`, or a file of its weights, of which the last "
        "convolutional block is trained and the others stay fixed; `none`: all start untrained",
    )
    hidden: tuple[PositiveInt, ...] = Field(
        (256,), description="`vgg16`: units of each dense layer before the last"
    )
    stem_kernel: PositiveInt = Field(
        7, description="`msdn`: edge of the first convolution, pixels (the paper's table: 3)"
    )
    stem_stride: PositiveInt = Field(
        2,
        description="`msdn`: stride of the first convolution, pixels (the paper does not state it)",
    )
    blocks: tuple[PositiveInt, ...] = Field(
        (3, 6, 12, 8),
        min_length=1,
        description="`msdn`: layers of each dense block (the paper's table: 3, 6, 8, 6)",
    )
    growth: PositiveInt = Field(32, description="`msdn`: channels that each dense layer adds")
    dropout: Fraction = Field(
        0.1,
        description="`msdn`: share of a dense layer's output dropped (the paper does not state it)",
    )

    @field_validator("weights")
    @classmethod
    def _expand_path(cls, value: str) -> str:
        return expand_home(value)

    def contradictions(self) -> Iterator[Contradiction]:
        """Yield keys of other networks, and an image too small for this one."""
        for network in NETWORKS:
            for key in network.keys:
                default = type(self).model_fields[key].default
                if self.name != network.name and getattr(self, key) != default:
                    yield Contradiction(
                        (key, "name"),
                        f"is a key of `{network.name}` alone; leave it out for {self.name}",
                    )
        network = NETWORKS[self.name]
        smallest = network.smallest_image(self)
        if self.image_size < smallest:
            kind, unit = ("images", "pixels")
            if network.takes == "curve":
                kind, unit = ("curves", "points")
            shorter = " or shorten `model.blocks`" if "blocks" in network.keys else ""
            yield Contradiction(
                ("image_size", "name"),
                f"{self.name} needs {kind} of at least {smallest} {unit}, "
                f"not {self.image_size}; raise it{shorter}",
            )
