"""Reading YAML as strictly as a configuration needs: nothing is dropped in silence."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml

from spacegrouper.errors import UserError

_MOST_VALUES = 100_000  # of a configuration, aliases written out


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, which refuses a key that is given twice instead of taking the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        lines: dict[Any, int] = {}
        for key_node, _ in node.value:
            key = (key_node.tag, key_node.value) if isinstance(key_node.value, str) else None
            line = key_node.start_mark.line + 1
            if key is not None and key[0] != "tag:yaml.org,2002:merge":
                if key in lines:
                    raise UserError(
                        f"line {line}: the key `{key[1]}` is there twice, first in line "
                        f"{lines[key]}; keep one"
                    )
                lines[key] = line
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[Any, Any]:
    """Return the keys of a YAML file; an empty file has none.

    Takes UTF-8, and UTF-16 that begins with its mark. Raises UserError, with the line where there
    is one, for what cannot be read, is no YAML of `key: value` lines, or has a key twice.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read as a configuration file: {error.strerror}; check the path"
        ) from None
    try:
        content = yaml.load(_decoded(data), _Loader)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: {_explain(error)}") from None
    except (RecursionError, ValueError, OverflowError):
        raise UserError(
            f"{path}: not valid YAML: a value is nested too deep or is no date or number"
        ) from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise UserError(f"{path}: expected `key: value` lines, see config/config.yaml")
    return content


def check_size(content: Any) -> None:
    """Raise UserError for content that aliases make endless, or too large to look at."""
    sizes: dict[int, int] = {}
    open_parts: set[int] = set()

    def size(value: Any) -> int:
        if not isinstance(value, Mapping | list | tuple):
            return 1
        if id(value) in open_parts:
            raise UserError("an alias (`*name`) stands inside of what it names; write it out")
        if id(value) not in sizes:
            open_parts.add(id(value))
            parts = value.values() if isinstance(value, Mapping) else value
            sizes[id(value)] = 1 + sum(map(size, parts))
            open_parts.discard(id(value))
        return sizes[id(value)]

    if size(content) > _MOST_VALUES:
        raise UserError(
            f"has more than {_MOST_VALUES:,} values with its aliases (`*name`) written out; no "
            "configuration is as large"
        )


def _decoded(data: bytes) -> str:
    marked_utf_16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return data.decode("utf-16" if marked_utf_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"line {line}: is not UTF-8; save the file as UTF-8") from None


def _explain(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}: " if mark else ""
    problem = str(getattr(error, "problem", "") or "")
    if "'\\t'" in problem:
        return f"{where}a tab; indent with blanks"
    if isinstance(error, yaml.reader.ReaderError):
        return "not valid YAML: it holds characters that cannot be printed"
    if "undefined alias" in problem:
        return f"{where}not valid YAML: an alias (`*name`) of what is not named (`&name`)"
    if isinstance(error, yaml.composer.ComposerError):
        return f"{where}not valid YAML: there are several documents (`---`); keep one"
    if isinstance(error, yaml.constructor.ConstructorError):
        return f"{where}not valid YAML: a tag (`!name`) or a key that a configuration cannot have"
    return f"{where}not valid YAML; check colons, brackets, quotes and indentation there and above"
