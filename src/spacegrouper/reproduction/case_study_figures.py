"""Figures of crystals that are named right from shaped patterns and wrong from spots."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spacegrouper.contract.picture import Picture
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
    heading: str,
) -> Figure:
    """Draw a row for each case: powder, raw, spot and shaped patterns, and both answers.

    `cases`: as case_studies.choose_cases returns them, or those of case_studies.find_cases that the
    dataset has; `pictures`: of the same crystals, in their order, as samples.read_pictures returns
    them; `powders`: by id, as case_studies.powder_pattern returns them; `formulas`: by id;
    `heading`: what `describe_outcomes` or `describe_published` says.
    """
    rows = max(len(cases), 1)
    widths = [_POWDER_WIDTH, 1, 1, 1, 1, 1, _ANSWER_WIDTH]
    figure = Figure(figsize=(_TILE * sum(widths), (_TILE + 0.12) * rows + 1.0))
    figure.set_layout_engine("constrained", **NARROW_GAPS | {"h_pad": 0.03})
    figure.suptitle(heading, fontsize=9, x=0.01, ha="left")
    if cases.empty:
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


def describe_outcomes(outcomes: Mapping[str, int | float]) -> str:
    """Say how many crystals which network names right, as case_studies.count_outcomes has it."""
    p = outcomes["mcnemar_p"]
    said = (
        f"{outcomes['crystals']} crystals tested by both networks: right from both descriptors "
        f"{outcomes['both_right']}, from shaped patterns alone {outcomes['only_shaped_right']}, "
        f"from spots alone {outcomes['only_spot_right']}, from neither {outcomes['both_wrong']}; "
        f"McNemar's exact p {f'= {p:.2g}' if p else 'is too small for a number'}"
    )
    if not outcomes["only_shaped_right"]:
        said += "\nNo crystal is named right from shaped patterns alone."
    return said


def describe_published(cases: pd.DataFrame) -> str:
    """Say which crystals of the paper the dataset has; `cases`: as case_studies.find_cases."""
    there = cases["row"].notna()
    said = f"The pairs of the paper's Figure 5: {there.sum()} of {len(cases)} crystals"
    if not there.all():
        said += f"\nNot in the dataset: {', '.join(cases.loc[~there, 'material_id'])}"
    return said


def _draw_powder(axes: Axes, powder: pd.DataFrame) -> None:
    axes.vlines(powder["two_theta"], 0, powder["intensity"], color="black", linewidth=0.8)
    axes.set(xlim=(0, 90), ylim=(0, 105), xticks=[0, 30, 60, 90], yticks=[])
    axes.set_ylabel("intensity", fontsize=8)
    # As high as the square images beside it.
    axes.set_box_aspect(1 / _POWDER_WIDTH)


def _write_answers(axes: Axes, case: Mapping[Any, Any], formula: str) -> None:
    small: Any = {"fontsize": 8, "va": "center"}
    pair = f" (pair {case['pair']})" if "pair" in case else ""
    axes.text(0.03, 0.92, f"{case['material_id']}{pair}", weight="bold", **small)
    axes.text(0.03, 0.78, formula, **small)
    group = f"is {space_group_name(case['spacegroup'])}"
    if case.get("published_spacegroup", case["spacegroup"]) != case["spacegroup"]:
        group += f" (paper: {case['published_spacegroup']})"
    axes.text(0.03, 0.61, group, **small)
    axes.set(xlim=(0, 1), ylim=(0, 1), box_aspect=1 / _ANSWER_WIDTH)
    if pd.isna(case["spot_predicted"]):
        axes.text(0.03, 0.40, "not in both test sets", **small)
        return
    for height, network in ((0.40, "shaped"), (0.13, "spot")):
        predicted = case[f"{network}_predicted"]
        colour, sign = (BLUE, "✓") if predicted == case["spacegroup"] else (VERMILION, "✗")
        percent = f"{100 * case[f'{network}_probability']:.1f} %"
        name = space_group_name(predicted)
        axes.text(0.03, height, f"{sign} {network}: {name}", color=colour, **small)
        axes.text(0.03, height - 0.13, f"    {percent}", color=colour, **small)
