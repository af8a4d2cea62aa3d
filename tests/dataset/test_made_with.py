from importlib.metadata import version
from typing import Any

import pytest

from spacegrouper.dataset.made_with import Difference, find_difference, made_with, technique_of
from spacegrouper.errors import UserError
from spacegrouper.settings import Settings, make_settings, settings_from_mapping


def settings_of(engine: str, **sections: Any) -> Settings:
    """Without a look at how the sections agree, which is not asked here."""
    settings = make_settings()
    simulate = settings.simulate.model_copy(update={"engine": engine})
    made = {
        name: type(getattr(settings, name)).model_validate(values)
        for name, values in sections.items()
    }
    return settings.model_copy(update={"simulate": simulate, **made})


def test_of_each_technique_its_own_settings_are_kept() -> None:
    powder = made_with(settings_of("pymatgen", powder={"step": 0.02}))
    assert set(powder) == {"program", "version", "engine_version", "settings"}
    assert set(powder["settings"]) == {"simulate", "powder"}
    assert powder["settings"]["powder"]["step"] == 0.02
    assert powder["engine_version"] == version("pymatgen")
    morphology = made_with(
        settings_of("morphology", morphology={"database": "mysql://secret.host/x", "pixels": 7})
    )
    assert set(morphology["settings"]) == {"simulate", "morphology"}
    assert morphology["settings"]["morphology"]["pixels"] == 7
    assert "secret" not in str(morphology)
    assert "powder" not in made_with(settings_of("kinematic"))["settings"]


def test_the_seed_is_recorded_where_patterns_depend_on_it() -> None:
    noisy = {"simulate": {"poisson_noise": True}, "seed": 5}
    assert made_with(settings_from_mapping(noisy, ""))["settings"]["seed"] == 5
    assert "seed" not in made_with(make_settings())["settings"]


def test_other_cells_than_the_standard_ones_are_recorded() -> None:
    standard = made_with(make_settings())
    assert "standardise" not in standard["settings"]
    reduced = {"standardise": {"setting": "reduced"}}
    made = made_with(settings_from_mapping(reduced, ""))
    assert made["settings"]["standardise"] == {"setting": "reduced", "metric_tolerance": 1.0}
    assert find_difference(standard, made) == Difference(
        "standardise.setting standard", "standardise.setting reduced", False
    )


@pytest.mark.parametrize(
    ("engine", "technique"),
    [
        (None, "patterns"),
        ("kinematic", "patterns"),
        ("condor", "patterns"),
        ("xrayutilities", "powder"),
        ("pymatgen", "powder"),
        ("morphology", "morphology"),
    ],
)
def test_the_engine_tells_the_technique(engine: str | None, technique: str) -> None:
    made = {"settings": {"simulate": {"engine": engine}}} if engine else {}
    assert technique_of(made).name == technique


def test_an_engine_of_another_version_is_not_taken_for_one_of_this() -> None:
    made = {"program": "spacegrouper", "version": "9.1"}
    made |= {"settings": {"simulate": {"engine": "gsas"}}}
    with pytest.raises(UserError, match=r"engine 'gsas' of version 9\.1, which is not"):
        technique_of(made)


def test_a_product_that_does_not_say_what_was_scattered_is_of_x_rays() -> None:
    old = made_with(make_settings())
    assert "form_factors" not in old["settings"]["simulate"]
    said = {**old, "settings": {"simulate": old["settings"]["simulate"] | {"form_factors": "xray"}}}
    assert find_difference(old, said) is None
    other = made_with(settings_from_mapping({"simulate": {"form_factors": "electron"}}, ""))
    assert find_difference(old, other) == Difference(
        "simulate.form_factors xray", "simulate.form_factors electron", False
    )


def test_versions_are_told_before_settings() -> None:
    first = made_with(settings_of("kinematic"))
    other = made_with(settings_from_mapping({"simulate": {"pixels": 64}}, ""))
    assert find_difference(first, first) is None
    assert find_difference(first, other) == Difference(
        "simulate.pixels 256", "simulate.pixels 64", False
    )
    other["version"] = "9.9"
    said = find_difference(first, other)
    assert said is not None
    assert (said.second, said.of_versions) == ("spacegrouper 9.9", True)
