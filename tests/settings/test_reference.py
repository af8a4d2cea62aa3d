import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from spacegrouper.settings import Section, load_settings, make_settings
from spacegrouper.settings.reference import reference_files
from spacegrouper.settings.run import settings_model

CONFIG = Path(__file__).parents[2] / "config"


@pytest.mark.parametrize("name", ["config.yaml", "settings.schema.json", "README.md"])
def test_the_generated_files_are_up_to_date(name: str) -> None:
    assert (CONFIG / name).read_text() == reference_files()[name], "run `make reference`"


def test_config_yaml_says_just_the_defaults() -> None:
    assert load_settings(CONFIG / "config.yaml") == make_settings()
    written = yaml.safe_load((CONFIG / "config.yaml").read_text())
    assert set(written) == set(settings_model().model_fields)


def test_every_key_is_explained() -> None:
    for name, field in settings_model().model_fields.items():
        section = type(field.get_default(call_default_factory=True))
        keys = section.model_fields if issubclass(section, Section) else {}
        for key, inner in keys.items():
            if key != "source":
                assert inner.description, f"{name}.{key} has no description"


@pytest.mark.parametrize("path", sorted(CONFIG.glob("*.yaml")), ids=lambda path: path.name)
def test_every_configuration_fits_the_schema(path: Path) -> None:
    load_settings(path)
    jsonschema.validate(
        load_settings(path).model_dump(mode="json"),
        json.loads((CONFIG / "settings.schema.json").read_text()),
    )
