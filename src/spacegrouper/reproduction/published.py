"""What the paper prints, read from published.yaml: accuracies, and the crystals that it shows."""

from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import yaml


def published_accuracies() -> pd.DataFrame:
    """Return what was published: columns network, descriptor, groups, top_1, source."""
    return pd.DataFrame(_published()["accuracies"]).assign(source=_published()["source"])


def published_cases() -> pd.DataFrame:
    """Return the crystals of Figure 5: columns pair, material_id, spacegroup, formula."""
    return pd.DataFrame(_published()["case_studies"])


def published_feature_maps() -> list[str]:
    """Return the ids of the crystals of Supplementary Figures 4 and 5."""
    return list(_published()["feature_maps"])


def published_examples() -> list[int]:
    """Return the space groups of the examples in Supplementary Figure 2."""
    return list(_published()["examples"])


@cache
def _published() -> dict[str, Any]:
    path = Path(__file__).with_name("published.yaml")
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content
