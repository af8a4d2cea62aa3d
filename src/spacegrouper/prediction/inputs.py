"""Many inputs of any kind, one answer or one reason for each: what scripts/predict.py is asked."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spacegrouper.contract.measured_files import Measured
from spacegrouper.crystals.cif_text import path_text
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.text_files import content_of, is_file, unpacked
from spacegrouper.errors import UserError
from spacegrouper.prediction.list_answers import (
    ListAnswer,
    MeasuredList,
    answer_list,
    is_list,
    lists_together,
    read_list,
)
from spacegrouper.prediction.micrographs import MicrographAnswer, Micrographs, is_micrograph
from spacegrouper.prediction.pattern_files import (
    Patterns,
    holds_patterns,
    read_images,
    read_pattern_file,
)
from spacegrouper.techniques.reflections.list_reading import Role, list_content, role_of
from spacegrouper.techniques.reflections.ranking.priors import USUAL, Prior

if TYPE_CHECKING:
    from spacegrouper.contract.technique import Technique
    from spacegrouper.prediction.answers import Answer
    from spacegrouper.prediction.trained_model import TrainedModel
    from spacegrouper.techniques.reflections.list_file import Content
    from spacegrouper.techniques.reflections.ranking.ranker import Kind, Ranker

# Crystals in memory at a time, with their patterns and images.
_BATCH = 32
_MAXIMUM_BYTES = 50_000_000  # of an instrument's file, unpacked

Input = Crystal | Patterns | Measured | MeasuredList | Micrographs | Rejection


@dataclass(frozen=True)
class Asked:
    """What is to be asked about inputs.

    Args:
        model: the network; none: structures, patterns and files of instruments are shown to
            those that ship.
        wavelength: of diffractograms, Angstrom, where no file says it.
        cell: of the list of reflections, `a,b,c,alpha,beta,gamma`, where no file says it.
        prior: how frequent space groups are, for lists of reflections.
        ranker: of lists of reflections; none: that of the package.
        threads: for simulations.
        pixel_size: of micrographs, 1/Angstrom, in place of what their files say.
    """

    model: "TrainedModel | None"
    wavelength: float | None = None
    cell: str | None = None
    prior: Prior = USUAL
    ranker: Path | None = None
    threads: int = 1
    pixel_size: float | None = None

    @property
    def network(self) -> "TrainedModel":
        """The network that structures are shown to."""
        from spacegrouper.prediction.trained_model import shipped_network

        return self.model or shipped_network()

    def network_of(self, answer: "Answer | ListAnswer | MicrographAnswer") -> "TrainedModel | None":
        """Return the network that gave an answer, or None where it was the ranker."""
        if isinstance(answer, ListAnswer | MicrographAnswer):
            return None
        if answer.measured:
            return self.network_for_instruments
        return self.network if answer.crystal else self.network_for_patterns

    @property
    def instruments(self) -> "Technique | None":
        """The technique of the network that takes files of instruments."""
        from spacegrouper.prediction.trained_model import shipped_for_instruments

        if self.model is not None:
            technique = self.model.labels.technique
            return technique if technique.measured else None
        return next(iter(shipped_for_instruments()), None)

    @property
    def network_for_instruments(self) -> "TrainedModel":
        """The network that files of instruments are shown to."""
        from spacegrouper.prediction.trained_model import shipped_network

        assert self.instruments is not None
        return self.model or shipped_network(self.instruments.name)

    @property
    def network_for_patterns(self) -> "TrainedModel":
        """The network that patterns are shown to.

        Raises:
            UserError: the network takes none.
        """
        from spacegrouper.prediction.trained_model import shipped_network

        network = self.model or shipped_network("patterns")
        technique = network.labels.technique
        if not technique.images:
            raise UserError(
                f"images, but the network was trained on {technique.measures}; give structures"
            )
        return network

    def role(self, path: Path) -> Role | None:
        """Return what a file is to reflection lists."""
        return self._told_by_content(path)[0]

    def is_list(self, path: Path) -> bool:
        """Tell whether a file is read as a list of reflections."""
        return is_list(self.role(path), self.model is not None)

    def is_measured(self, path: Path) -> bool:
        """Tell whether a file is an instrument's that a network takes."""
        return self._told_by_content(path)[1]

    @cached_property
    def _told(self) -> dict[Path, tuple[Role | None, bool]]:
        return {}

    def _told_by_content(self, path: Path) -> tuple[Role | None, bool]:
        """Return what `role` and `is_measured` do; a file is read for that once.

        Its content is not kept: there may be many files, and large ones.
        """
        if path not in self._told:
            try:
                content = list_content(path)
            except UserError:
                # Whoever reads the file last says why it cannot be read.
                self._told[path] = None, False
            else:
                role = role_of(content)
                self._told[path] = role, self._is_measured(content, role)
        return self._told[path]

    def _is_measured(self, content: "Content", role: Role | None) -> bool:
        if self.model is None and is_list(role, structures_are_asked=False):
            return False
        files = self.instruments.measured if self.instruments else None
        if files is None or len(content.data) > _MAXIMUM_BYTES:
            return False
        return files.recognises(content.data, content.name)


