import re
from pathlib import Path

import pytest

from spacegrouper.errors import UserError
from spacegrouper.settings import (
    load_settings,
    make_settings,
    settings_from_mapping,
    write_settings,
)


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
            "own.yaml: `acquire.source` must be one of: cif_tree, json_lines, "
            "materials_project, optimade, prototypes, synthetic",
        ),
        (
            {"simulate": {"wavelength": "short"}},
            "own.yaml: `simulate.wavelength`: must be one number (m), got 'short'",
        ),
        (
            {"split": {"train": 0.5}},
            "own.yaml: `split.train`: train + validation + test must be 1, not 0.7",
        ),
        (
            {"split": {"classes": [62, 62]}},
            "own.yaml: `split.classes`: must be two or more different classes, got [62, 62]",
        ),
        (
            {"split": {"classes": "groups_9"}},
            "own.yaml: `split.classes`: must be one of populated, all, groups_8, groups_20, "
            "groups_49, groups_72, or a list of space groups, by number or symbol, or of names, "
            "got 'groups_9'",
        ),
        (
            {"train": {"descriptor": "spot"}},
            "own.yaml: `train.descriptor`: the network `model.name: msdn` takes `raw` or `shaped`, "
            "not `spot`",
        ),
        (
            {"model": {"name": "ziletti"}},
            "own.yaml: `train.descriptor`: the network `model.name: ziletti` takes `morphology` or "
            "`powder` or `spot`, not `shaped`",
        ),
        (
            {
                "simulate": {"engine": "pymatgen"},
                "model": {"name": "vgg16"},
                "train": {"descriptor": "morphology"},
            },
            "own.yaml: `train.descriptor`: of what `simulate.engine: pymatgen` makes, it can be "
            "`diffractogram` or `powder`, not `morphology`",
        ),
        (
            {"split": {"label": "crystal_system", "classes": [62, 225]}},
            "own.yaml: `split.classes`: are space groups, but `label` is crystal_system",
        ),
        (
            {"split": {"classes": ["cubic", "trigonal"]}},
            "own.yaml: `split.classes`: `cubic` is no space group; give its number or "
            'Hermann-Mauguin symbol, got ["cubic", "trigonal"]',
        ),
        (
            {"model": {"name": "ziletti", "weights": "imagenet"}, "train": {"descriptor": "spot"}},
            "own.yaml: `model.weights`: is a key of `vgg16` alone; leave it out for ziletti",
        ),
        (
            {"powder": {"two_theta": [90, 5]}},
            "own.yaml: `powder.two_theta`: must be two ascending angles above 0 and below 180 "
            "degrees, not 90 and 5",
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
            {
                "release": {"parent": "r1"},
                "simulate": {"engine": "bitmap_database"},
                "morphology": {"database": "sqlite:///habits.db"},
                "model": {"name": "ziletti"},
                "train": {"descriptor": "morphology"},
            },
            "own.yaml: `release.parent`: what a database holds cannot go on from another run; "
            "leave it out: all is read anew",
        ),
        (
            {
                "simulate": {"engine": "bitmap_database"},
                "model": {"name": "ziletti"},
                "train": {"descriptor": "morphology"},
            },
            "own.yaml: `morphology.database`: is needed by `engine: bitmap_database`; give its URL",
        ),
        (
            {"evaluate": {"unseen_groups": 1}},
            "own.yaml: `evaluate.unseen_groups`: must be 0, or two or more (one group is told "
            "apart from nothing), or groups_untrained, got 1",
        ),
        (
            {"model": {"name": "vgg", "blocks": [3]}, "train": {"descriptor": "spot"}},
            "own.yaml: `model.blocks`: is a key of `msdn` alone; leave it out for vgg",
        ),
        (
            {"train": {"rotation_epochs": 100}, "split": {"validation": 0.12, "test": 0.08}},
            "own.yaml: `train.rotation_epochs`: needs split.train to be a multiple of "
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
    ("content", "message"),
    [
        ({"wavelength": 1}, "to a section: `simulate.wavelength` or `powder.wavelength`"),
        ({"train": {"image_size": 32}}, "unknown key `train.image_size`; it is `model.image_size`"),
        ({"simulate": {"displacement": 1}}, "`simulate.disorder.displacement`"),
        ({"simulate": {"seed": 1}}, "unknown key `simulate.seed`; `seed` stands at the top level"),
        ({"Simulate": {}}, "unknown key `Simulate`; write it `simulate`"),
        ({"train": {"batch-size": 1}}, "unknown key `train.batch-size`; write it `batch_size`"),
        ({"train": None}, "`train`: is empty: leave it out, or give it keys"),
        ({"train": 3}, "`train`: must have keys, `key: value`"),
        ({"name": 1}, "`name`: must be text; put it in quotes"),
        ({"name": False}, "`name`: cannot be true or false, as YAML also reads yes, no, on and"),
        ({"name": ".."}, "`name`: must be letters, digits"),
        ({"release": {"parent": "."}}, "`release.parent`: must be letters, digits"),
        ({"seed": True}, "`seed`: cannot be true or false"),
        ({"simulate": {"poisson_noise": 1}}, "`simulate.poisson_noise`: must be true or false"),
        ({"train": {"learning_rate": float("inf")}}, "`train.learning_rate`: must be a finite"),
        ({"train": {"epochs": [3]}}, "`train.epochs`: must be one whole number, got [3]"),
        ({"simulate": {"wavelength": None}}, "`simulate.wavelength`: must be one number (m)"),
        ({"simulate": {"cells": [1, 2]}}, "`simulate.cells`: too few values, got [1, 2]"),
        (
            {"simulate": {"engine": "condr"}},
            "must be one of bitmap_database, condor, kinematic, morphology",
        ),
        ({"simulate": {"views": [{"axis": "x", "angle": 900}]}}, "must be -360 to 360 degrees"),
        ({"workers": {"walltime": 3600}}, "`workers.walltime`: must be text; put it in quotes"),
        ({"workers": {"memory": "much"}}, "`workers.memory`: is not of the form"),
    ],
)
def test_a_mistake_is_told_in_plain_words(content: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as error:
        settings_from_mapping(content, "own.yaml")
    line = str(error.value)
    assert message in line
    assert len(line.splitlines()) == 1
    assert not re.search(r"Input should|valid (dict|string|integer)|tuple|NoneType|float", line)


def test_all_mistakes_are_told_at_once_also_those_between_sections() -> None:
    content = {
        "seed": -1,
        "simulate": {"wavelength": 1, "beam_stop": 200},
        "split": {"train": 0.5},
        "train": {"epochs": 0, "poch": 1, "descriptor": "spot"},
    }
    with pytest.raises(UserError) as error:
        settings_from_mapping(content, "own.yaml")
    found = [line.split("`")[1] for line in str(error.value).splitlines()]
    assert sorted(found) == [
        "seed",
        "simulate.beam_stop",
        "simulate.wavelength",
        "split.train",
        "train.descriptor",
        "train.epochs",
        "train.poch",
    ]


def test_the_home_of_the_user_is_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    content = {
        "acquire": {"source": "cif_tree", "path": "~/cifs/$HOME"},
        "model": {"name": "vgg16", "weights": "~/vgg16.h5"},
        "train": {"descriptor": "spot"},
    }
    settings = settings_from_mapping(content, "own.yaml")
    assert str(settings.acquire.path) == "/home/me/cifs/$HOME"
    assert settings.model.weights == "/home/me/vgg16.h5"
    content["acquire"]["path"] = "~nobody-of-this-name/cifs"
    with pytest.raises(UserError, match=r"`acquire.path`: there is no home of ~nobody"):
        settings_from_mapping(content, "own.yaml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.yaml: cannot be read"):
        load_settings(tmp_path / "none.yaml")


def test_numbers_that_yaml_reads_as_text_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("train:\n  learning_rate: 1e-3\n")
    assert load_settings(path).train.learning_rate == 1e-3


def test_what_is_written_reads_the_same_and_is_not_written_twice(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    settings = make_settings(seed=7)
    write_settings(settings, path)
    assert load_settings(path) == settings
    written = path.stat().st_mtime_ns
    write_settings(settings, path)
    assert path.stat().st_mtime_ns == written
