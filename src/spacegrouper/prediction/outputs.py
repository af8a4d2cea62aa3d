"""What becomes of an answer, a network's or the ranker's: text, JSON or a picture."""

from typing import TYPE_CHECKING, Any

from spacegrouper.prediction.descriptions import answer_record, facts, title
from spacegrouper.prediction.guesses import Guess, percent
from spacegrouper.prediction.list_answers import ListAnswer
from spacegrouper.prediction.list_descriptions import (
    aligned,
    condition_table,
    group_name,
    list_facts,
    list_record,
    list_title,
    operator_table,
    verdict,
)
from spacegrouper.prediction.micrograph_answers import MicrographAnswer
from spacegrouper.prediction.micrograph_descriptions import micrograph_record, pattern_facts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spacegrouper.prediction.answers import Answer
    from spacegrouper.prediction.trained_model import TrainedModel

_BAR = 30  # characters of a probability of 1


def answer_text(
    answer: "Answer | ListAnswer | MicrographAnswer",
    model: "TrainedModel | None",
    threshold: float | None,
) -> str:
    """Return an answer as lines of text. `threshold`: as of `undecided`."""
    if isinstance(answer, ListAnswer):
        lines = _list_lines(answer, threshold)
    elif isinstance(answer, MicrographAnswer):
        lines = _micrograph_lines(answer, threshold)
    else:
        assert model is not None
        lines = [title(answer), *_bars(answer.guesses, [guess.name for guess in answer.guesses])]
        lines += [f"  {heading}: {text}" for heading, text in facts(answer, model, threshold)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def answer_json(
    answer: "Answer | ListAnswer | MicrographAnswer",
    model: "TrainedModel | None",
    threshold: float | None,
) -> dict[str, Any]:
    """Return an answer as JSON."""
    if isinstance(answer, ListAnswer):
        return list_record(answer, threshold)
    if isinstance(answer, MicrographAnswer):
        return micrograph_record(answer, threshold)
    assert model is not None
    return answer_record(answer, model, threshold)


def answer_picture(
    answer: "Answer | ListAnswer | MicrographAnswer",
    model: "TrainedModel | None",
    threshold: float | None,
) -> "Figure":
    """Draw an answer."""
    # Only for whoever wants pictures.
    if isinstance(answer, ListAnswer):
        from spacegrouper.prediction.list_pictures import list_figure

        return list_figure(answer, threshold)
    if isinstance(answer, MicrographAnswer):
        from spacegrouper.prediction.micrograph_pictures import micrograph_figure

        return micrograph_figure(answer)
    from spacegrouper.prediction.pictures import answer_figure

    assert model is not None
    return answer_figure(answer, model, threshold)


def _micrograph_lines(answer: MicrographAnswer, threshold: float | None) -> list[str]:
    lines = []
    indexed = answer.given.indexed or (None,) * len(answer.given.patterns)
    for measured, one in zip(answer.given.patterns, indexed, strict=True):
        lines.append(measured.micrograph.name)
        lines += [f"  {heading}: {text}" for heading, text in pattern_facts(measured, one)]
    if answer.ranked is not None:
        lines += _list_lines(answer.ranked, threshold)
    return lines + [f"  limit: {text}" for text in answer.limits]


def _list_lines(answer: ListAnswer, threshold: float | None) -> list[str]:
    names = [group_name(group) for group in answer.ranking.groups]
    lines = [list_title(answer), f"  {verdict(answer, threshold)}", *_bars(answer.guesses, names)]
    rows = [*(("warning", text) for text in answer.ranking.warnings), *list_facts(answer)]
    lines += [f"  {heading}: {text}" for heading, text in rows]
    for heading, table in (
        ("rotations of the lattice, in the standard axes", operator_table(answer)),
        ("conditions on reflections, in the standard axes", condition_table(answer)),
    ):
        if len(table) > 1:
            lines += [f"  {heading}:", *(f"    {line}" for line in aligned(table))]
    return lines + [f"  note: {text}" for text in answer.measured.notes]


def _bars(guesses: tuple[Guess, ...], names: list[str]) -> list[str]:
    width = max(map(len, names))
    return [
        f"  {rank}  {name:{width}}  {percent(guess.probability):>7}  "
        + "█" * round(_BAR * guess.probability)
        for rank, (guess, name) in enumerate(zip(guesses, names, strict=True), start=1)
    ]
