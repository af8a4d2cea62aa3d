import json
from pathlib import Path
from typing import Any

import pytest

from spacegrouper.dataset.other_setting import other_setting
from spacegrouper.settings import Settings, settings_from_mapping, write_settings
from spacegrouper.techniques.powder.settings import Powder


def settings_of(**sections: Any) -> Settings:
    return settings_from_mapping(sections, "test")


def test_structures_name_their_source(tmp_path: Path) -> None:
    path = tmp_path / "provenance.json"
    path.write_text(json.dumps(settings_of().acquire.model_dump() | {"crystals": 480, "ids": []}))
    assert other_setting(path, settings_of(seed=1)) is None
    other = settings_of(acquire={"source": "prototypes", "space_groups": 9})
    assert other_setting(path, other) == "acquire.space_groups 8, now 9"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, None),
        ({"shape": {"reach": 1.5}}, None),
        ({"simulate": {"pixels": 64}}, "simulate.pixels 32, now 64"),
        (
            {"simulate": {"pixels": 32, "form_factors": "electron"}},
            "simulate.form_factors xray, now electron",
        ),
        (
            {"simulate": {"pixels": 32, "wavelength": 2e-12}},
            "simulate.wavelength 3.5e-12, now 2e-12",
        ),
        (
            {"simulate": {"pixels": 32, "disorder": {"vacancies": 0.1}}},
            "simulate.disorder.vacancies 0.0, now 0.1",
        ),
    ],
)
def test_raw_shards_name_how_they_were_simulated(raw_shards, change, said: str | None) -> None:
    path = raw_shards.write("0.h5", range(2))
    assert other_setting(path, settings_of(**({"simulate": {"pixels": 32}} | change))) == said


def test_powders_name_their_own_section(powder_shards) -> None:
    path = powder_shards.write("0.h5", range(2))
    now = powder_shards.settings
    assert other_setting(path, now) is None
    powder = now.of(Powder).model_copy(update={"wavelength": 0.5})
    said = other_setting(path, now.model_copy(update={"powder": powder}))
    assert said == f"powder.wavelength {now.of(Powder).wavelength}, now 0.5"


def test_datasets_name_how_they_were_simulated_and_shaped(raw_shards, datasets, tmp_path) -> None:
    same = {"simulate": {"pixels": 32}}
    datasets.settings = settings_of(**same, plan={"block_size": 4}, dataset={"chunk_crystals": 3})
    datasets.make(tmp_path / "dataset.zarr", [raw_shards.write("0.h5", range(3))])
    path = tmp_path / "dataset.zarr" / "zarr.json"
    assert other_setting(path, settings_of(**same)) is None
    assert other_setting(path, settings_of()) == "simulate.pixels 32, now 256"
    assert other_setting(path, settings_of(**same, shape={"reach": 1.5})) == (
        "shape.reach 1.7, now 1.5"
    )


def test_networks_name_how_they_were_trained(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    write_settings(settings_of(train={"learning_rate": 0.5, "ranks": 2}), path)
    assert other_setting(path, settings_of(train={"learning_rate": 0.5})) is None
    assert other_setting(path, settings_of()) == "train.learning_rate 0.5, now 1e-05"
    assert other_setting(path, settings_of(seed=2, train={"learning_rate": 0.5})) == "seed 0, now 2"


@pytest.mark.parametrize("name", ["provenance.json", "0.h5", "zarr.json", "settings.yaml"])
def test_what_is_damaged_or_absent_names_none(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert other_setting(path, settings_of()) is None
    path.write_text("[")
    assert other_setting(path, settings_of()) is None
