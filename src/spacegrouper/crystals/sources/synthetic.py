"""Source `synthetic`: crystals drawn from the statistics of others."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, PositiveInt

from spacegrouper.contract.source import SOURCES, Reading, Source
from spacegrouper.crystals.source_files import one_file
from spacegrouper.settings.paths import UserPath
from spacegrouper.settings.section import Section

if TYPE_CHECKING:
    from spacegrouper.crystals.crystal import Crystal, Rejection
    from spacegrouper.settings import Settings


class SyntheticSource(Section):
    """Crystals drawn at random from the statistics of a run's own (docs/structures.md)."""

    source: Literal["synthetic"]
    path: UserPath = Field(
        description="standardised crystals: `structures/standardised.jsonl.gz` of a run"
    )
    split: UserPath | None = Field(
        None,
        description="split.csv of a network's folder: statistics are then those of its training "
        "set alone; none: of all crystals",
    )
    crystals: PositiveInt = Field(10_000, description="crystals to draw")
    frequencies: Literal["natural", "even"] = Field(
        "natural",
        description="space groups as often as among the crystals, or `even`: each as often as any",
    )
    largest_cell: PositiveInt = Field(
        200, description="atoms in the conventional cell of a drawn crystal, at most"
    )
    include: bool = Field(
        True,
        description="pass on the crystals of `path` before the drawn ones: a network then trains "
        "on both, and is tested on real ones",
    )


def _read(section: SyntheticSource, reading: Reading) -> "Iterable[Crystal | Rejection]":
    from spacegrouper.crystals.synthetic_crystals import synthetic_crystals

    return synthetic_crystals(section, reading.seed, reading.processes)


def _files(section: SyntheticSource) -> dict[str, Path]:
    split = one_file(section.split, "acquire.split") if section.split else {}
    return one_file(section.path, "acquire.path") | split


def _check(section: SyntheticSource, settings: "Settings") -> Iterator[str]:
    if settings.split.training_only == "synthetic" and not section.include:
        yield (
            "`acquire.include`: false leaves only crystals that `split.training_only` keeps out of "
            "the validation and test sets; set it to true"
        )


SOURCES.register(
    Source("synthetic", SyntheticSource, _read, files=_files, check=_check, shared=True)
)
