"""The page of troubles quotes messages that programs really print."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACES = ("src/**/*.py", "scripts/*.py", "workflow/**/*.smk", "Makefile", "*.sh")


def test_every_message_is_in_a_program() -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    rows = [line.split(" | ")[0] for line in page.splitlines() if line.startswith("| ")]
    quoted = [
        text for row in rows if "Snakemake:" not in row for text in re.findall("`(.*?)`", row)
    ]
    programs = "\n".join(
        path.read_text(encoding="utf-8") for place in PLACES for path in ROOT.glob(place)
    )
    # Literals are broken at the ends of lines.
    joined = re.sub(r'"\s*f?"', "", programs)

    assert len(quoted) > 12
    assert [text for text in quoted if text not in joined] == []
