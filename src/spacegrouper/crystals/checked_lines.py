"""Lines of crystals as people give them, checked and passed on as lines of our own."""

import logging
from collections.abc import Container, Iterable, Iterator
from itertools import chain, islice, tee

from spacegrouper.crystals.crystal import Rejection
from spacegrouper.crystals.json_lines import digest_of, id_of, is_laid_out, line_of, parse_line
from spacegrouper.crystals.processes import map_in_order

log = logging.getLogger(__name__)

# Lines that one process has done before another has started.
_FEW = 4000


def checked_lines(
    lines: Iterable[bytes], known: Container[bytes], processes: int
) -> Iterator[tuple[str, bytes] | Rejection]:
    """Yield the ids and lines of crystals in their order, and rejections of what is none.

    Lines are parsed, in so many processes, unless their digests are known. Those that are laid out
    as ours stay as they are, so that a next release knows them. Blank lines are passed over.

    Args:
        lines: of a file, the first of which is line 1.
        known: digests of lines that came out of this before, as `digest_of` makes them.
        processes: that share the work.
    """
    blank = 0

    def looked_at() -> Iterator[tuple[int, bytes, bool]]:
        nonlocal blank
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, line, digest_of(line) in known
            else:
                blank += 1

    found = looked_at()
    first = list(islice(found, _FEW))
    given, sent = tee(chain(first, found))
    # An empty task takes the place of a line that needs no work, so that the order stays.
    tasks = (None if is_known else (number, line) for number, line, is_known in sent)
    checked = map_in_order(_checked, tasks, processes if len(first) == _FEW else 1)
    for (number, line, is_known), result in zip(given, checked, strict=True):
        yield (id_of(line, number), line) if is_known or result is None else result
    if blank:
        log.info("%d blank lines passed over", blank)


def _checked(task: tuple[int, bytes] | None) -> tuple[str, bytes] | Rejection | None:
    if task is None:
        return None
    number, line = task
    record = parse_line(line, number)
    if isinstance(record, Rejection):
        return record
    return record.id, line if is_laid_out(line) else line_of(record)
