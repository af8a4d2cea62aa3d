"""What the report says: each file that it shows has a title and a caption that docutils can set."""

from pathlib import Path

import pytest
import yaml
from docutils.core import publish_parts

from spacegrouper.contract.technique import TECHNIQUES
from spacegrouper.reproduction.paper_figures import PAPER_FIGURES
from spacegrouper.reproduction.paper_tables import PAPER_TABLES

REPORT = Path(__file__).parents[2] / "workflow" / "report"
SHOWN = yaml.safe_load((REPORT / "captions.yaml").read_text())


def captions() -> dict[str, str]:
    found = {
        f"{category}: {name}": text.split("\n", 1)[1]
        for category, files in SHOWN.items()
        for name, text in files.items()
    }
    for technique in TECHNIQUES:
        for name, shown in [*technique.tables.items(), *technique.figures.items()]:
            found[f"{technique.name}: {name}"] = shown.caption
    return found


@pytest.mark.parametrize("name", captions())
def test_a_caption_is_text_without_mistakes(name: str) -> None:
    # Snakemake takes it as a template first.
    assert "{{" not in captions()[name]
    # Raises an error of what docutils would warn of in the report.
    body = publish_parts(captions()[name], writer="html", settings_overrides={"halt_level": 2})[
        "body"
    ]
    assert len(body) > 40


def test_every_figure_and_table_of_the_paper_has_a_caption() -> None:
    assert set(SHOWN["Paper"]) >= PAPER_FIGURES.keys() | PAPER_TABLES.keys()
