"""The tables of the paper, by name."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from spacegrouper.reproduction.results import (
    experiments_table,
    list_experiments,
    read_split_table,
)
from spacegrouper.reproduction.tables import crystals_per_group, list_test_crystals
from spacegrouper.settings import Model, Settings


def _splits(run: Path, settings: Settings) -> dict[tuple[str, str], pd.DataFrame]:
    """Read the splits of the first network's experiments: all networks have the same crystals."""
    return {
        (experiment.classes, experiment.split): read_split_table(experiment)
        for experiment in list_experiments(settings, run / "grid")
        if experiment.network == settings.grid.networks[0].name
    }


def _layers(run: Path, settings: Settings, model: Model) -> pd.DataFrame:
    """Tabulate the layers of an untrained network, for images of 224 pixels; needs no data."""
    # Only here: Keras takes seconds to import.
    from spacegrouper.backend import start_backend

    start_backend()
    from spacegrouper.contract.network import build_model
    from spacegrouper.networks.shared.sizes import CLASSES
    from spacegrouper.reproduction.layers import layer_table

    return layer_table(build_model(CLASSES, model))


# Given the folder of the run (results/<name>) and the settings of the run. Of MSDN there are the
# released checkpoint, and the table of the paper's supplement.
PAPER_TABLES: dict[str, Callable[[Path, Settings], pd.DataFrame]] = {
    "experiments": lambda run, settings: experiments_table(
        list_experiments(settings, run / "grid")
    ),
    "crystals_per_group": lambda run, settings: crystals_per_group(_splits(run, settings)),
    "test_crystals": lambda run, settings: list_test_crystals(_splits(run, settings)),
    "msdn": partial(_layers, model=Model(name="msdn")),
    "msdn_table": partial(_layers, model=Model(name="msdn", blocks=(3, 6, 8, 6), stem_kernel=3)),
    "msvgg": partial(_layers, model=Model(name="msvgg")),
}
