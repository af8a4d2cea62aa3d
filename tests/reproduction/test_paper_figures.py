import matplotlib.pyplot as plt
import pytest
from example_dataset import SHAPE, write_example_dataset
from paper_grid import write_grid

from spacegrouper.reproduction import image_figures
from spacegrouper.reproduction.paper_figures import PAPER_FIGURES
from spacegrouper.settings import make_settings


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder and the settings of a run with a grid and a dataset."""
    folder = tmp_path_factory.mktemp("run")
    settings = write_grid(folder)
    write_example_dataset(folder / "dataset.zarr")
    return folder, settings


@pytest.mark.parametrize("name", PAPER_FIGURES)
def test_every_figure_is_drawn_from_the_results_of_a_run(finished, name):
    assert PAPER_FIGURES[name](*finished).axes


def test_the_usage_counts_all_crystals_of_the_run(finished, tmp_path):
    figure = PAPER_FIGURES["usage"](*finished)
    figure.savefig(tmp_path / "usage.svg")
    plt.close(figure)
    # 150 crystals, 120 of them of the larger set's groups, and 39 of untrained ones.
    drawn = (tmp_path / "usage.svg").read_text(encoding="utf-8")
    assert all(f"<!-- {number} -->" in drawn for number in (72, 24, 39, 90))


def test_crystals_are_drawn_as_the_dataset_was_made_whatever_the_settings_say(
    finished, monkeypatch
):
    folder, _ = finished
    seen = []
    monkeypatch.setattr(
        image_figures, "shaping_steps_figure", lambda crystal, views, shape: seen.append(shape)
    )
    PAPER_FIGURES["shaping_steps"](folder, make_settings())
    assert seen == [SHAPE] != [make_settings().shape]
