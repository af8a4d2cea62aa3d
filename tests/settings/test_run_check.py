from pathlib import Path
from typing import Any

import pytest

from spacegrouper.errors import UserError
from spacegrouper.settings import Settings, load_settings, settings_from_mapping
from spacegrouper.settings.run_check import check_run, check_training

CONFIG = Path(__file__).parents[2] / "config"
POWDER: dict[str, Any] = {
    "simulate": {"engine": "xrayutilities"},
    "split": {"label": "crystal_system"},
    "model": {"name": "vgg16"},
    "train": {"descriptor": "powder"},
}
HABITS: dict[str, Any] = {
    "simulate": {"engine": "morphology"},
    "model": {"name": "ziletti"},
    "train": {"descriptor": "morphology"},
}
DATABASE = HABITS | {"simulate": {"engine": "bitmap_database"}}
# Twelve crystals in each of three space groups.
FEW: dict[str, Any] = {
    "acquire": {"source": "prototypes", "space_groups": 3, "crystals_per_space_group": 12},
    "split": {"minimum_crystals": 12},
}


def settings_of(*contents: dict[str, Any]) -> Settings:
    merged: dict[str, Any] = {}
    for content in contents:
        for section, keys in content.items():
            merged[section] = merged.get(section, {}) | keys
    return settings_from_mapping(merged, "own.yaml")


@pytest.mark.parametrize("path", sorted(CONFIG.glob("*.yaml")), ids=lambda path: path.name)
def test_the_configurations_that_come_along_have_no_key_without_effect(path: Path) -> None:
    check_run(load_settings(path))


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ({"powder": {"step": 0.02}}, "powder.step"),
        ({"augment": {"strain": 0.1}}, "augment.strain"),
        ({"diffractogram": {"counts": 100}}, "diffractogram.counts"),
        ({"morphology": {"pixels": 64}}, "morphology.pixels"),
        ({"standardise": {"metric_tolerance": 2}}, "standardise.metric_tolerance"),
        (POWDER | {"diffractogram": {"baseline": 4}}, "diffractogram.baseline"),
        (POWDER | {"augment": {"fewer_counts": 3}}, "augment.fewer_counts"),
        (POWDER | {"augment": {"k_alpha_2": 0.5}}, "augment.k_alpha_2"),
        (POWDER | {"shape": {"threshold": 60}}, "shape.threshold"),
        (POWDER | {"shape": {"central_window": [3, 9]}}, "shape.central_window"),
        (POWDER | {"robustness": {"crystals": 3}}, "robustness.crystals"),
        (POWDER | {"evaluate": {"unseen_groups": 3}}, "evaluate.unseen_groups"),
        ({"shape": {"method": "nodes", "minimum_distance": 5}}, "shape.minimum_distance"),
        ({"split": {"classes": "all", "minimum_crystals": 9}}, "split.minimum_crystals"),
        ({"workers": {"partition": "long"}}, "workers.partition"),
        ({"train": {"ranks": 4, "nodes": 2}}, "train.nodes"),
        (
            {"split": {"label": "crystal_system"}, "grid": {"splits": ["random"]}},
            "grid.splits",
        ),
        (HABITS | {"morphology": {"encoding": "bits"}}, "morphology.encoding"),
        (
            DATABASE | {"morphology": {"database": "sqlite:///x.db", "largest_index": 2}},
            "morphology.largest_index",
        ),
        (
            DATABASE
            | {
                "morphology": {"database": "sqlite:///x.db"},
                "acquire": {"source": "cif_tree", "path": "x"},
            },
            "acquire.path",
        ),
    ],
)
def test_a_key_that_does_nothing_is_named(content: dict[str, Any], key: str) -> None:
    with pytest.raises(UserError, match=rf"configuration: `{key}`: has no effect in this run"):
        check_run(settings_of(content))


@pytest.mark.parametrize("content", [{}, POWDER, HABITS, {"simulate": {"pixels": 128}}])
def test_what_a_run_has_written_down_is_no_mistake(content: dict[str, Any]) -> None:
    written = settings_of(content).model_dump(mode="json")
    check_run(settings_from_mapping(written, "config.yaml"))


