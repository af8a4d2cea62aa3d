"""What a source of crystals is to the rest of the house."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacegrouper.contract.registry import Registry

if TYPE_CHECKING:
    from spacegrouper.crystals.crystal import Crystal, Rejection
    from spacegrouper.crystals.partial_download import PartialDownload
    from spacegrouper.settings import Settings
    from spacegrouper.settings.section import Section


@dataclass(frozen=True)
class Reading:
    """What a source is read with, besides its settings.

    Args:
        seed: the run's random seed.
        processes: that may work on it.
        part: where a download that breaks off leaves what it has.
    """

    seed: int
    processes: int
    part: "PartialDownload"


@dataclass(frozen=True)
class Source:
    """A kind of place that crystals come from.

    Args:
        name: `acquire.source` of the configuration.
        section: the class of its settings, whose field `source` is `Literal[name]`.
        read: (section, Reading) to the crystals, and rejections in place of records that are none.
        lines: section to the lines of a source that is JSON lines itself, which are then checked by
            several processes, and taken as they are where a parent's run has them.
        files: section to the files that it reads, by a name for each; a change of them makes the
            run's crystals anew. Empty where crystals do not come from files.
        check: (section, settings of the run) to reasons why no network can be trained on its
            crystals, as far as they are known beforehand.
        provenance: section to what else `provenance.json` is to say of where crystals come from.
        local: whether its crystals are on this machine, or made here, and need no download.
        shared: whether several processes may share its work, which takes time.
    """

    name: str
    section: "type[Section]"
    read: "Callable[[Any, Reading], Iterable[Crystal | Rejection]]"
    lines: Callable[[Any], Iterable[bytes]] | None = None
    files: Callable[[Any], Mapping[str, Path]] = lambda section: {}
    check: "Callable[[Any, Settings], Iterable[str]]" = lambda section, settings: ()
    provenance: Callable[[Any], Mapping[str, Any]] = lambda section: {}
    local: bool = True
    shared: bool = False


SOURCES: Registry[Source] = Registry("source")
