"""The figure of crystals that are named right from shaped patterns and wrong from spots."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spacegrouper.contract.technique import Picture
from spacegrouper.crystals.class_names import space_group_name
from spacegrouper.figures.looks import BLUE, NARROW_GAPS, STYLE, VERMILION
from spacegrouper.figures.samples import visible
from spacegrouper.figures.toolkit import draw_image, head_columns

_TILE = 1.45  # edge of an image, inches
_POWDER_WIDTH, _ANSWER_WIDTH = 1.5, 1.45  # in images


@mpl.rc_context(STYLE)
def case_studies_figure(
    cases: pd.DataFrame,
    pictures: Sequence[Sequence[Picture]],
    powders: Mapping[str, pd.DataFrame],
    formulas: Mapping[str, str],
    outcomes: Mapping[str, int | float],
) -> Figure:
    """Draw a row for each case: powder, raw, spot and shaped patterns, and both answers.

    `cases`: as case_studies.choose_cases returns them; `pictures`: of the same crystals, in their
    order, as samples.read_pictures returns them; `powders`: by id, as
    case_studies.powder_pattern returns them; `formulas`: by id; `outcomes`: as
    case_studies.count_outcomes returns them.
    """
    rows = max(len(cases), 1)
    widths = [_POWDER_WIDTH, 1, 1, 1, 1, 1, _ANSWER_WIDTH]
    figure = Figure(figsize=(_TILE * sum(widths), (_TILE + 0.12) * rows + 1.0))
    figure.set_layout_engine("constrained", **NARROW_GAPS | {"h_pad": 0.03})
    figure.suptitle(_summary(outcomes), fontsize=9, x=0.01, ha="left")
    if cases.empty:
        figure.text(0.01, 0.3, "No crystal is named right from shaped patterns alone.")
        return figure
    grid = figure.subplots(rows, len(widths), squeeze=False, width_ratios=widths)
    captions = [picture.caption for picture in pictures[0]]
    head_columns(grid, [r"powder, Cu $K_{\alpha}$", *captions, "answers"])
    for line, case, images in zip(grid, cases.to_dict("records"), pictures, strict=True):
        _draw_powder(line[0], powders[case["material_id"]])
        for axes, picture in zip(line[1:6], images, strict=True):
            draw_image(axes, visible(picture))
        for axes in line[1:]:
            axes.set_axis_off()
        _write_answers(line[6], case, formulas[case["material_id"]])
    for axes in grid[:-1, 0]:
        axes.set_xticklabels([])
    grid[-1, 0].set_xlabel("2θ, degrees")
    return figure


def _summary(outcomes: Mapping[str, int | float]) -> str:
    return (
        f"{outcomes['crystals']} crystals tested by both networks: right from both descriptors "
        f"{outcomes['both_right']}, from shaped patterns alone {outcomes['only_shaped_right']}, "
        f"from spots alone {outcomes['only_spot_right']}, from neither {outcomes['both_wrong']}; "
        f"McNemar's exact p = {outcomes['mcnemar_p']:.2g}"
    )


def _draw_powder(axes: Axes, powder: pd.DataFrame) -> None:
    axes.vlines(powder["two_theta"], 0, powder["intensity"], color="black", linewidth=0.8)
    axes.set(xlim=(0, 90), ylim=(0, 105), xticks=[0, 30, 60, 90], yticks=[])
    axes.set_ylabel("intensity", fontsize=8)
    # As high as the square images beside it.
    axes.set_box_aspect(1 / _POWDER_WIDTH)


def _write_answers(axes: Axes, case: Mapping[Any, Any], formula: str) -> None:
    small: Any = {"fontsize": 8, "va": "center"}
    axes.text(0.03, 0.92, case["material_id"], weight="bold", **small)
    axes.text(0.03, 0.78, formula, **small)
    axes.text(0.03, 0.61, f"is {space_group_name(case['spacegroup'])}", **small)
    for height, network, colour, sign in (
        (0.40, "shaped", BLUE, "✓"),
        (0.13, "spot", VERMILION, "✗"),
    ):
        percent = f"{100 * case[f'{network}_probability']:.1f} %"
        name = space_group_name(case[f"{network}_predicted"])
        axes.text(0.03, height, f"{sign} {network}: {name}", color=colour, **small)
        axes.text(0.03, height - 0.13, f"    {percent}", color=colour, **small)
    axes.set(xlim=(0, 1), ylim=(0, 1), box_aspect=1 / _ANSWER_WIDTH)
