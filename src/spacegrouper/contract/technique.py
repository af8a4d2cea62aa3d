"""What a technique is to the rest of the house, with its engines and its descriptors."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.figure import Figure

    from spacegrouper.crystals.crystal import Crystal
    from spacegrouper.dataset.dataset import Dataset
    from spacegrouper.settings import Settings
    from spacegrouper.settings.section import Contradiction, Section

# Sections of settings by name, as they are written in products: {"simulate": {"pixels": 256}}.
Sections = Mapping[str, Any]
Resize = Literal["nearest", "maximum"]
# The arrays of crystals by name, such as `raw` (n, views, y, x); a row for each crystal.
Arrays = Mapping[str, NDArray[Any]]
# Grey levels of 8 or 16 bits, 0 black.
Levels = NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True)
class Patterns:
    """What an engine measures of n crystals, in their order.

    Args:
        values: (n, views, y, x): uint8 grey levels, uint16, or float32 photons per pixel.
        intensity_max: (n, views), what the highest level stands for.
        reasons: for each crystal why it could not be simulated, or an empty string. The values of
            such a crystal are 0, so that a row keeps its place whatever becomes of its neighbours.
        further: what else is measured of each crystal, (n, ...), by the names of
            `Technique.further`.
    """

    values: NDArray[Any]
    intensity_max: NDArray[np.float64]
    reasons: tuple[str, ...]
    further: Arrays = field(default_factory=dict)


@dataclass(frozen=True)
class Mark:
    """A spot of an image that has a name.

    Args:
        row, column: its pixel.
        text: the name, in matplotlib's mathtext.
        letters: how many are seen of the name.
    """

    row: int
    column: int
    text: str
    letters: int


@dataclass(frozen=True, eq=False)
class Picture:
    """An image for people: grey (y, x) or RGB (y, x, 3), uint8, or a curve (points,).

    Args:
        caption: what it is.
        values: the image, or the curve with its largest value near 1.
        spots: whether it consists of spots of a pixel or two, which a small figure would lose.
        range: of a curve, what the first and the last of its points stand for.
        axis: of a curve, what they are, such as `2θ, degrees`.
        quantity: of a curve, what its values are, such as `intensity, strongest = 1`.
        marks: spots of an image that a figure may name.
        lines: of a curve, places and heights (n, 2) of lines that are drawn below it.
    """

    caption: str
    values: NDArray[Any]
    spots: bool = False
    range: tuple[float, float] | None = None
    axis: str = ""
    quantity: str = ""
    marks: tuple[Mark, ...] = ()
    lines: NDArray[np.float64] | None = None


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
class Engine:
    """A program that simulates what a technique measures.

    Args:
        name: `simulate.engine` of the configuration.
        technique: the name of its technique.
        simulate: (crystals in their standard cells, settings, threads) to their patterns, some
            crystals at a time. The same crystals and settings give the same bits, whatever the
            threads.
        versions: what its results depend on besides settings: `engine_version`, and others.
        crystals: whether it needs any; one that does not brings data of its own, by a
            program that its documentation names.
        files: settings to the files that such an engine reads, by a name for each.
        seconds: settings to those of a core that a typical crystal takes, from which
            `plan.block_size: auto` follows.
        minutes: that a job may take for a block of crystals, before it is tried again with more.
        knows_perturbations: whether it can simulate those of section `robustness`.
    """

    name: str
    technique: str
    simulate: "Callable[[Sequence[Crystal], Settings, int], Iterator[Patterns]]"
    versions: Callable[[], Mapping[str, Any]]
    crystals: bool = True
    files: "Callable[[Settings], Mapping[str, Path]]" = lambda settings: {}
    seconds: "Callable[[Settings], float]" = lambda settings: 0.005
    minutes: int = 60
    knows_perturbations: bool = False


@dataclass(frozen=True)
class Presentation:
    """How crystals of a dataset are shown to a network.

    Args:
        descriptor: the name of the descriptor.
        image_size: pixels along an edge of an image, or points of a curve.
        resize: as `train.resize`.
        seed: of noise and of changes from epoch to epoch.
        sections: those of the technique's sections that concern what is shown.
        made_with: what the dataset was made with.
    """

    descriptor: str
    image_size: int
    resize: Resize
    seed: int
    sections: Sections
    made_with: Sections

    def compose(self, arrays: Arrays, ids: Sequence[str]) -> list[NDArray[np.float32]]:
        """Return the network's inputs, each (n, ...), of the arrays of n crystals at once."""
        composer = DESCRIPTORS[self.descriptor].composer(self)
        return composer.compose(composer.prepare(arrays), ids)