def test_photons_are_no_patterns_of_a_run() -> None:
    with pytest.raises(UserError, match=r"`simulate\.bit_depth`: 32 makes photons"):
        check_run(settings_of({"simulate": {"bit_depth": 32}}))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"bit_depth": 32, "grey_scale": "square_root"},
            r"`simulate\.grey_scale`: square_root changes nothing with `bit_depth: 32`",
        ),
        ({"decades": 4}, r"`simulate\.decades`: changes nothing without `grey_scale: logarithmic`"),
        ({"bit_depth": 12}, r"`simulate\.bit_depth`: must be one of 8, 16, 32"),
        ({"grey_scale": "log"}, r"`simulate\.grey_scale`: must be one of .* logarithmic"),
        ({"grey_scale": "logarithmic", "decades": 13}, r"`simulate\.decades`: .* 12"),
    ],
)
def test_grey_scales_that_cannot_be_are_refused_in_one_line(
    content: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message) as error:
        settings_of({"simulate": content})
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"simulate": {"views": [{"axis": "x", "angle": 1}] * 2}}, "views`: 2 views, .* of 3"),
        (
            HABITS | {"morphology": {"views": [[1, 0, 0], [0, 1, 0]]}},
            r"morphology\.views`: 2 views, .* of 1 or 3",
        ),
        (
            {"model": {"name": "vgg16", "weights": "no.h5"}, "train": {"descriptor": "spot"}},
            r"`model\.weights`: no\.h5: no such file",
        ),
        ({"train": {"ranks": 8}}, "8 processes train together, but the run may use 2 cores"),
        ({"split": {"minimum_crystals": 13}}, "makes 12 crystals in each of 3 space groups"),
        ({"split": {"classes": "groups_8", "minimum_crystals": 295}}, "8 space groups, but"),
        ({"acquire": {"space_groups": 1}}, "in each of 1 space group;"),
        (
            {"split": {"label": "crystal_system", "minimum_crystals": 19}},
            "makes 36 crystals in all",
        ),
        (
            {"thin": {"crystals_per_space_group": {221: 12, 225: 2}}},
            r"thin\.crystals_per_space_group`: 1 space group of at least",
        ),
        (
            {
                "thin": {"crystals_per_space_group": {221: 2, 225: 9}},
                "split": {"classes": [221, 225]},
            },
            r"of space group 221, a class, there are at most 2 crystals, but .* need 3",
        ),
    ],
)
def test_a_training_that_can_never_work_is_refused(content: dict[str, Any], message: str) -> None:
    check_training(settings_of(FEW), 2)
    with pytest.raises(UserError, match=message) as error:
        check_training(settings_of(FEW, content), 2)
    assert len(str(error.value).splitlines()) == 1


def test_labels_of_files_that_the_dataset_would_not_keep_are_named() -> None:
    acquire = {"source": "cif_tree", "path": "x", "labels": "x.csv", "tags": ["_exptl_colour"]}
    with pytest.raises(UserError, match=r"keep `label`; .* `labels: \[label, _exptl_colour\]`"):
        check_training(settings_of({"acquire": acquire}), 2)
    kept = {"labels": ["label", "_exptl_colour"]}
    check_training(settings_of({"acquire": acquire, "standardise": kept}), 2)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("label", "no crystal has a `label` without `acquire.labels`"),
        ("_exptl_colour", r"`acquire.tags` does not keep `_exptl_colour`; .* `tags: \[_exptl_c"),
    ],
)
def test_labels_that_no_file_can_have_are_named(name: str, message: str) -> None:
    acquire = {"source": "cif_tree", "path": "x"}
    with pytest.raises(UserError, match=message):
        check_training(settings_of({"acquire": acquire, "standardise": {"labels": [name]}}), 2)


def test_ranks_elsewhere_are_not_held_against_the_cores_here() -> None:
    check_training(settings_of(FEW, {"train": {"ranks": 64}}), None)
    check_training(settings_of(FEW, {"train": {"ranks": 64, "launcher": "srun"}}), 2)
