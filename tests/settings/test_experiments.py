import pytest

from spacegrouper.errors import UserError
from spacegrouper.settings import (
    load_settings,
    make_settings,
    settings_from_mapping,
    write_settings,
)
from spacegrouper.settings.experiments import experiment_name, experiment_settings


def grid(*networks, **changes):
    content = {
        "model": {"image_size": 64, "blocks": [2, 2]},
        "train": {"epochs": 7, "learning_rate": 1e-3},
        "grid": {
            "networks": networks,
            "classes": {"few": [1, 2], "many": "populated"},
            "splits": ["random", "prototype"],
        },
    }
    return settings_from_mapping(content | changes, "test")


MSDN = {"name": "mine", "model": {"name": "msdn", "growth": 16}}
ZILETTI = {"name": "z", "model": {"name": "ziletti"}, "train": {"descriptor": "spot"}}


def test_the_default_grid_has_every_network_set_and_split():
    experiments = experiment_settings(make_settings())
    assert len(experiments) == 8 * 4 * 2
    assert list(experiments)[:2] == ["msdn-groups_8-random", "msdn-groups_8-prototype"]
    alexnet = experiments["alexnet-groups_72-prototype"]
    assert (alexnet.model.name, alexnet.train.descriptor) == ("alexnet", "spot")
    assert alexnet.train.learning_rate == 1e-4
    assert (alexnet.split.classes, alexnet.split.method) == ("groups_72", "prototype")


def test_only_split_model_and_train_differ_from_the_run():
    run = grid(MSDN, ZILETTI)
    for name, experiment in experiment_settings(run).items():
        network, classes, method = name.split("-")
        assert experiment_name(network, classes, method) == name
        assert experiment.split == run.split.model_copy(
            update={"classes": run.grid.classes[classes], "method": method}
        )
        same = {"split": run.split, "model": run.model, "train": run.train}
        assert experiment.model_copy(update=same) == run


def test_a_network_inherits_the_keys_of_its_own_kind_alone():
    experiments = experiment_settings(grid(MSDN, ZILETTI))
    mine, other = experiments["mine-few-random"], experiments["z-few-random"]
    assert (mine.model.blocks, mine.model.growth, mine.model.image_size) == ((2, 2), 16, 64)
    assert other.model.blocks == make_settings().model.blocks
    assert other.model.image_size == 64
    assert mine.train.epochs == other.train.epochs == 7


def test_an_experiment_can_be_written_and_read(tmp_path):
    experiment = experiment_settings(grid(ZILETTI))["z-many-prototype"]
    write_settings(experiment, tmp_path / "config.yaml")
    assert load_settings(tmp_path / "config.yaml") == experiment


def test_experiments_are_of_space_groups_whatever_the_run_tells_apart():
    run = grid(MSDN, split={"label": "crystal_system", "classes": "all"})
    assert experiment_settings(run)["mine-few-random"].split.label == "spacegroup"


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ({"model": {"name": "ziletti"}}, "takes `morphology` or `powder` or `spot`"),
        ({"model": {"name": "msdn", "growht": 3}}, "unknown key `model.growht`; .* is `growth`"),
        ({"model": {"name": "alexnet", "blocks": [1]}}, "`model.blocks`: is a key of `msdn` alone"),
        ({"model": {}, "train": {"epochs": 0}}, "`train.epochs`: must be above 0"),
        ({"model": {}, "train": {"ranks": 4}}, "`train.ranks` is one for all networks"),
    ],
)
def test_a_network_whose_keys_do_not_fit_is_named_in_one_line(network, message):
    with pytest.raises(UserError, match=message) as error:
        experiment_settings(grid(MSDN, {"name": "bad"} | network))
    assert "network `bad`" in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_names_that_cannot_be_told_apart_or_be_in_a_path_are_refused():
    with pytest.raises(UserError, match=r"grid.networks: .* several of the name `mine`"):
        experiment_settings(grid(MSDN, MSDN))
    sets = {"networks": [MSDN], "classes": {"a/b": [1, 2]}}
    with pytest.raises(UserError, match=r"grid.classes: `a/b` cannot be part of a path"):
        experiment_settings(grid(grid=sets))


def test_a_set_of_one_class_names_the_set():
    sets = {"networks": [MSDN], "classes": {"one": [1]}}
    with pytest.raises(UserError, match=r"`one`.*must be two or more different classes"):
        experiment_settings(grid(grid=sets))