@dataclass(frozen=True)
class _Kind:
    """A kind of input.

    Args:
        has: tells whether a path is of this kind, if it is of none further up.
        read: reads the paths, of which the first is of this kind.
    """

    has: Callable[[Path, Asked], bool]
    read: Callable[[Sequence[Path], Asked], Iterator[Input]]


def gathered(paths: Sequence[Path], asked: Asked) -> list[tuple[Path, ...]]:
    """Put the files of one input together: a list of reflections and what belongs to it.

    Raises:
        UserError: an option is given that no file needs; a cell, but not for one list; or a
            micrograph twice for one answer.
    """
    files = [path for path in paths if not holds_patterns(path) and not is_micrograph(path)]
    roles = {path: asked.role(path) for path in files}
    for path, role in roles.items():
        # The CIF file of a powder may have a cell, but does not belong to a list.
        if role == "companion" and asked.is_measured(path):
            roles[path] = None
    together = {each[0]: each for each in lists_together(roles, asked.model is not None)}
    beside = {path for each in together.values() for path in each[1:]}
    lists = [path for path in together if asked.is_list(path)]
    micrographs = [path for path in paths if is_micrograph(path)]
    _check_options(asked, files, lists, micrographs)
    if asked.cell is not None and micrographs:
        # Those of one cell are of one crystal.
        _check_each_is_given_once(micrographs)
        together[micrographs[0]] = tuple(micrographs)
        beside |= set(micrographs[1:])
    return [together.get(path, (path,)) for path in paths if path not in beside]


def _check_each_is_given_once(micrographs: Sequence[Path]) -> None:
    """Raise UserError for a micrograph that is given twice, maybe by another path."""
    files = [os.path.realpath(path) for path in micrographs]
    for place, path in enumerate(micrographs):
        if files[place] in files[:place]:
            raise UserError(
                f"{path_text(path)}: given twice; give each micrograph of a crystal once"
            )


def _check_options(
    asked: Asked, files: Sequence[Path], lists: Sequence[Path], micrographs: Sequence[Path]
) -> None:
    """Raise UserError for an option that would play no role."""
    # Of what is no file nobody knows its kind; that it is none is said when it is read.
    unknown = not all(map(is_file, files))
    owners = len(lists) + bool(micrographs)
    if asked.cell is not None and owners != 1 and not (unknown and owners == 0):
        raise UserError(
            f"--cell is that of one list of reflections, or of micrographs, and {len(lists)} lists "
            f"and {len(micrographs)} micrographs are given"
        )
    if asked.pixel_size is not None and not micrographs:
        raise UserError("--pixel-size is for micrographs, and none is given")
    for option, given in (("--prior", asked.prior != USUAL), ("--ranker", asked.ranker)):
        if given and not (owners or unknown):
            raise UserError(
                f"{option} is for lists of reflections and micrographs, and none is given"
            )
    if asked.wavelength is None:
        return
    if asked.instruments is None:
        raise UserError("--wavelength is for measured diffractograms, and the network takes none")
    if not unknown and not any(asked.is_measured(path) for path in files):
        raise UserError("--wavelength is for measured diffractograms, and none is given")


def read_input(paths: Sequence[Path], asked: Asked) -> Iterator[Input]:
    """Read an input of any kind; of several files the first is what the others belong to."""
    name = path_text(paths[0])
    try:
        kind = next(kind for kind in _KINDS if kind.has(paths[0], asked))
        yield from kind.read(paths, asked)
    except UserError as error:
        yield _rejection(name, error)
    except OSError as error:
        yield Rejection(name, "read", f"cannot be read: {error.strerror}")


