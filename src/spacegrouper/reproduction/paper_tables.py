"""The tables of the paper, by name."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from spacegrouper.reproduction.paired_outcomes import paired_outcomes
from spacegrouper.reproduction.results import (
    experiments_of_largest_set,
    experiments_table,
    list_experiments,
    read_population,
    read_split_table,
    read_unseen_groups,
)
from spacegrouper.reproduction.tables import (
    crystals_per_group,
    list_test_crystals,
    untrained_groups,
)
from spacegrouper.settings import Model, Settings


def _splits(run: Path, settings: Settings) -> dict[tuple[str, str], pd.DataFrame]:
    """Read the splits of the first network's experiments: all networks have the same crystals."""
    return {
        (experiment.classes, experiment.split): read_split_table(experiment)
        for experiment in list_experiments(settings, run / "grid")
        if experiment.network == settings.grid.networks[0].name
    }


def _untrained_groups(run: Path, settings: Settings) -> pd.DataFrame:
    """Tabulate the groups never trained on: all networks are tested with the same crystals."""
    first, *_ = experiments_of_largest_set(list_experiments(settings, run / "grid"), settings)
    tested = read_unseen_groups(first) if settings.evaluate.unseen_groups else None
    return untrained_groups(read_population(run), tested)


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
    "paired_outcomes": lambda run, settings: paired_outcomes(
        list_experiments(settings, run / "grid")
    ),
    "crystals_per_group": lambda run, settings: crystals_per_group(_splits(run, settings)),
    "untrained_groups": _untrained_groups,
    "test_crystals": lambda run, settings: list_test_crystals(_splits(run, settings)),
    "msdn": partial(_layers, model=Model(name="msdn")),
    "msdn_table": partial(_layers, model=Model(name="msdn", blocks=(3, 6, 8, 6), stem_kernel=3)),
    "msvgg": partial(_layers, model=Model(name="msvgg")),
}
