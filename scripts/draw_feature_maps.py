"""Draw what networks make of a crystal, block by block, and measure how redundant it is."""

from pathlib import Path
from typing import Annotated

import typer

from spacegrouper.atomic import written_aside
from spacegrouper.backend import start_backend
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError
from spacegrouper.evaluation.model_folder import read_labels, read_split
from spacegrouper.programs.command_line import Results, Store, log, progress, run_program

# With fewer positions than this for each channel the effective rank falls short of the truth.
ENOUGH_POSITIONS = 5


def main(
    dataset: Store,
    model: Annotated[
        list[Path], typer.Option(help="folder of a trained network; repeat it to compare some")
    ],
    output: Results,
    crystals: Annotated[int, typer.Option(min=2, help="test crystals to measure with")] = 100,
) -> None:
    """Draw the maps at the end of each block of one or more networks, and measure their redundancy.

    Reads patterns from DATASET, and the networks and their test crystals from each MODEL; the
    crystals are those that all networks were tested with. Writes to OUTPUT: feature_maps.csv (for
    each network, block and image: correlation and effective rank of the channels),
    feature_maps.svg and .png (the maps of one crystal), published_feature_maps.svg and .png (of
    those crystals of the paper that DATASET has), feature_redundancy.svg and .png.
    """
    group = Dataset(dataset)
    labels = [read_labels(folder, group) for folder in model]
    splits = [read_split(folder / "split.csv", group) for folder in model]

    start_backend()
    import pandas as pd

    from spacegrouper.evaluation.predictions import load_network
    from spacegrouper.figures.toolkit import save_figure
    from spacegrouper.reproduction import feature_map_figures, feature_maps
    from spacegrouper.reproduction.published import published_feature_maps
    from spacegrouper.training.devices import prepare_backend

    tests = [split[split["part"] == "test"] for split in splits]
    rows = feature_maps.choose_crystals(tests, crystals)["row"].to_numpy()
    row_of = group.crystals().set_index("material_id")["row"]
    published = [name for name in published_feature_maps() if name in row_of]
    missing = [name for name in published_feature_maps() if name not in row_of]
    # The first was chosen by a rule.
    shown = [int(rows[0]), *map(int, row_of[published])]
    prepare_backend()
    tables: list[pd.DataFrame] = []
    # Of each crystal shown, what each network makes of it.
    maps: list[list[feature_maps.CrystalMaps]] = [[] for _ in shown]
    for folder, of_network, split in zip(model, labels, splits, strict=True):
        network = load_network(folder / "model.keras")
        name = feature_maps.network_name(network, of_network)
        if name in [each.network for each in maps[0]]:
            raise UserError(f"{folder}: a second network `{name}`; give only one of them")
        for of_crystal, row in zip(maps, shown, strict=True):
            of_crystal.append(feature_maps.read_maps(network, of_network, group, row, split))
        with progress(name, len(rows) * len(maps[0][-1].images)) as advance:
            tables.append(
                feature_maps.measure_redundancy(network, of_network, group, rows, advance)
            )
    table = pd.concat(tables)
    together = table[table["image"] == feature_maps.ALL_IMAGES]
    few = together[together["positions"] < ENOUGH_POSITIONS * together["channels"]]
    for block in few.itertuples():
        log.warning(
            "%s, %s: %d positions are few for %d channels: their effective rank falls short of the "
            "truth; raise --crystals if there are more",
            block.network,
            block.block,
            block.positions,
            block.channels,
        )
    with written_aside(output) as aside:
        aside.mkdir()
        table.to_csv(aside / "feature_maps.csv", index=False, float_format="%.6f")
        save_figure(feature_map_figures.feature_maps_figure(maps[0]), aside, "feature_maps")
        of_paper = [each for of_crystal in maps[1:] for each in of_crystal]
        drawn = feature_map_figures.feature_maps_figure(of_paper, missing)
        save_figure(drawn, aside, "published_feature_maps")
        drawn = feature_map_figures.feature_redundancy_figure(table)
        save_figure(drawn, aside, "feature_redundancy")
    if missing:
        log.info("crystals of the paper that are not in the dataset: %s", ", ".join(missing))
    log.info("%d crystals, %d networks; written to %s", len(rows), len(model), output)


if __name__ == "__main__":
    run_program(main)