@dataclass(frozen=True, eq=False)
class Measured:
    """What a user's own instrument measured of a crystal, ready for a network.

    Args:
        name: of the input.
        arrays: for the technique's pictures, as those of one crystal of a dataset.
        inputs: the network's, each without the axis of crystals.
        notes: what was assumed of the measurement and done to it, for the answer.
    """

    name: str
    arrays: Arrays
    inputs: tuple[NDArray[np.float32], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class AlikeCrystal:
    """A known crystal that a measurement is like.

    Args:
        name: its id where it is known from.
        formula: of it.
        space_group: its number.
        likeness: 0 to 1.
        cell: a, b, c, Angstrom, alpha, beta, gamma, degrees, refined on the measurement.
    """

    name: str
    formula: str
    space_group: int
    likeness: float
    cell: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Comparison:
    """What known crystals, together with the network, say of a measurement.

    Args:
        shares: (230,), the probabilities of the space groups, calibrated.
        alike: the crystals that are most alike, the first first.
        arrays: for the technique's pictures, beside those of the measurement.
        warning: why the probabilities mean little, or "".
    """

    shares: NDArray[np.float64]
    alike: tuple[AlikeCrystal, ...]
    arrays: Arrays
    warning: str = ""


@dataclass(frozen=True)
class MeasuredFiles:
    """The files of instruments that a technique's networks can be shown.

    Args:
        recognises: (content of a file, unpacked; its name) to whether it is one of them.
        read: (content, name, presentation, wavelength in Angstrom where the user says it) to what
            was measured. Raises UserError with the reason, without the file's name.
        compare: (folder of the network, arrays of what was measured, what its training data were
            made with, its probabilities of the 230 space groups) to what known crystals say as
            well; none where the folder holds no such crystals.
        known: the name of the file beside a network that holds these; none: there are none.
    """

    recognises: Callable[[bytes, str], bool]
    read: "Callable[[bytes, str, Presentation, float | None], Measured]"
    compare: "Callable[[Path, Arrays, Sections, NDArray[np.float64]], Comparison | None]" = (
        lambda folder, arrays, made_with, shares: None
    )
    known: str | None = None


class Composer(Protocol):
    """Makes a network's input of what a dataset holds, in two steps; threads may share it."""

    def prepare(self, arrays: Arrays) -> NDArray[Any]:
        """Reduce the arrays of n crystals to what is kept of them in memory, (n, ...)."""

    def compose(
        self, prepared: NDArray[Any], ids: Sequence[str], epoch: int | None = None
    ) -> list[NDArray[np.float32]]:
        """Return the network's inputs, each (n, ...), of what `prepare` returned.

        Args:
            prepared: of n crystals.
            ids: their identifiers, from which random changes follow.
            epoch: of training, each with changes of its own; none: nothing is changed at random.
        """


def _images(inputs: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    return [values for values in inputs if values.ndim == 3]


@dataclass(frozen=True)
class Descriptor:
    """What a network is shown of a crystal.

    Args:
        name: `train.descriptor` of the configuration.
        techniques: the names of the techniques whose data it can be made of.
        arrays: the names of the dataset's arrays that it is made of.
        gives: the kind of input: `image`, `three images`, `curve` or another that a network takes.
        composer: makes the inputs as a presentation says.
        views: how many views the data may have; empty: any number.
        axis: of a curve, (what the data are made with) to what its points are, the first and last.
        resized: whether its images are those of the dataset, resized as `train.resize` says.
        forest: makes what the baseline, a forest of trees, sees instead of the network's inputs,
            as where a forest could not hold images of that size; none: the same inputs.
        drawn: (the network's inputs of one crystal) to the images of them that people are shown,
            each (y, x, 3), 0 to 1. What else a network takes, such as the cell, is numbers that no
            picture shows.
    """

    name: str
    techniques: tuple[str, ...]
    arrays: tuple[str, ...]
    gives: str
    composer: Callable[[Presentation], Composer]
    views: tuple[int, ...] = ()
    axis: "Callable[[Sections], tuple[str, float, float]] | None" = None
    resized: bool = True
    forest: Callable[[Presentation], Composer] | None = None
    drawn: Callable[[Sequence[NDArray[np.float32]]], list[NDArray[np.float32]]] = _images

    @property
    def unit(self) -> str:
        """What `image_size` counts."""
        return "pixels" if self.axis is None else "points"


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
ENGINES: Registry[Engine] = Registry("engine")
DESCRIPTORS: Registry[Descriptor] = Registry("descriptor")
