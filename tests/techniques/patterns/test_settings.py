"""What the settings of patterns cannot be together."""

from typing import Any

import pytest

from spacegrouper.errors import UserError
from spacegrouper.settings import Simulate, View
from spacegrouper.settings.loading import settings_from_mapping
from spacegrouper.techniques.patterns.settings import summed_cells, views_along_axes

INDEXED = {"descriptor": "indexed"}
FADING = {"views": "zone_axes", "envelope": "gaussian"}
NETWORK = {"name": "zone_mlp", "image_size": 17}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            {"simulate": {"envelope": "gaussian", "cells": [10, 3, 10]}},
            "`simulate.envelope`: a gaussian needs 4 cells or more along each edge, not 3",
        ),
        (
            {"simulate": {"envelope": "gaussian", "engine": "condor"}},
            "`simulate.envelope`: needs `engine: kinematic`",
        ),
        (
            {
                "simulate": {
                    "envelope": "gaussian",
                    "cells": [100, 100, 100],
                    "disorder": {"vacancies": 0.1},
                }
            },
            "251 x 251 x 251 cells hold 1.6e+07 atoms or more",
        ),
        ({"model": NETWORK, "train": INDEXED}, "`simulate.views`: must be along x, y and z"),
        (
            {"simulate": {"views": "zone_axes"}, "model": NETWORK, "train": INDEXED},
            "`simulate.envelope`: the fringes of a block are taken for spots",
        ),
        (
            {
                "simulate": FADING,
                "model": {"name": "zone_mlp", "image_size": 16},
                "train": INDEXED,
            },
            "`model.image_size`: counts the indices of an axis that are shown, from -L to L; must "
            "be odd, not 16",
        ),
    ],
)
def test_contradictions_are_named(content: dict[str, Any], reason: str) -> None:
    with pytest.raises(UserError) as refusal:
        settings_from_mapping(content, "own.yaml")
    assert reason in str(refusal.value)


def test_indexed_zones_of_zone_axes_are_accepted() -> None:
    content = {"simulate": FADING, "model": NETWORK, "train": INDEXED}
    assert settings_from_mapping(content, "own.yaml").train.descriptor == "indexed"


@pytest.mark.parametrize(
    ("views", "along"),
    [
        ((("y", -90), ("x", 90), ("z", 0)), True),
        ((("z", 180), ("y", 90), ("x", -90)), True),
        ((("x", 45), ("y", 45), ("z", 45)), False),
        ((("x", 90), ("x", -90), ("z", 0)), False),
        ((("y", -90), ("x", 90), ("z", (0, 90))), False),
    ],
)
def test_views_along_the_axes_are_three_quarter_turns(views: Any, along: bool) -> None:
    turns = tuple(View(axis=axis, angle=angle) for axis, angle in views)
    assert views_along_axes(Simulate(views=turns)) == along


def test_a_crystal_that_fades_out_is_summed_beyond_its_edges() -> None:
    assert summed_cells(Simulate(cells=(4, 5, 10))) == (4, 5, 10)
    assert summed_cells(Simulate(cells=(4, 5, 10), envelope="gaussian")) == (11, 15, 27)
