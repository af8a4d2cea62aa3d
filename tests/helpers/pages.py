"""The commands of the documentation: blocks of code that are named sh, page by page."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Before a block, in the page's source.
_EXCUSED = re.compile(r"<!-- not run: (.+) -->")


@dataclass(frozen=True)
class Block:
    """A block of commands.

    Attributes:
        page: path of its page in the repository.
        commands: what a reader types.
        excuse: why no test runs it as it is; none: one does.
        answer: what the page shows of the output, in a block named text right below.
    """

    page: str
    commands: str
    excuse: str | None
    answer: str | None


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of commands of a page, in their order."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(
        r"(?P<before>[^\n]*)\n```sh\n(?P<commands>.*?\n)```\n(?:\n```text\n(?P<answer>.*?\n)```)?",
        text,
        re.S,
    )
    return [
        Block(
            page.relative_to(ROOT).as_posix(),
            block["commands"],
            excuse[1] if (excuse := _EXCUSED.fullmatch(block["before"])) else None,
            block["answer"],
        )
        for block in found
    ]
