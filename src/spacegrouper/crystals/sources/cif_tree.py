"""Source `cif_tree`: a folder of CIF files."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from spacegrouper.contract.source import SOURCES, Reading, Source
from spacegrouper.errors import UserError
from spacegrouper.settings.paths import UserPath
from spacegrouper.settings.section import Section

if TYPE_CHECKING:
    from spacegrouper.crystals.crystal import Crystal, Rejection


class CifTreeSource(Section):
    """Crystals from a folder of CIF files, searched through all its sub-folders."""

    source: Literal["cif_tree"]
    path: UserPath = Field(
        description="the folder; every file named `*.cif` or `*.cif.gz` is read, in capitals too"
    )


def _read(section: CifTreeSource, reading: Reading) -> "Iterable[Crystal | Rejection]":
    from spacegrouper.crystals.cif_tree import read_cif_tree

    return read_cif_tree(section.path, reading.processes)


def _files(section: CifTreeSource) -> dict[str, Path]:
    from spacegrouper.crystals.cif_tree import cif_files

    if not section.path.is_dir():
        raise UserError(f"acquire.path: {section.path}: no such folder; check the path")
    files = cif_files(section.path)
    if not files:
        raise UserError(f"acquire.path: {section.path}: no *.cif or *.cif.gz in it; check the path")
    return {path.relative_to(section.path).as_posix(): path for path in files}


def _provenance(section: CifTreeSource) -> dict[str, dict[str, int]]:
    from spacegrouper.crystals.cif_tree import passed_over

    return {"passed_over": passed_over(section.path)}


SOURCES.register(
    Source("cif_tree", CifTreeSource, _read, files=_files, provenance=_provenance, shared=True)
)
