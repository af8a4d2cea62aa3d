from pathlib import Path

import pytest

from spacegrouper.errors import UserError
from spacegrouper.settings import Settings, load_settings, settings_from_mapping, write_settings


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"simulate": {"wavelenght": 1e-12}},
            "own.yaml: unknown key `simulate.wavelenght`; the nearest valid key is `wavelength`",
        ),
        (
            {"simulate": {"views": [{"axs": "x", "angle": 3}]}},
            "own.yaml: unknown key `simulate.views.0.axs`; the nearest valid key is `axis`",
        ),
        (
            {"acquire": {"source": "cif_tree", "pth": "crystals"}},
            "own.yaml: unknown key `acquire.pth`; the nearest valid key is `path`",
        ),
        ({"trian": {}}, "own.yaml: unknown key `trian`; the nearest valid key is `train`"),
        ({"acquire": {"source": "cif_tree"}}, "own.yaml: key `acquire.path` is missing; add it"),
        (
            {"acquire": {"source": "mp"}},
            "own.yaml: `acquire.source` must be one of: prototypes, json_lines, cif_tree, "
            "materials_project, optimade",
        ),
        (
            {"simulate": {"wavelength": "short"}},
            "own.yaml: `simulate.wavelength`: Input should be a valid number, "
            "unable to parse string as a number, got 'short'",
        ),
        (
            {"split": {"train": 0.5}},
            "own.yaml: `split`: train + validation + test must be 1, not 0.7",
        ),
        (
            {"split": {"classes": [62, 62]}},
            "own.yaml: `split.classes`: must be two or more different classes, got [62, 62]",
        ),
        (
            {"split": {"classes": "groups_9"}},
            "own.yaml: `split.classes`: must be one of populated, all, groups_8, groups_20, "
            "groups_49, groups_72, or a list of space-group numbers, 1 to 230, or of names, got "
            "'groups_9'",
        ),
        (
            {"train": {"descriptor": "spot"}},
            "own.yaml: `train`: the network `model.name: msdn` takes `train.descriptor` `shaped` "
            "or `raw`, not `spot`",
        ),
        (
            {"model": {"name": "ziletti"}},
            "own.yaml: `train`: the network `model.name: ziletti` takes `train.descriptor` `spot` "
            "or `powder` or `morphology`, not `shaped`",
        ),
        (
            {
                "simulate": {"engine": "pymatgen"},
                "model": {"name": "vgg16"},
                "train": {"descriptor": "morphology"},
            },
            "own.yaml: `train`: of what `simulate.engine: pymatgen` makes, `train.descriptor` can "
            "be `powder` or `diffractogram`, not `morphology`",
        ),
        (
            {"split": {"label": "crystal_system", "classes": [62, 225]}},
            "own.yaml: `split`: `classes` are space groups, but `label` is crystal_system",
        ),
        (
            {"split": {"classes": ["cubic", "trigonal"]}},
            "own.yaml: `split`: `classes` are names, but `label` is spacegroup",
        ),
        (
            {"model": {"name": "ziletti", "weights": "imagenet"}, "train": {"descriptor": "spot"}},
            "own.yaml: `model`: `weights` is a key of `vgg16` alone; leave it out for ziletti",
        ),
        (
            {"powder": {"two_theta": [90, 5]}},
            "own.yaml: `powder.two_theta`: must be two ascending angles below 180 degrees, got "
            "[90, 5]",
        ),
        (
            {"morphology": {"views": [[0, 0, 0]]}},
            "own.yaml: `morphology.views`: [0.0, 0.0, 0.0] is no direction to look "
            "from, got [[0, 0, 0]]",
        ),
        (
            {"morphology": {"database": "postgresql+psycopg://me:s3cret@host/habits"}},
            "own.yaml: `morphology.database`: the URL holds a password; leave it out and give it "
            "in the driver's own file or environment variable (docs/morphology.md)",
        ),
        (
            {"release": {"parent": "r1"}, "morphology": {"database": "sqlite:///habits.db"}},
            "own.yaml: `morphology`: bitmaps of crystals cannot go on from `release.parent`; leave "
            "it out: all are made anew",
        ),
        (
            {
                "release": {"parent": "r1"},
                "simulate": {"engine": "morphology"},
                "model": {"name": "ziletti"},
                "train": {"descriptor": "morphology"},
            },
            "own.yaml: `morphology`: bitmaps of crystals cannot go on from `release.parent`; leave "
            "it out: all are made anew",
        ),
        (
            {"evaluate": {"unseen_groups": 1}},
            "own.yaml: `evaluate.unseen_groups`: must be 0, or two or more: one group is told "
            "apart from nothing, got 1",
        ),
        (
            {"model": {"name": "vgg", "blocks": [3]}, "train": {"descriptor": "spot"}},
            "own.yaml: `model`: `blocks` is a key of `msdn` alone; leave it out for vgg",
        ),
        (
            {"train": {"rotation_epochs": 100}, "split": {"validation": 0.12, "test": 0.08}},
            "own.yaml: `train`: `train.rotation_epochs` needs split.train to be a multiple of "
            "split.validation, but they are 0.8 and 0.12",
        ),
    ],
)
def test_a_mistake_gets_one_line_with_the_key(content: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as error:
        settings_from_mapping(content, "own.yaml")
    assert str(error.value) == message


def test_each_mistake_gets_a_line_of_its_own() -> None:
    with pytest.raises(UserError) as error:
        settings_from_mapping({"seed": -1, "plan": {"block_size": 0}}, "own.yaml")
    assert len(str(error.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed: [1", "not valid YAML"),
        ("- seed", "expected `key: value` lines"),
    ],
)
def test_a_file_that_is_no_configuration(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=message) as error:
        load_settings(path)
    assert str(path) in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.yaml: cannot be read"):
        load_settings(tmp_path / "none.yaml")


def test_numbers_that_yaml_reads_as_text_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("train:\n  learning_rate: 1e-3\n")
    assert load_settings(path).train.learning_rate == 1e-3


def test_what_is_written_reads_the_same_and_is_not_written_twice(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    settings = Settings(seed=7)
    write_settings(settings, path)
    assert load_settings(path) == settings
    written = path.stat().st_mtime_ns
    write_settings(settings, path)
    assert path.stat().st_mtime_ns == written
