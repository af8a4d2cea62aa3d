import numpy as np
import pandas as pd
import pytest

from spacegrouper.reproduction.data_figures import population_figure, usage_figure
from spacegrouper.settings.space_groups import CRYSTAL_SYSTEMS


@pytest.fixture
def population():
    rng = np.random.default_rng(0)
    groups = np.setdiff1d(np.arange(1, 231), [7, 168, 229])
    crystals = rng.integers(1, 10**4, len(groups))
    return pd.DataFrame({"spacegroup": groups, "crystals": crystals})


@pytest.fixture
def usage():
    return pd.DataFrame(
        {
            "classes": ["few", "many"],
            "groups": [8, 72],
            "train": [800, 4000],
            "validation": [100, 500],
            "test": [100, 500],
            "unseen": [0, 900],
            "unused": [9000, 4100],
        }
    )


def test_saved_figures_have_ink(assert_saved_well, population, usage):
    def draw():
        return {"population": population_figure(population), "usage": usage_figure(usage)}

    assert_saved_well(draw, files=4)


def test_every_group_has_a_bar_as_high_as_its_crystals(population):
    figure = population_figure(population)
    (axes,) = figure.axes
    bars = axes.containers[0]
    assert [bar.get_height() for bar in bars] == population["crystals"].tolist()
    centres = [bar.get_x() + bar.get_width() / 2 for bar in bars]
    assert centres == pytest.approx(population["spacegroup"])
    assert axes.get_yscale() == "log"
    # The bar of a single crystal can be seen.
    assert axes.get_ylim()[0] < 1
    names = [text.get_text() for text in axes.texts]
    assert names == list(CRYSTAL_SYSTEMS)
    assert "in 227 space groups" in figure.get_suptitle()


def test_the_parts_of_a_bar_add_up_to_all_crystals(usage):
    figure = usage_figure(usage)
    (axes,) = figure.axes
    widths = np.array([[bar.get_width() for bar in container] for container in axes.containers])
    assert widths.T.tolist() == usage.iloc[:, 2:].to_numpy().tolist()
    assert widths.sum(axis=0).tolist() == [10_000, 10_000]
    assert axes.get_xlim() == (0, 10_000)
    written = {text.get_text() for text in axes.texts}
    assert written == {"800", "9,000", "4,000", "900", "4,100"}
