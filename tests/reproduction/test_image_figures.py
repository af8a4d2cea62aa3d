import numpy as np
import pytest
from example_dataset import GROUPS, SHAPE, write_example_dataset

from spacegrouper.errors import UserError
from spacegrouper.reproduction.image_figures import (
    choose_example,
    choose_examples,
    examples_figure,
    read_example,
    shaping_steps_figure,
    spot_generation_figure,
)

VIEWS = ["x", "y", "z"]


@pytest.fixture
def dataset(tmp_path):
    return write_example_dataset(tmp_path / "data.zarr")


@pytest.fixture
def crystal(dataset):
    return read_example(dataset, choose_example(dataset))


def test_the_examples_are_the_first_of_the_largest_group_of_each_system(dataset):
    examples = choose_examples(dataset)
    assert examples["crystal_system"].tolist() == ["triclinic", "cubic"]
    assert examples["material_id"].tolist() == ["d", "b"]
    assert examples["row"].tolist() == [3, 2]
    assert choose_example(dataset)["material_id"] == "b"


def test_the_first_of_other_groups_that_are_there_comes_before_the_largest(dataset):
    examples = choose_examples(dataset, (225, 229, 205))
    assert examples["material_id"].tolist() == ["d", "a", "b"]
    assert examples["spacegroup"].tolist() == [2, 229, 225]
    crystals = [read_example(dataset, row) for row in examples.to_dict("records")]
    figure = examples_figure(crystals, VIEWS, (229, 205))
    labels = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]
    assert ["paper" in label for label in labels] == [False, True, False]
    assert "the dataset has no crystal of 205 Pa3\u0305." in figure.get_supxlabel()
    assert not examples_figure(crystals, VIEWS, (229,)).get_supxlabel()


def test_a_dataset_without_space_groups_has_no_example(tmp_path):
    dataset = write_example_dataset(tmp_path / "none.zarr", [0] * len(GROUPS))
    with pytest.raises(UserError, match="no finished crystal has a known space group"):
        choose_examples(dataset)


def test_images_are_those_that_networks_take(dataset, crystal):
    raw, shaped = (values[0] for values in dataset.read(slice(2, 3)).values())
    assert (crystal.raw == raw).all()
    assert crystal.spot == pytest.approx(np.moveaxis(raw, 0, -1) / 255)
    for view in range(3):
        assert crystal.shaped[view, ..., view] == pytest.approx(shaped[view] / 255)
    assert crystal.title == "b, 225 Fm3\u0305m"


def test_saved_figures_have_ink(assert_saved_well, crystal):
    def draw():
        return {
            "steps": shaping_steps_figure(crystal, VIEWS, SHAPE),
            "spot": spot_generation_figure(crystal, VIEWS),
        }

    assert_saved_well(draw, files=4)


def test_steps_lead_from_the_raw_pattern_to_the_shaped_one(dataset, crystal):
    figure = shaping_steps_figure(crystal, VIEWS, SHAPE)
    grid = np.reshape(figure.axes, (3, 5))
    assert [axes.get_title() for axes in grid[0]][::4] == ["raw", "shaped"]
    for view, row in enumerate(grid):
        *_, bright, lines, shaped = (np.asarray(axes.images[0].get_array()) for axes in row)
        stored = dataset.read(slice(2, 3))["shaped"][0, view]
        assert np.floor(shaped**3 * 255 + 1e-3) == pytest.approx(stored)
        # Lines lead to bright pixels, and lie in the shaped pattern.
        assert (stored[lines.astype(bool)] == 255).all()
        assert bright.any()
    assert any(np.asarray(row[3].images[0].get_array()).any() for row in grid)


def test_examples_have_a_row_each(dataset):
    crystals = [read_example(dataset, row) for row in choose_examples(dataset).to_dict("records")]
    grid = np.reshape(examples_figure(crystals, VIEWS).axes, (2, 7))
    assert grid[1, 0].get_ylabel() == "cubic\n225 Fm3\u0305m\nb"
    for view in range(3):
        shown = np.asarray(grid[1, 4 + view].images[0].get_array())
        assert shown == pytest.approx(crystals[1].shaped[view])


def test_channels_add_up_to_the_spot_image(crystal):
    figure = spot_generation_figure(crystal, VIEWS)
    grid = np.reshape(figure.axes, (2, 4))
    channels = [np.asarray(axes.images[0].get_array()) for axes in grid[1]]
    assert sum(channels[:3]) == pytest.approx(channels[3], abs=1e-6)
    for channel, axes in enumerate(grid[0, :3]):
        assert channels[channel][..., channel] == pytest.approx(
            np.asarray(axes.images[0].get_array()), abs=1e-6
        )
