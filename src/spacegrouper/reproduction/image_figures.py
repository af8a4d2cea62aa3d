"""Figures of what networks see: shaping step by step, examples, and how spot images are made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import Levels, Presentation
from spacegrouper.crystals.class_names import space_group_name
from spacegrouper.crystals.symmetry import crystal_systems
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError
from spacegrouper.figures.looks import NARROW_GAPS, STYLE
from spacegrouper.figures.toolkit import draw_image, enlarged, head_columns, new_figure, strip_axes
from spacegrouper.settings.simulate import Simulate
from spacegrouper.settings.space_groups import CRYSTAL_SYSTEMS
from spacegrouper.techniques.images import white_of
from spacegrouper.techniques.patterns.grey_scale import GreyScale
from spacegrouper.techniques.patterns.settings import Shape
from spacegrouper.techniques.patterns.shaping import normalise, shape_pattern

_TILE = 1.75  # edge of an image, inches
_CHANNELS = ("red", "green", "blue")


@dataclass(frozen=True)
class ExampleCrystal:
    """A crystal of the dataset and its images.

    `raw`: (views = 3, size, size) patterns; `spot`: (size, size, 3), 0 to 1, and `shaped`:
    (views = 3, size, size, 3), 0 to 1, the images that networks take.
    """

    material_id: str
    spacegroup: int
    raw: Levels
    spot: NDArray[np.float32]
    shaped: NDArray[np.float32]
    grey_scale: GreyScale

    def brightened(self, image: NDArray[Any]) -> NDArray[Any]:
        """Return the cube root of an image, 0 to 1, if its grey levels are linear."""
        return self.grey_scale.brightened(image, np.cbrt)

    @property
    def shown(self) -> str:
        """Say how its raw patterns are drawn."""
        linear = self.grey_scale.grey_scale == "linear"
        return f"Spots enlarged{'; cube root of grey levels' * linear}."

    @property
    def title(self) -> str:
        """Return its id and space group."""
        return f"{self.material_id}, {space_group_name(self.spacegroup)}"


def choose_examples(dataset: Dataset, groups: Sequence[int] = ()) -> pd.DataFrame:
    """Return a crystal of each crystal system there is: the first, by id, of its largest group.

    And the first, by id, of each of `groups` that is there. From triclinic to cubic, each system's
    largest group last. Columns row, material_id, spacegroup, crystal_system, crystals (of the
    group). Of groups of the same size the one with the smaller number. The rule knows nothing of
    how the images look. Raises UserError where no crystal has a known space group.
    """
    crystals = dataset.crystals().drop(columns="prototype")
    crystals = crystals[crystals["spacegroup"] > 0]
    if crystals.empty:
        raise UserError(
            f"{dataset.path}: no finished crystal has a known space group; finish it with "
            "scripts/shape.py"
        )
    crystals["crystal_system"] = crystal_systems(crystals["spacegroup"].to_numpy())
    sizes = crystals["spacegroup"].value_counts()
    crystals["crystals"] = crystals["spacegroup"].map(sizes)
    crystals["order"] = crystals["crystal_system"].map(CRYSTAL_SYSTEMS.index)
    ordered = crystals.sort_values(
        ["order", "crystals", "spacegroup", "material_id"], ascending=[True, False, True, True]
    ).drop_duplicates("spacegroup")
    is_largest = ~ordered.duplicated("order")
    chosen = ordered[is_largest | ordered["spacegroup"].isin(groups)].assign(last=is_largest)
    chosen = chosen.sort_values(["order", "last"], kind="stable")
    return chosen.drop(columns=["order", "last"]).reset_index(drop=True)


def choose_example(dataset: Dataset) -> Mapping[str, Any]:
    """Return the last row of `choose_examples`: the highest crystal system is easiest to read."""
    chosen: Any = choose_examples(dataset).iloc[-1].to_dict()
    return dict(chosen)


def read_example(dataset: Dataset, chosen: Mapping[str, Any]) -> ExampleCrystal:
    """Read the images of a crystal in full size; `chosen`: a row of `choose_examples`."""
    row = int(chosen["row"])
    arrays = dataset.read(slice(row, row + 1))
    size = dataset.shape[-1]

    def images(descriptor: str) -> list[NDArray[np.float32]]:
        how = Presentation(descriptor, size, "nearest", 0, {}, dataset.settings)
        return how.compose(arrays, [""])

    return ExampleCrystal(
        material_id=str(chosen["material_id"]),
        spacegroup=int(chosen["spacegroup"]),
        raw=arrays["raw"][0],
        spot=images("spot")[0][0],
        shaped=np.concatenate(images("shaped")),
        grey_scale=GreyScale.of(Simulate.model_validate(dataset.settings.get("simulate", {}))),
    )


@mpl.rc_context(STYLE)
def shaping_steps_figure(crystal: ExampleCrystal, views: list[str], settings: Shape) -> Figure:
    """Draw how each raw pattern becomes a shaped one, a row for each view.

    `views`: their names; `settings`: those of the shaping.
    """
    headings = ("raw", "normalised", "bright pixels", "lines that join them", "shaped")
    figure, grid = _tiles(len(views), headings)
    for row, view, raw in zip(grid, views, crystal.raw, strict=True):
        normalised, shaped = normalise(raw, settings), shape_pattern(raw, settings)
        row[0].set_ylabel(f"{view} view")
        lines = (shaped == 255) & (normalised <= settings.restore_above)
        draw_image(row[0], crystal.brightened(enlarged(raw) / white_of(raw.dtype)), white=1)
        draw_image(row[1], crystal.brightened(enlarged(normalised) / 256), white=1)
        draw_image(row[2], enlarged(normalised >= settings.threshold), white=1)
        draw_image(row[3], lines, white=1)
        draw_image(row[4], crystal.brightened(np.minimum(shaped, 255) / 255), white=1)
    figure.supxlabel(
        f"{crystal.title}; bright: normalised value from {settings.threshold:g} on, of 256. "
        f"{crystal.shown}",
        fontsize=8,
    )
    return figure


@mpl.rc_context(STYLE)
def examples_figure(
    crystals: list[ExampleCrystal], views: list[str], groups: Sequence[int] = ()
) -> Figure:
    """Draw raw patterns, spot image and shaped images of crystals, a row for each.

    `groups`: the space groups of the paper's examples; rows of them say so, and below stands which
    are missing.
    """
    headings = (
        *(f"raw, {view}" for view in views),
        "spot",
        *(f"shaped, {view}" for view in views),
    )
    figure, grid = _tiles(len(crystals), headings)
    for row, crystal in zip(grid, crystals, strict=True):
        number = crystal.spacegroup
        system = str(crystal_systems(np.array(number)))
        lines = [system, space_group_name(number), crystal.material_id]
        lines += ["(a group of the paper's)"] if number in groups else []
        row[0].set_ylabel("\n".join(lines), fontsize=8)
        for axes, raw in zip(row[: len(views)], crystal.raw, strict=True):
            draw_image(axes, crystal.brightened(enlarged(raw) / white_of(raw.dtype)), white=1)
        draw_image(row[len(views)], crystal.brightened(enlarged(crystal.spot)), white=1)
        for axes, image in zip(row[len(views) + 1 :], crystal.shaped, strict=True):
            draw_image(axes, image, white=1)
    there = {crystal.spacegroup for crystal in crystals}
    if gone := [space_group_name(group) for group in groups if group not in there]:
        missing = f"Of the paper's examples, the dataset has no crystal of {', '.join(gone)}."
        figure.supxlabel(missing, fontsize=8)
    return figure


@mpl.rc_context(STYLE)
def spot_generation_figure(crystal: ExampleCrystal, views: list[str]) -> Figure:
    """Draw how three raw patterns become the channels of one spot image."""
    headings = (*(f"raw, {view} view" for view in views), "")
    figure, grid = _tiles(2, headings)
    for channel, raw in enumerate(crystal.raw):
        grey = crystal.brightened(enlarged(raw) / white_of(raw.dtype))
        draw_image(grid[0, channel], grey, white=1)
        coloured = np.zeros((*grey.shape, 3))
        coloured[..., channel] = grey
        draw_image(grid[1, channel], coloured, white=1)
        grid[1, channel].set_xlabel(f"{_CHANNELS[channel]} channel")
    grid[0, 0].set_ylabel("grey levels")
    grid[1, 0].set_ylabel("as channels")
    draw_image(grid[1, 3], crystal.brightened(enlarged(crystal.spot)), white=1)
    grid[1, 3].set_xlabel("spot image: their sum")
    grid[0, 3].set_axis_off()
    figure.supxlabel(f"{crystal.title}. {crystal.shown}", fontsize=8)
    return figure


def _tiles(rows: int, headings: tuple[str, ...]) -> tuple[Figure, Any]:
    columns = len(headings)
    figure, grid = new_figure(
        _TILE * columns + 0.5, _TILE * rows + 0.7, rows, columns, squeeze=False
    )
    figure.set_layout_engine("constrained", **NARROW_GAPS)
    head_columns(grid, headings)
    strip_axes(grid.flat)
    return figure, grid
