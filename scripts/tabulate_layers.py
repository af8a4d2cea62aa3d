"""Tabulate the layers of the networks of three images: kernels, output shapes, parameters."""

from pathlib import Path
from typing import Annotated

import typer
from command_line import progress, run_program

from spacegrouper.atomic import written_aside
from spacegrouper.backend import start_backend
from spacegrouper.settings import Model

# The released checkpoint, the table of the paper's supplement, and the network it is compared with.
NETWORKS = {
    "msdn": Model(name="msdn"),
    "msdn_table": Model(name="msdn", blocks=(3, 6, 8, 6), stem_kernel=3),
    "msvgg": Model(name="msvgg"),
}


def main(
    output: Annotated[Path, typer.Option(help="folder of the tables; replaced as a whole")],
) -> None:
    """Build the multistream networks, untrained, and write their layers to OUTPUT.

    Writes msdn.csv (as the paper's authors released it), msdn_table.csv (as the paper's
    Supplementary Table 1 has it) and msvgg.csv (Supplementary Table 4): part, layer, kind, kernel,
    stride, output, parameters, uses. At 72 classes and images of 224 pixels. Needs no data.
    """
    start_backend()
    # Keras takes seconds to import, which --help should not.
    from spacegrouper.contract.network import build_model
    from spacegrouper.networks.shared.sizes import CLASSES
    from spacegrouper.reproduction.layers import layer_table

    with progress("building", len(NETWORKS)) as advance, written_aside(output) as folder:
        folder.mkdir()
        for name, model in NETWORKS.items():
            layer_table(build_model(CLASSES, model)).to_csv(folder / f"{name}.csv", index=False)
            advance(1)


if __name__ == "__main__":
    run_program(main)