def read_views(paths: Sequence[Path], asked: Asked) -> Input:
    """Read the patterns of one crystal from an image for each view; named by all of them."""
    name = " ".join(map(path_text, paths))
    try:
        settings = asked.network_for_patterns.settings
        return Patterns(name, read_images(paths, settings.simulate))
    except UserError as error:
        return _rejection(name, error)


def answer_inputs(
    inputs: Iterable[Input], asked: Asked
) -> "Iterator[Answer | ListAnswer | MicrographAnswer | Rejection]":
    """Yield the answer to each input in their order; what was or is rejected stays a Rejection.

    Raises UserError as `answer_crystals` does.
    """
    remaining = iter(inputs)
    while batch := list(islice(remaining, _BATCH)):
        of_network = _of_network(batch, asked)
        for item in batch:
            if isinstance(item, Rejection):
                yield item
            elif isinstance(item, MeasuredList):
                yield answer_list(item, _ranker(asked, "lists"), asked.prior)
            elif isinstance(item, Micrographs):
                from spacegrouper.prediction.micrograph_answers import answer_micrographs

                yield answer_micrographs(item, _ranker(asked, "zones"), asked.prior)
            else:
                yield next(of_network[type(item)])


def _of_network(batch: Sequence[Input], asked: Asked) -> "dict[type, Iterator[Answer | Rejection]]":
    """Return the networks' answers to the inputs of each kind, in their order."""
    crystals = [item for item in batch if isinstance(item, Crystal)]
    patterns = [item for item in batch if isinstance(item, Patterns)]
    measured = [item for item in batch if isinstance(item, Measured)]
    found: dict[type, Iterator[Answer | Rejection]] = {}
    if not (crystals or patterns or measured):
        return found
    from spacegrouper.prediction.answers import answer_crystals, answer_measured, answer_patterns

    if crystals:
        found[Crystal] = iter(answer_crystals(crystals, asked.network, asked.threads))
    if patterns:
        names, raw = [item.name for item in patterns], np.stack([item.raw for item in patterns])
        found[Patterns] = iter(answer_patterns(names, raw, asked.network_for_patterns))
    if measured:
        found[Measured] = iter(answer_measured(measured, asked.network_for_instruments))
    return found


def _ranker(asked: Asked, kind: "Kind") -> "Ranker":
    # Only where there is something to rank, as it is slow to import.
    from spacegrouper.techniques.reflections.ranking.ranker import read_ranker

    return read_ranker(asked.ranker, kind)


def _read_patterns(paths: Sequence[Path], asked: Asked) -> Iterator[Input]:
    yield from read_pattern_file(paths[0], asked.network_for_patterns.settings.simulate)


def _read_micrographs(paths: Sequence[Path], asked: Asked) -> Iterator[Input]:
    from spacegrouper.prediction.micrograph_answers import read_micrographs

    yield read_micrographs(paths, asked.cell, asked.pixel_size)


def _read_measured(paths: Sequence[Path], asked: Asked) -> Iterator[Input]:
    labels, name = asked.network_for_instruments.labels, path_text(paths[0])
    content = unpacked(content_of(paths[0], _MAXIMUM_BYTES), _MAXIMUM_BYTES, name)
    assert labels.technique.measured is not None
    yield labels.technique.measured.read(content, name, labels.presentation, asked.wavelength)


def _read_list(paths: Sequence[Path], asked: Asked) -> Iterator[Input]:
    yield read_list(paths, asked.role(paths[0]), asked.cell)


def _read_structures(paths: Sequence[Path], asked: Asked) -> Iterator[Input]:
    from spacegrouper.prediction.structure_files import read_standard_crystals

    yield from read_standard_crystals(paths[0], asked.network.settings.standardise)


# The first that has a path reads it. Those that are told by their names come first: they may be of
# any size, and need not be read to be told.
_KINDS = (
    _Kind(lambda path, asked: holds_patterns(path), _read_patterns),
    _Kind(lambda path, asked: is_micrograph(path), _read_micrographs),
    _Kind(lambda path, asked: asked.is_measured(path), _read_measured),
    _Kind(lambda path, asked: asked.is_list(path), _read_list),
    _Kind(lambda path, asked: True, _read_structures),
)


def _rejection(name: str, error: UserError) -> Rejection:
    return Rejection(name, "read", str(error).removeprefix(f"{name}: "))
