"""The front page of a run: its result, how it came about, and what is confused with what.

One HTML file that holds its pictures and needs nothing else.
"""

import base64
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from spacegrouper.crystals.class_names import class_name, label_noun
from spacegrouper.crystals.symmetry import LEVELS
from spacegrouper.errors import UserError
from spacegrouper.figures.page_template import page_template
from spacegrouper.figures.samples import Sample, visible
from spacegrouper.figures.samples_page import describe_sample

_MISTAKES = 8  # kinds of them on the page
_FIGURES = ("history", "confusion", "reliability")
_TABLES = ("top_k", "per_class", "comparison", "predictions")
_TABLES_OF_SPACE_GROUPS = ("per_crystal_system", "symmetry")


@dataclass(frozen=True)
class Evaluation:
    """What evaluate.py has written.

    Args:
        summary: metrics.json.
        tables: by name.
        figures: SVG, by name.
    """

    summary: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]
    figures: Mapping[str, bytes]


def read_evaluation(folder: Path, summary: Mapping[str, Any]) -> Evaluation:
    """Read what the page shows of a folder of results; `summary`: its metrics.json.

    Raises:
        UserError: a table or a figure is missing.
    """
    of_groups = summary["label"] == "spacegroup"
    text = {"material_id": str, "class": str, "true": str, "predicted": str}
    try:
        return Evaluation(
            summary,
            {
                name: pd.read_csv(folder / f"{name}.csv", dtype=text, keep_default_na=False)
                for name in (*_TABLES, *(_TABLES_OF_SPACE_GROUPS if of_groups else ()))
            },
            {name: (folder / "figures" / f"{name}.svg").read_bytes() for name in _FIGURES},
        )
    except OSError as error:
        raise UserError(
            f"{error.filename}: cannot be read: {error.strerror}; make it with scripts/evaluate.py"
        ) from None


def front_page(
    run: str,
    evaluation: Evaluation,
    samples: Sequence[Sample],
    stages: Sequence[tuple[str, str]],
    caption: str,
) -> str:
    """Return the page as HTML.

    Args:
        run: its name.
        evaluation: what it found.
        samples: test crystals that are shown.
        stages: what it did, as run_stages returns it.
        caption: what the pictures of the samples are.
    """
    summary, tables = evaluation.summary, evaluation.tables
    label = summary["label"]
    compared = tables["comparison"]
    answers = compared[compared["level"] == label_noun(label)].to_dict("records")
    chance = {"answers": "guessing evenly", "accuracy": summary["chance_accuracy"]}
    per_class = tables["per_class"]
    return page_template("spacegrouper.figures", "front_page.html.jinja").render(
        run=run,
        noun=label_noun(label),
        summary=summary,
        answers=[*answers, chance],
        stages=stages,
        samples=[describe_sample(sample, label, visible) for sample in samples],
        caption=caption,
        mistakes=common_mistakes(tables["predictions"], label),
        top_k=tables["top_k"].to_dict("records"),
        symmetry=tables.get("symmetry", pd.DataFrame()).to_dict("records"),
        systems=tables.get("per_crystal_system", pd.DataFrame()).to_dict("records"),
        classes=[
            {**row, "name": class_name(label, row["class"])} for row in per_class.to_dict("records")
        ],
        figures={
            name: "data:image/svg+xml;base64," + base64.b64encode(content).decode("ascii")
            for name, content in evaluation.figures.items()
        },
    )


def common_mistakes(predictions: pd.DataFrame, label: str) -> list[dict[str, Any]]:
    """Return the most frequent mistakes, up to eight of them, with how many crystals suffer them.

    Keys: true, named, crystals, of (crystals of the true class), shared (the first level of
    symmetry that both have, from extinction class to crystal system; empty where none, or of other
    labels).
    """
    answers = zip(predictions["true"], predictions["predicted"], strict=True)
    mistakes = Counter((true, named) for true, named in answers if true != named)
    crystals = Counter(predictions["true"])
    return [
        {
            "true": class_name(label, true),
            "named": class_name(label, named),
            "crystals": count,
            "of": crystals[true],
            "shared": _shared(int(true), int(named)) if label == "spacegroup" else "",
        }
        for (true, named), count in mistakes.most_common(_MISTAKES)
    ]


def _shared(one: int, other: int) -> str:
    pair = pd.Series([one, other]).to_numpy()
    for level, class_of in LEVELS.items():
        first, second = class_of(pair)
        if first == second:
            return level
    return ""
