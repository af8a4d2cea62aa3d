"""Draw how often several answers are right, from the metrics.json of their evaluations."""

import json
from pathlib import Path
from typing import Annotated, Any

import matplotlib as mpl
import numpy as np
import typer
from matplotlib.figure import Figure

from spacegrouper.figures.looks import BLUE, HATCHED, STYLE, WHISKERS
from spacegrouper.figures.toolkit import new_figure, save_figure_as, share_axis

# What the paper prints, which has no split by prototype: Tiong et al. 2020, Fig. 2b.
PUBLISHED = ("MSDN on pattern images,\nas published", 0.802)
SPLITS = {"random": {"color": BLUE}, "prototype": HATCHED}


def main(
    evaluations: Annotated[
        list[str], typer.Argument(help="NAME=FOLDER,FOLDER: split `random`, split `prototype`")
    ],
    output: Annotated[Path, typer.Option(help="picture, *.svg or *.png")],
) -> None:
    """Draw top-1 accuracies of space groups, the physics line and the published one above them."""
    named = [
        (name, folders.split(",")) for name, _, folders in (e.partition("=") for e in evaluations)
    ]
    read = [
        (name, [json.loads((Path(folder) / "metrics.json").read_text()) for folder in folders])
        for name, folders in named
    ]
    save_figure_as(draw(read), output)


@mpl.rc_context(STYLE)
def draw(evaluations: list[tuple[str, list[dict[str, Any]]]]) -> Figure:
    """Return the figure; of each evaluation its name and the metrics of both splits."""
    first = evaluations[0][1]
    line = "physics_line_top_1"
    rows = [
        (PUBLISHED[0], [(PUBLISHED[1], [PUBLISHED[1]] * 2)]),
        (
            "extinction class known,\nthe most frequent group named",
            [_score(m, line) for m in first],
        ),
        *((name, [_score(m, "top_1") for m in metrics]) for name, metrics in evaluations),
    ]
    figure, axes = new_figure(6.5, 0.6 + 0.55 * len(rows))
    for number, (split, look) in enumerate(SPLITS.items()):
        own = [
            (place, scores[number])
            for place, (_, scores) in enumerate(rows)
            if number < len(scores)
        ]
        places = np.array([place for place, _ in own]) + 0.4 * number - 0.2
        shares = np.array([share for _, (share, _) in own])
        reach = np.abs(np.array([interval for _, (_, interval) in own]).T - shares)
        bars = axes.barh(
            places, shares, 0.36, xerr=reach, label=f"split {split}", **look, **WHISKERS
        )
        axes.bar_label(bars, [f"{100 * share:.1f}" for share in shares], padding=3)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.invert_yaxis()
    share_axis(axes, "x")
    axes.set_xlabel("space groups named right, 72 groups, 95 % interval")
    figure.legend(loc="outside upper right", ncols=2)
    return figure


def _score(metrics: dict[str, Any], name: str) -> tuple[float, list[float]]:
    return metrics[f"{name}_accuracy"], metrics[f"{name}_interval_95"]


if __name__ == "__main__":
    typer.run(main)
