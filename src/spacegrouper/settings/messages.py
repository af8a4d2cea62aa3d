"""What pydantic finds wrong with settings, in the words of this project: one line a mistake."""

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from spacegrouper.contract.source import SOURCES
from spacegrouper.settings.quantity import Quantity
from spacegrouper.settings.run import settings_model
from spacegrouper.settings.section import RUN_NAME, ContradictionError

_LONGEST_VALUE = 80  # characters of a value that a message repeats
_NEAR = 0.6  # from where on a key is a misspelt other, as difflib measures
_FORMS = {
    RUN_NAME: "must be letters, digits, `.`, `_` and `-`, the first no `.`",
    r"^[A-Za-z0-9._]+$": "must be letters, digits, `.` and `_`",
}
# By the kind of pydantic's error, with the limits that it names.
_REASONS = {
    **dict.fromkeys(("float_parsing", "float_type"), "must be one number{unit}"),
    "finite_number": "must be a finite number{unit}",
    **dict.fromkeys(
        ("int_parsing", "int_type", "int_from_float", "int_parsing_size"),
        "must be one whole number{unit}",
    ),
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than": "must be below {lt:g}",
    "less_than_equal": "must be {le:g} or less",
    "too_short": "must have {min_length} or more values",
    "too_long": "must have no more than {max_length} values",
    **dict.fromkeys(("tuple_type", "list_type"), "must be a list"),
    "invalid_key": "a key must be text",
}


class Mistake(NamedTuple):
    """A line for the user, if one is needed, and the keys it is about, `section.key` or `key`."""

    keys: tuple[str, ...]
    line: str


def explain(error: ValidationError) -> Iterator[Mistake]:
    """Yield what is wrong, in the order of the settings."""
    details = error.errors()
    misspelt = {entry["loc"][:-1] for entry in details if entry["type"] == "extra_forbidden"}
    lists = {entry["loc"][:depth] for entry in details for depth in range(1, len(entry["loc"]))}
    for entry in details:
        contradictions = entry.get("ctx", {}).get("error")
        if isinstance(contradictions, ContradictionError):
            prefix = _written(entry["loc"])
            for keys, reason in contradictions.contradictions:
                full = tuple(".".join(filter(None, (prefix, key))) for key in keys)
                yield Mistake(full, f"`{full[0]}`: {reason}")
            continue
        # A misspelt key also leaves its section incomplete, and a wrong item its list too short:
        # naming the one is enough.
        follows = (entry["type"] == "missing" and entry["loc"][:-1] in misspelt) or (
            entry["type"] == "too_short" and entry["loc"] in lists
        )
        yield Mistake((_written(entry["loc"][:3]),), "" if follows else _line(entry))


def source_sections() -> dict[str, type[BaseModel]]:
    """Name each kind of crystal source with the section that describes it."""
    return {source.name: source.section for source in SOURCES}


def _written(location: tuple[int | str, ...]) -> str:
    # The name of a union's branch is in the location, but not in the user's file.
    return ".".join(str(part) for part in location if part not in source_sections())


def _line(entry: ErrorDetails) -> str:
    location, kind = entry["loc"], entry["type"]
    written = _written(location)
    if kind == "extra_forbidden":
        return f"unknown key `{written}`{_hint(location)}"
    if kind == "missing" and not isinstance(location[-1], int):
        return f"key `{written}` is missing; add it"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return f"`{written}.source` must be one of: {', '.join(source_sections())}"
    if kind == "missing":
        return f"`{_written(location[:-1])}`: too few values, got {_shown(entry['input'])}"
    reason = _reason(entry, _quantity_at(location))
    value = entry["input"]
    # A whole section is too much to repeat, and the URL of a database may hold a password.
    hidden = isinstance(value, Mapping | BaseModel) or location[-1] == "database"
    if hidden or kind == "quantity":
        return f"`{written}`: {reason}"
    return f"`{written}`: {reason}, got {_shown(value)}"


