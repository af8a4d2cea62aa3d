"""The table of the networks: how large they are, what they cost, and what was published."""

from collections.abc import Iterator
from dataclasses import dataclass

from spacegrouper.contract.network import build_model
from spacegrouper.networks.shared.cost import forward_flops
from spacegrouper.settings import Model

CLASSES = 72


@dataclass(frozen=True)
class NetworkSize:
    """A row of the table; at 72 classes and, where no other is named, images of 224 pixels."""

    network: str
    images: int
    parameters: int
    gflop: float
    published: str


# Settings, what tells a variant from the network of its name, and what was published of it.
TABULATED: tuple[tuple[Model, str, str], ...] = (
    (Model(name="msdn"), "", "1.54 million at 72 classes (Tiong et al. 2020)"),
    (
        Model(name="msdn", blocks=(3, 6, 8, 6), stem_kernel=3),
        ", the paper's Supplementary Table 1",
        "",
    ),
    (Model(name="msvgg"), "", ""),
    (
        Model(name="alexnet"),
        "",
        "60 million at 1000 classes (Krizhevsky et al. 2012); 62,378,344 with its columns joined",
    ),
    (Model(name="densenet"), "", "8,062,504 at 1000 classes (DenseNet121, Keras Applications)"),
    (Model(name="resnet"), "", "25,636,712 at 1000 classes (ResNet50, Keras Applications)"),
    (Model(name="vgg"), "", "138,357,544 at 1000 classes (VGG16, Keras Applications)"),
    (
        Model(name="vgg16"),
        "",
        "14,714,688 in its convolutions (VGG16 without dense layers, Keras Applications)",
    ),
    (Model(name="ziletti"), "", ""),
    (
        Model(name="ziletti", image_size=64),
        ", 64 pixels",
        "365,719 at 7 classes (sum over the network that Ziletti et al. 2018 released)",
    ),
    (Model(name="powder_cnn", image_size=10_001), ", 10,001 points", ""),
    (Model(name="powder_resnet", image_size=2048), ", 2,048 points", ""),
    (Model(name="zone_resnet", image_size=17), ", 17 pixels and the cell", ""),
    (Model(name="zone_mlp", image_size=17), ", indices to 8 and the cell", ""),
    (Model(name="grid_mlp", image_size=17), ", indices to 8 and the cell", ""),
    (Model(name="symmetry_mlp", image_size=17), "", ""),
)


def network_sizes() -> Iterator[NetworkSize]:
    """Build the networks of the table one after the other and yield their rows."""
    for settings, variant, published in TABULATED:
        model = build_model(CLASSES, settings)
        yield NetworkSize(
            network=settings.name + variant,
            images=len(model.inputs),
            parameters=model.count_params(),
            gflop=round(forward_flops(model) / 1e9, 2),
            published=published,
        )


def sizes_markdown(sizes: list[NetworkSize]) -> str:
    """Return the file docs/network_sizes.md, made of all rows of the table."""
    lines = [
        "# The networks in numbers",
        "",
        f"Written by `scripts/tabulate_networks.py`. Parameters at {CLASSES} classes; images of "
        "224 pixels where no other size is named.",
        "GFLOP: two operations for each multiply-add of the convolutions and dense layers in the "
        "forward pass of one crystal,",
        "all its images together; nothing else is counted.",
        "",
        "| network | images | parameters | GFLOP a crystal | published parameters |",
        "|---|---:|---:|---:|---|",
    ]
    lines += [
        f"| {row.network} | {row.images} | {row.parameters:,} | {row.gflop:.2f} "
        f"| {row.published or 'none'} |"
        for row in sizes
    ]
    return "\n".join(lines) + "\n"
