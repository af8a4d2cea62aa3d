"""Reading settings from YAML, with one clear line for each mistake."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from spacegrouper.atomic import written_aside
from spacegrouper.errors import UserError
from spacegrouper.settings.run import Settings


def load_settings(path: Path) -> Settings:
    """Read a YAML file; keys it leaves out take their defaults.

    Raises UserError for a file that cannot be read, an unknown key or a value that does not fit.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read as a configuration file: {error}") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    if content is None:
        content = {}
    if not isinstance(content, Mapping):
        raise UserError(
            f"{path}: expected `key: value` lines, see config/config.yaml, "
            f"found a {type(content).__name__}"
        )
    return settings_from_mapping(content, str(path))


def settings_from_mapping(content: Mapping[str, Any], origin: str) -> Settings:
    """Check a mapping as read from YAML; `origin` (the file's name) begins every error message."""
    try:
        # Strings become numbers (YAML reads 1e-5 as a string), as on the command line.
        return Settings.model_validate(dict(content))
    except ValidationError as error:
        details = error.errors()
        # A misspelt key also leaves its section incomplete: naming the key is enough.
        unknown = [entry for entry in details if entry["type"] == "extra_forbidden"]
        mistakes = [_explain(entry) for entry in unknown or details]
        raise UserError("\n".join(f"{origin}: {mistake}" for mistake in mistakes)) from None


def write_settings(settings: Settings, path: Path) -> None:
    """Write all settings as YAML, unless `path` says just that already (so its time stands)."""
    text = yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    with written_aside(path) as aside:
        aside.write_text(text, encoding="utf-8")


def _explain(details: ErrorDetails) -> str:
    location = list(details["loc"])
    section = _section_at(location[:-1])
    # The name of a union's branch is in the location, but not in the user's file.
    written = ".".join(str(part) for part in location if part not in source_sections())
    if details["type"] == "extra_forbidden" and section is not None:
        known = list(section.model_fields)
        close = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0)
        return f"unknown key `{written}`; the nearest valid key is `{close[0]}`"
    if details["type"] == "missing":
        return f"key `{written}` is missing; add it"
    if details["type"] in ("union_tag_invalid", "union_tag_not_found"):
        expected = ", ".join(source_sections())
        return f"`{written}.source` must be one of: {expected}"
    message = details["msg"].removeprefix("Value error, ")
    # A whole section is too much to repeat, and the URL of a database may hold a password.
    hidden = isinstance(details["input"], Mapping | BaseModel) or location[-1] == "database"
    return f"`{written}`: {message}" + ("" if hidden else f", got {details['input']!r}")


def source_sections() -> dict[str, type[BaseModel]]:
    """Name each kind of crystal source with the section that describes it."""
    sources = get_args(Settings.model_fields["acquire"].annotation)
    return {get_args(source.model_fields["source"].annotation)[0]: source for source in sources}


def _section_at(location: list[int | str]) -> type[BaseModel] | None:
    """Return the section that a location leads to, or None where it leads to a plain value."""
    section: Any = Settings
    for part in location:
        if isinstance(part, int):  # the items of a list stand where the list stands
            continue
        if part in source_sections():
            section = source_sections()[str(part)]
            continue
        field = section.model_fields.get(part)
        section = field.annotation if field else None
        for inner in get_args(section):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                section = inner
                break
    return section if isinstance(section, type) and issubclass(section, BaseModel) else None