def _reason(entry: ErrorDetails, quantity: Quantity | None) -> str:
    kind, limits, value = entry["type"], entry.get("ctx", {}), entry["input"]
    match kind:
        case "quantity" | "value_error":
            return entry["msg"].removeprefix("Value error, ")
        case "string_type" | "path_type":
            if value is None or isinstance(value, list | dict):
                return "must be text"
            return "must be text; put it in quotes, or YAML reads it as a number or a date"
        case "string_pattern_mismatch":
            return _FORMS.get(limits["pattern"], "is not of the form that config/README.md tells")
        case "literal_error":
            names = str(limits["expected"]).replace(" or ", ", ").replace("'", "")
            return f"must be one of {names}"
        case "dict_type" | "model_type" | "model_attributes_type":
            if value is None:
                return "is empty: leave it out, or give it keys, `key: value`"
            return "must have keys, `key: value`"
    unit = f" ({quantity.unit})" if quantity and quantity.unit else ""
    reason = _REASONS.get(kind, "cannot have this value; see config/README.md")
    return reason.format(unit=unit, **limits)


def _hint(location: tuple[int | str, ...]) -> str:
    """Say where an unknown key belongs, or which it resembles."""
    section, key = _section_at(location[:-1]), str(location[-1])
    plain = key.casefold().replace("-", "_")
    known = list(section.model_fields) if section else []
    elsewhere = _sections_by_key()
    if plain in known:
        return f"; write it `{plain}`"
    if plain in elsewhere:
        names = " or ".join(f"`{name}.{plain}`" for name in elsewhere[plain])
        return f"; it belongs to a section: {names}" if len(location) == 1 else f"; it is {names}"
    if location[1:] and plain in settings_model().model_fields:
        return f"; `{plain}` stands at the top level"
    if close := difflib.get_close_matches(plain, known, n=1, cutoff=_NEAR):
        return f"; the nearest valid key is `{close[0]}`"
    if close := difflib.get_close_matches(plain, elsewhere, n=1, cutoff=_NEAR):
        names = " or ".join(f"`{name}.{close[0]}`" for name in elsewhere[close[0]])
        return f"; the nearest valid key is {names}"
    return f"; valid keys are {', '.join(known)}" if known else ""


def _sections_by_key() -> dict[str, list[str]]:
    """Return the sections that have each key, nested ones as `simulate.disorder`."""
    found: dict[str, list[str]] = {}

    def collect(name: str, section: type[BaseModel]) -> None:
        for key, field in section.model_fields.items():
            names = found.setdefault(key, [])
            if name not in names:
                names.append(name)
            for inner in _sections_in(field.annotation):
                collect(f"{name}.{key}", inner)

    for name, field in settings_model().model_fields.items():
        for section in _sections_in(field.annotation):
            collect(name, section)
    return found


def _sections_in(annotation: Any) -> list[type[BaseModel]]:
    parts = (annotation, *get_args(annotation))
    return [part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)]


def _section_at(location: tuple[int | str, ...]) -> type[BaseModel] | None:
    """Return the section that a location leads to, or None where it leads to a plain value."""
    section: type[BaseModel] | None = settings_model()
    for part in location:
        if isinstance(part, int):  # the items of a list stand where the list stands
            continue
        if part in source_sections():
            section = source_sections()[part]
            continue
        field = section.model_fields.get(part) if section else None
        section = next(iter(_sections_in(field.annotation)), None) if field else None
    return section


def _quantity_at(location: tuple[int | str, ...]) -> Quantity | None:
    names = [part for part in location if not isinstance(part, int)]
    section = _section_at(tuple(names[:-1]))
    field = section.model_fields.get(names[-1]) if section and names else None
    return _quantity_in((*field.metadata, field.annotation)) if field else None


def _quantity_in(parts: tuple[Any, ...]) -> Quantity | None:
    for part in parts:
        if isinstance(part, Quantity):
            return part
        inner = (*get_args(part), *getattr(part, "__metadata__", ()))
        if inner and (found := _quantity_in(inner)):
            return found
    return None


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    if isinstance(value, str):
        text = f"'{value}'"
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]} ..."


def number(count: int, what: str) -> str:
    """Return a number of things as a text, such as `1 crystal` and `2 classes`."""
    plural = "es" if what.endswith("s") else "s"
    return f"{count} {what}{'' if count == 1 else plural}"
