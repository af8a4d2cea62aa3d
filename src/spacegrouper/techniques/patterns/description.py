"""What a dataset of patterns holds, as tables and figures."""

import math
from collections.abc import Callable

from spacegrouper.contract.technique import Description
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError
from spacegrouper.settings.simulate import Simulate
from spacegrouper.techniques.images import levels_of_one
from spacegrouper.techniques.patterns.figures import (
    brightness_figure,
    class_balance_figure,
    crystal_systems_figure,
    nodes_figure,
    occupied_pixels_figure,
)
from spacegrouper.techniques.patterns.statistics import (
    describe_dataset,
    histogram_table,
    per_crystal_system_table,
    per_space_group_table,
    summary_table,
)


def describe(dataset: Dataset, threads: int, advance: Callable[[int], None]) -> Description:
    """Describe the usable crystals of a dataset and their patterns; see `Technique.describe`.

    Raises:
        UserError: patterns that cannot be read, or no crystal of a known space group.
    """
    found = describe_dataset(dataset, threads, advance)
    # Brightness is in levels of 8 bits, whatever the dataset's.
    pixels = math.prod(dataset.shape) * levels_of_one(dataset.dtype)
    per_space_group = per_space_group_table(found, pixels)
    if per_space_group.empty:
        raise UserError(
            f"{dataset.path}: no crystal has a space group; simulate crystals that "
            "scripts/standardise.py has written"
        )
    per_system, histograms = per_crystal_system_table(per_space_group), histogram_table(found)
    simulate = Simulate.model_validate(dataset.settings.get("simulate", {}))
    # `view_names` refuses settings of another number of views.
    views = simulate.views[: len(dataset.view_names)]
    return Description(
        tables={
            "per_space_group": per_space_group,
            "per_crystal_system": per_system,
            "patterns": summary_table(found),
            "histograms": histograms,
        },
        figures={
            "class_balance": class_balance_figure(per_space_group),
            "crystal_systems": crystal_systems_figure(per_system),
            "brightness": brightness_figure(per_space_group),
            "occupied_pixels": occupied_pixels_figure(histograms, views),
            "nodes": nodes_figure(histograms, views),
        },
        summary=(
            f"{per_space_group['crystals'].sum()} crystals in {len(per_space_group)} space groups; "
            f"{found.crystals[0]} without a space group are only in the histograms, "
            f"{dataset.rows - found.crystals.total()} rows are left out: crystals rejected or not "
            "made, and copies"
        ),
    )
