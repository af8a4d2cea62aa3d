"""What becomes of an answer, a network's or the ranker's: text, JSON or a picture."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len, set_cell_size

from spacegrouper.figures.shares import percent
from spacegrouper.prediction.descriptions import (
    answer_record,
    facts,
    heading_of_guesses,
    title,
)
from spacegrouper.prediction.list_answers import ListAnswer
from spacegrouper.prediction.list_descriptions import (
    aligned,
    condition_table,
    group_name,
    list_facts,
    list_record,
    list_title,
    operator_table,
)
from spacegrouper.prediction.micrographs import MicrographAnswer
from spacegrouper.prediction.verdicts import list_verdict, micrograph_verdict, network_verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spacegrouper.prediction.answers import Answer
    from spacegrouper.prediction.trained_model import TrainedModel

_BAR = 30  # characters of a probability of 1


@dataclass(frozen=True)
class Said:
    """An answer, or a part of it, in words: what the terminal and the page show alike.

    Args:
        title: of what the words are about.
        verdict: the answer in a sentence, or "".
        above_guesses: what must be said before them, or "".
        guesses: names of the most probable classes, and their probabilities.
        facts: headings and their texts.
        tables: headings and rows, of which the first heads the columns.
        notes: headings and their texts, which come last.
    """

    title: str
    verdict: str = ""
    above_guesses: str = ""
    guesses: Sequence[tuple[str, float]] = ()
    facts: Sequence[tuple[str, str]] = ()
    tables: Sequence[tuple[str, Sequence[Sequence[str]]]] = ()
    notes: Sequence[tuple[str, str]] = ()


def answer_words(
    answer: "Answer | ListAnswer | MicrographAnswer",
    model: "TrainedModel | None",
    threshold: float | None,
) -> list[Said]:
    """Return an answer in words, part by part. `threshold`: as of `undecided`."""
    if isinstance(answer, ListAnswer):
        return [_list_words(answer, threshold)]
    if isinstance(answer, MicrographAnswer):
        return _micrograph_words(answer, threshold)
    assert model is not None
    words = Said(
        title=title(answer),
        verdict=network_verdict(answer, model, threshold),
        above_guesses=heading_of_guesses(answer, model),
        guesses=[(guess.name, guess.probability) for guess in answer.guesses],
        facts=facts(answer, model),
    )
    return [words]


def answer_text(
    answer: "Answer | ListAnswer | MicrographAnswer",
    model: "TrainedModel | None",
    threshold: float | None,
) -> str:
    """Return an answer as lines of text. `threshold`: as of `undecided`."""
    lines = []
    for said in answer_words(answer, model, threshold):
        lines.append(said.title)
        if said.verdict:
            lines.append(f"  {said.verdict}")
        if said.above_guesses:
            lines.append(f"  {said.above_guesses}:")
        lines += _bars(said.guesses)
        lines += [f"  {heading}: {text}" for heading, text in said.facts]
        for heading, table in said.tables:
            lines += [f"  {heading}:", *(f"    {line}" for line in aligned(table))]
        lines += [f"  {heading}: {text}" for heading, text in said.notes]
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
        from spacegrouper.prediction.micrograph_descriptions import micrograph_record

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

        return micrograph_figure(answer, threshold)
    from spacegrouper.prediction.pictures import answer_figure

    assert model is not None
    return answer_figure(answer, model, threshold)


def _micrograph_words(answer: MicrographAnswer, threshold: float | None) -> list[Said]:
    # As slow to import as what measures micrographs.
    from spacegrouper.prediction.micrograph_descriptions import pattern_facts

    indexed = answer.given.indexed or (None,) * len(answer.given.patterns)
    words = [
        Said(measured.micrograph.name, facts=pattern_facts(measured, one))
        for measured, one in zip(answer.given.patterns, indexed, strict=True)
    ]
    if answer.ranked is not None:
        words.insert(0, _list_words(answer.ranked, threshold))
    words[0] = replace(words[0], verdict=micrograph_verdict(answer, threshold))
    limits = [("limit", text) for text in answer.limits]
    return [*words[:-1], replace(words[-1], notes=[*words[-1].notes, *limits])]


def _list_words(answer: ListAnswer, threshold: float | None) -> Said:
    tables = (
        ("rotations of the lattice, in the standard axes", operator_table(answer)),
        ("conditions on reflections, in the standard axes", condition_table(answer)),
    )
    names = [group_name(group) for group in answer.ranking.groups]
    shares = [guess.probability for guess in answer.guesses]
    return Said(
        title=list_title(answer),
        verdict=list_verdict(answer, threshold),
        guesses=list(zip(names, shares, strict=True)),
        facts=[*(("warning", text) for text in answer.ranking.warnings), *list_facts(answer)],
        tables=[(heading, table) for heading, table in tables if len(table) > 1],
        notes=[("note", text) for text in answer.measured.notes],
    )


def _bars(guesses: Sequence[tuple[str, float]]) -> list[str]:
    width = max((cell_len(name) for name, _ in guesses), default=0)
    return [
        f"  {rank}  {set_cell_size(name, width)}  {percent(probability):>7}  "
        + "█" * round(_BAR * probability)
        for rank, (name, probability) in enumerate(guesses, start=1)
    ]
