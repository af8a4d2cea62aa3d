"""What a technique is to the rest of the house."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from spacegrouper.contract.descriptor import DESCRIPTORS, Arrays, Presentation, Sections
from spacegrouper.contract.engine import ENGINES
from spacegrouper.contract.measured_files import MeasuredFiles
from spacegrouper.contract.picture import Picture
from spacegrouper.contract.registry import Registry

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from spacegrouper.dataset.dataset import Dataset
    from spacegrouper.settings import Settings
    from spacegrouper.settings.section import Contradiction, Section


@dataclass(frozen=True)
class Use:
    """Keys `section.key`, or whole sections, that not every run of a technique uses.

    A run that sets one of them without using it is refused.

    Args:
        keys: of the configuration.
        is_used: whether a run uses them.
        where: which runs do, such as "with `shape.method: pixels`".
    """

    keys: tuple[str, ...]
    is_used: "Callable[[Settings], bool]"
    where: str


@dataclass(frozen=True)
class Description:
    """What a dataset holds, in tables and figures.

    Args:
        tables: by name; each becomes a CSV file.
        figures: by name.
        summary: of one line.
    """

    tables: "Mapping[str, pd.DataFrame]"
    figures: "Mapping[str, Figure]"
    summary: str


@dataclass(frozen=True)
class Shown:
    """A table or a figure in the report.

    Args:
        title: its line in the menu.
        caption: what it shows, in reStructuredText.
    """

    title: str
    caption: str


@dataclass(frozen=True)
class Technique:
    """What is measured of a crystal.

    Args:
        name: how messages and products call it.
        measures: what that is, for messages: `diffraction patterns`.
        sections: classes of its sections of the configuration.
        record: settings to those that its simulated data depend on, by section.
        units: (what the data are made with) to those of `intensity_max`; empty for a drawing.
        further: the names of small arrays, such as the cell, that engines give beside `raw`.
        derived: the names of arrays that the dataset holds besides the simulated one, `raw`.
        derive: (raw, what the dataset is made with) to those arrays.
        derived_from: the names of the sections that these depend on.
        record_derived: (settings, pixels along an edge) to these sections, with all that they leave
            open filled in.
        copies: settings to the number of copies of each crystal, which are simulated too.
        views: settings to the key that sets the number of views, and their number.
        view_names: (what the data are made with) to the names of the views, where they have any.
        presented: the names of those sections that decide what a network is shown.
        changes: whether a run changes crystals at random in training, as their measurement would.
        tables, figures: names of what `describe` returns, with what the report says of them.
        describe: (dataset, threads, called with the number of crystals done) to its description;
            none: there is nothing to describe.
        pictures: (arrays of one crystal, what they are made with) to headings and pictures: what
            was measured, for the answer to a user.
        samples: (arrays of one crystal, its id, presentation) to its pictures in the report; among
            the arrays is `lattice`, (3, 3), rows a, b, c in Angstrom, where that is known.
        caption: what the report says of these pictures.
        check: what the technique's settings cannot be together with the others.
        uses: keys that not all of its runs use.
        images: whether a user can give images of what was measured.
        measured: the files of instruments that a user can give; none: no such files are taken.
        in_paper: whether the experiments of the paper can be done with it.
    """

    name: str
    measures: str
    sections: "tuple[type[Section], ...]"
    record: "Callable[[Settings], Sections]"
    pictures: Callable[[Arrays, Sections], Mapping[str, Sequence[Picture]]]
    samples: Callable[[Arrays, str, Presentation], tuple[Picture, ...]]
    caption: str = ""
    units: Callable[[Sections], str] = lambda made_with: ""
    further: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    derive: Callable[[NDArray[Any], Sections], Arrays] = lambda raw, made_with: {}
    derived_from: tuple[str, ...] = ()
    record_derived: "Callable[[Settings, int], Sections]" = lambda settings, pixels: {}
    copies: "Callable[[Settings], int]" = lambda settings: 0
    views: "Callable[[Settings], tuple[str, int]] | None" = None
    view_names: Callable[[Sections], list[str]] | None = None
    presented: tuple[str, ...] = ()
    changes: "Callable[[Settings], bool]" = lambda settings: False
    tables: Mapping[str, Shown] = field(default_factory=dict)
    figures: Mapping[str, Shown] = field(default_factory=dict)
    describe: "Callable[[Dataset, int, Callable[[int], None]], Description] | None" = None
    check: "Callable[[Settings], Iterator[Contradiction]]" = lambda settings: iter(())
    uses: tuple[Use, ...] = ()
    images: bool = False
    measured: MeasuredFiles | None = None
    in_paper: bool = False

    @property
    def engines(self) -> tuple[str, ...]:
        """The names of the engines that simulate it."""
        return tuple(engine.name for engine in ENGINES if engine.technique == self.name)

    @property
    def descriptors(self) -> tuple[str, ...]:
        """The names of the descriptors that its data can be."""
        return tuple(each.name for each in DESCRIPTORS if self.name in each.techniques)


TECHNIQUES: Registry[Technique] = Registry("technique")
