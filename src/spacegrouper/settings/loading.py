"""Reading settings from YAML, with one clear line for each mistake."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from spacegrouper.atomic import written_aside
from spacegrouper.errors import UserError
from spacegrouper.settings.messages import explain
from spacegrouper.settings.run import Settings, settings_model
from spacegrouper.settings.yaml_file import check_size, read_yaml


def load_settings(path: Path) -> Settings:
    """Read a YAML file; keys it leaves out take their defaults.

    Raises UserError for a file that cannot be read, an unknown key or a value that does not fit.
    """
    return settings_from_mapping(read_yaml(path), str(path))


def settings_from_mapping(content: Mapping[str, Any], origin: str) -> Settings:
    """Check a mapping as read from YAML; `origin` (the file's name) begins every error message.

    Raises UserError with a line for each mistake.
    """
    try:
        check_size(content)
    except UserError as error:
        raise UserError(f"{origin}: {error}") from None
    odd = [key for key in content if not isinstance(key, str)]
    if odd:
        raise UserError("\n".join(f"{origin}: `{key}` is no key; keys are words" for key in odd))
    # Strings become numbers (YAML reads 1e-5 as a string), as on the command line.
    rest: dict[str, Any] = dict(content)
    lines: dict[str, None] = {}
    refused: set[str] = set()
    while True:
        try:
            settings = settings_model().model_validate(rest)
            break
        except ValidationError as error:
            found = list(explain(error))
        lines |= {
            mistake.line: None
            for mistake in found
            if mistake.line
            and not any(_overlap(key, other) for key in mistake.keys for other in refused)
        }
        # What else is wrong shows only without what is refused already.
        new = {key for mistake in found for key in mistake.keys} - refused
        if not new:
            break
        refused |= new
        rest = _without(rest, refused)
    if lines:
        raise UserError("\n".join(f"{origin}: {line}" for line in lines))
    return settings


def write_settings(settings: Settings, path: Path) -> None:
    """Write all settings as YAML, unless `path` says just that already (so its time stands)."""
    text = yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    with written_aside(path) as aside:
        aside.write_text(text, encoding="utf-8")


def _overlap(key: str, other: str) -> bool:
    return f"{key}.".startswith(f"{other}.") or f"{other}.".startswith(f"{key}.")


def _without(content: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    """Return a copy without some keys; a section goes whole where the key is deeper or missing."""
    rest = dict(content)
    for name in keys:
        top, _, key = name.partition(".")
        key = key.partition(".")[0]
        section = rest.get(top)
        if isinstance(section, dict) and key in section:
            rest[top] = {inner: value for inner, value in section.items() if inner != key}
        elif not key or top == "acquire":
            rest.pop(top, None)
    return rest
