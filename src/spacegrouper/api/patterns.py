"""Diffraction patterns of a crystal, raw and shaped."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spacegrouper.api.structures import StandardCrystal
from spacegrouper.atomic import written_aside
from spacegrouper.contract.descriptor import Levels
from spacegrouper.contract.engine import ENGINES
from spacegrouper.contract.technique import TECHNIQUES
from spacegrouper.crystals.one_crystal import heading
from spacegrouper.errors import UserError
from spacegrouper.figures.toolkit import png_of, save_figure_as
from spacegrouper.prediction.pattern_files import VIEWS
from spacegrouper.settings import Simulate, settings_from_mapping
from spacegrouper.techniques.patterns.indexed_figure import indexed_figure
from spacegrouper.techniques.patterns.settings import Shape
from spacegrouper.techniques.patterns.shaping import shape_patterns
from spacegrouper.techniques.patterns.simulation import simulate_crystals

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SPOTS = 8


@dataclass(frozen=True)
class PatternSet:
    """The patterns of a crystal, one for each view; NumPy takes it as an array.

    Args:
        crystal: whose they are.
        settings: the experiment.
        raw: (views, y, x), grey levels.
        shaped: (views, y, x), once `shape` has made them.
    """

    crystal: StandardCrystal
    settings: Simulate
    raw: Levels
    shaped: Levels | None = None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        values = self.raw if self.shaped is None else self.shaped
        return np.array(values, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        kind = "raw" if self.shaped is None else "shaped"
        views, rows, columns = self.raw.shape
        return f"<{views} {kind} patterns, {rows} x {columns}, of {heading(self.crystal.crystal)}>"

    def draw(self, spots: int = _SPOTS) -> "Figure":
        """Draw the views, raw and shaped, with the strongest `spots` of each raw one indexed."""
        crystal = self.crystal.crystal
        shaped = self.shaped if self.shaped is not None else shape_patterns(self.raw, Shape())
        return indexed_figure(
            heading(crystal), self.settings, self.raw, shaped, crystal.lattice, spots
        )

    def save(self, path: str | Path, spots: int = _SPOTS) -> None:
        """Write what `draw` draws as PNG or SVG."""
        save_figure_as(self.draw(spots), Path(path))

    def save_views(self, folder: str | Path) -> None:
        """Write each raw pattern as a grey image, x.png, y.png and z.png, which `predict` takes.

        Raises:
            UserError: the patterns are photons, or are not three.
        """
        if self.settings.bit_depth == 32 or len(self.raw) != len(VIEWS):
            raise UserError(
                f"save_views(): {len(self.raw)} patterns of {self.settings.bit_depth} bits; "
                "simulate three views with 8 or 16"
            )
        for view, pattern in zip(VIEWS, self.raw, strict=True):
            with written_aside(Path(folder) / f"{view}.png") as aside:
                Image.fromarray(pattern).save(aside, "PNG", optimize=True)

    def _repr_png_(self) -> bytes:
        return png_of(self.draw())


def simulate(crystal: StandardCrystal, **settings: Any) -> PatternSet:
    """Simulate the diffraction patterns of a crystal.

    Args:
        crystal: as `read` returns it.
        settings: keys of the section `simulate`, such as `views="zone_axes"`; the others are the
            paper's.

    Returns:
        Raw patterns.

    Raises:
        UserError: settings that are none, or of which no pattern follows.
    """
    engine = settings.get("engine")
    if engine in ENGINES.names and Shape not in TECHNIQUES[ENGINES[engine].technique].sections:
        raise UserError(f"simulate(): engine: {engine} simulates no patterns; leave it out")
    made = settings_from_mapping({"simulate": settings}, "simulate()")
    experiment = made.simulate
    (patterns,) = simulate_crystals([crystal.crystal], experiment, made.seed, threads=1)
    if patterns.reasons[0]:
        raise UserError(f"{crystal.crystal.id} cannot be simulated: {patterns.reasons[0]}")
    return PatternSet(crystal, experiment, patterns.values[0])


def shape(patterns: PatternSet, **settings: Any) -> PatternSet:
    """Shape raw patterns: join neighbouring bright spots by lines.

    Args:
        patterns: raw ones.
        settings: keys of the section `shape`, such as `threshold=60`; the others are the paper's.

    Returns:
        The same patterns, with `shaped`.

    Raises:
        UserError: settings that are none, or patterns that are not grey levels.
    """
    if patterns.settings.bit_depth == 32:
        raise UserError("shape(): bit_depth: shaping takes grey levels; simulate with 8 or 16")
    how = settings_from_mapping({"shape": settings}, "shape()").of(Shape)
    return replace(patterns, shaped=shape_patterns(patterns.raw, how))
