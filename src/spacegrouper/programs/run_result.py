"""What a run has found, in the lines that it ends with."""

import json
from pathlib import Path

from spacegrouper.crystals.class_names import label_noun
from spacegrouper.figures.shares import percent


def result_lines(run: Path) -> list[str]:
    """Return what was found and what to open; nothing where no network was evaluated.

    `run`: folder of its results.
    """
    path = run / "evaluation" / "metrics.json"
    if not path.is_file():
        return []
    found = json.loads(path.read_text(encoding="utf-8"))
    share, total = found["top_1_accuracy"], found["test_crystals"]
    low, high = map(percent, found["top_1_interval_95"])
    right = f"{round(share * total)} of {total}"
    return [
        f"The network names the {label_noun(found['label'])} of {right} test crystals right: "
        f"{percent(share)} (95 % interval {low} to {high}); by chance "
        f"{percent(found['chance_accuracy'])}.",
        f"Open {run}/report/index.html",
        f"Ask it: spacegrouper predict --model {run}/model FILE...",
    ]
