"""Source `cif_tree`: a folder of CIF files."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from spacegrouper.contract.source import SOURCES, Reading, Source
from spacegrouper.crystals.source_files import one_file
from spacegrouper.errors import UserError
from spacegrouper.settings.paths import UserPath
from spacegrouper.settings.section import Section

if TYPE_CHECKING:
    from spacegrouper.crystals.crystal import Crystal, Rejection
    from spacegrouper.settings import Settings


class CifTreeSource(Section):
    """Crystals from a folder of CIF files, searched through all its sub-folders."""

    source: Literal["cif_tree"]
    path: UserPath = Field(
        description="the folder; every file named `*.cif` or `*.cif.gz` is read, in capitals too"
    )
    labels: UserPath | None = Field(
        None,
        description="a CSV file with the columns `id`, the path of a CIF file in the folder, and "
        "`label`, its class: crystals keep it as `label` (docs/own_classes.md)",
    )
    tags: tuple[Annotated[str, Field(pattern=r"^_\w[\w.+-]*$")], ...] = Field(
        (),
        description="tags of the CIF files, such as `_chemical_name_mineral`, that crystals keep "
        "under these names",
    )


def _read(section: CifTreeSource, reading: Reading) -> "Iterable[Crystal | Rejection]":
    from spacegrouper.crystals.cif_text import path_text
    from spacegrouper.crystals.cif_tree import cif_files, read_cif_tree
    from spacegrouper.crystals.label_table import check_files, labelled, read_labels

    crystals = read_cif_tree(section.path, reading.processes, section.tags)
    if section.labels is None:
        return crystals
    labels = read_labels(section.labels)
    names = {path_text(path.relative_to(section.path)) for path in cif_files(section.path)}
    check_files(labels, names, section.labels)
    return labelled(crystals, labels, section.labels)


def _files(section: CifTreeSource) -> dict[str, Path]:
    from spacegrouper.crystals.cif_tree import cif_files

    if not section.path.is_dir():
        raise UserError(f"acquire.path: {section.path}: no such folder; check the path")
    files = cif_files(section.path)
    if not files:
        raise UserError(f"acquire.path: {section.path}: no *.cif or *.cif.gz in it; check the path")
    found = {path.relative_to(section.path).as_posix(): path for path in files}
    return found if section.labels is None else found | one_file(section.labels, "acquire.labels")


def _provenance(section: CifTreeSource) -> dict[str, dict[str, int]]:
    from spacegrouper.crystals.cif_tree import passed_over

    return {"passed_over": passed_over(section.path)}


def _check(section: CifTreeSource, settings: "Settings") -> Iterator[str]:
    """Yield labels and tags that the dataset would not have, or the crystals."""
    from spacegrouper.crystals.label_table import LABEL

    given = (*((LABEL,) if section.labels else ()), *section.tags)
    if lost := [name for name in given if name not in settings.standardise.labels]:
        kept = ", ".join((*settings.standardise.labels, *lost))
        yield f"`standardise.labels` does not keep `{lost[0]}`; add it there: `labels: [{kept}]`"
    for name in settings.standardise.labels:
        if name == LABEL and section.labels is None:
            yield f"`standardise.labels`: no crystal has a `{LABEL}` without `acquire.labels`"
        elif name.startswith("_") and name not in section.tags:
            tags = ", ".join((*section.tags, name))
            yield (
                f"`standardise.labels`: `acquire.tags` does not keep `{name}`; add it there: "
                f"`tags: [{tags}]`"
            )


SOURCES.register(
    Source(
        "cif_tree",
        CifTreeSource,
        _read,
        files=_files,
        check=_check,
        provenance=_provenance,
        shared=True,
    )
)
