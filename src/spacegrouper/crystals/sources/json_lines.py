"""Source `json_lines`: a file of crystals."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from spacegrouper.contract.source import SOURCES, Reading, Source
from spacegrouper.crystals.source_files import one_file
from spacegrouper.settings.paths import UserPath
from spacegrouper.settings.section import Section

if TYPE_CHECKING:
    from spacegrouper.crystals.crystal import Crystal, Rejection


class JsonLinesSource(Section):
    """Crystals from a file of JSON lines (see docs/structures.md)."""

    source: Literal["json_lines"]
    path: UserPath = Field(description="the file, `.jsonl` or `.jsonl.gz`")


def _read(section: JsonLinesSource, reading: Reading) -> "Iterable[Crystal | Rejection]":
    from spacegrouper.crystals.json_lines import read_crystals

    return read_crystals(section.path)


def _lines(section: JsonLinesSource) -> Iterable[bytes]:
    from spacegrouper.crystals.json_lines import read_lines

    return read_lines(section.path)


def _files(section: JsonLinesSource) -> dict[str, Path]:
    return one_file(section.path, "acquire.path")


SOURCES.register(Source("json_lines", JsonLinesSource, _read, _lines, files=_files, shared=True))
