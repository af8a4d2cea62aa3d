"""Section `model`."""

from typing import Literal, Self

from pydantic import Field, PositiveInt, model_validator

from spacegrouper.settings.descriptors import Descriptor
from spacegrouper.settings.section import Fraction, Section


class Model(Section):
    """The network (docs/networks.md); defaults are the checkpoint of the paper's authors."""

    name: Literal[
        "msdn",
        "msvgg",
        "alexnet",
        "densenet",
        "resnet",
        "vgg",
        "vgg16",
        "ziletti",
        "powder_cnn",
    ] = Field(
        "msdn",
        description="`msdn`, the multistream DenseNet, or `msvgg`: three images, one for each "
        "view; `alexnet`, `densenet`, `resnet`, `vgg`, `vgg16` (convolutions that may have been "
        "trained on ImageNet) or `ziletti`: one image; `powder_cnn`: a diffractogram, of one "
        "dimension",
    )
    image_size: PositiveInt = Field(
        224,
        description="pixels along each edge of an input image; of `powder_cnn` the points of the "
        "diffractogram",
    )
    weights: str = Field(
        "none",
        description="`vgg16`: `imagenet`, or a file of its weights, of which the last "
        "convolutional block goes on learning and the others stay; `none`: all start untrained",
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

    @property
    def images(self) -> int:
        """How many images of a crystal the network takes."""
        return 3 if self.name in ("msdn", "msvgg") else 1

    @property
    def descriptors(self) -> tuple[Descriptor, ...]:
        """What the network can learn from."""
        if self.images == 3:
            return ("shaped", "raw")
        return ("diffractogram",) if self.name == "powder_cnn" else ("spot", "powder", "morphology")

    @model_validator(mode="after")
    def _other_networks_are_fixed(self) -> Self:
        for owner, keys in (
            ("msdn", ("stem_kernel", "stem_stride", "blocks", "growth", "dropout")),
            ("vgg16", ("weights", "hidden")),
        ):
            for key in keys:
                default = type(self).model_fields[key].default
                if self.name != owner and getattr(self, key) != default:
                    raise ValueError(
                        f"`{key}` is a key of `{owner}` alone; leave it out for {self.name}"
                    )
        return self
