"""Answers for one input: a structure, patterns, micrographs, a diffractogram or a list."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacegrouper.api.patterns import PatternSet
from spacegrouper.api.structures import StandardCrystal
from spacegrouper.crystals.crystal import Rejection
from spacegrouper.errors import UserError
from spacegrouper.figures.toolkit import png_of
from spacegrouper.prediction.inputs import Asked, Input, answer_inputs, gathered, read_input
from spacegrouper.prediction.list_answers import ListAnswer
from spacegrouper.prediction.micrographs import MicrographAnswer
from spacegrouper.prediction.outputs import answer_json, answer_picture, answer_text
from spacegrouper.prediction.pattern_files import Patterns
from spacegrouper.techniques.reflections.ranking.priors import USUAL, Prior

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spacegrouper.prediction.answers import Answer
    from spacegrouper.prediction.trained_model import TrainedModel


@dataclass(frozen=True)
class Prediction:
    """An answer, which shows itself as text and as a picture.

    Args:
        answer: of a network, or of the ranker of reflection lists.
        model: the network; none: the ranker.
        threshold: the probability below which nothing is decided.
    """

    answer: "Answer | ListAnswer | MicrographAnswer"
    model: "TrainedModel | None"
    threshold: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return the answer as in the JSON of scripts/predict.py (docs/prediction.md)."""
        return answer_json(self.answer, self.model, self.threshold)

    def draw(self) -> "Figure":
        """Draw what was measured, and the answer."""
        return answer_picture(self.answer, self.model, self.threshold)

    def __repr__(self) -> str:
        return answer_text(self.answer, self.model, self.threshold)

    def _repr_html_(self) -> str:
        # Fonts of equal width put a combining bar above the letter behind it.
        bar = r'<span style="text-decoration: overline">\1</span>'
        return "<pre>" + re.sub("(.)\u0305", bar, escape(repr(self))) + "</pre>"

    def _repr_png_(self) -> bytes:
        return png_of(self.draw())


def predict(
    what: StandardCrystal | PatternSet | str | Path | Sequence[str | Path],
    model: str | Path | None = None,
    *,
    wavelength: float | None = None,
    cell: str | None = None,
    prior: Prior = USUAL,
    threshold: float | None = None,
    pixel_size: float | None = None,
) -> Prediction:
    """Name the space group of a crystal.

    Args:
        what: as `read` or `simulate` returns it, or the path of anything that scripts/predict.py
            takes; a list of reflections and its .ins file are a list of two paths, and so are
            micrographs of one crystal.
        model: folder of a trained network, or of its run; by default structures, patterns and
            diffractograms are shown to those that ship, and lists of reflections need none.
        wavelength: of a diffractogram whose file lacks it, Angstrom.
        cell: of a list of reflections, `"a,b,c,alpha,beta,gamma"`, where no file says it, or of
            micrographs.
        prior: how frequent space groups are, for lists of reflections and micrographs.
        threshold: the probability below which an answer is "not decided".
        pixel_size: of micrographs whose files lack it, 1/Angstrom.

    Returns:
        The answer.

    Raises:
        UserError: an input that cannot be used, or that holds several crystals; or patterns
            simulated otherwise than those that the network was trained on.
    """
    # Only for networks.
    from spacegrouper.prediction.trained_model import load_trained_model

    trained = load_trained_model(Path(model)) if model is not None else None
    asked = Asked(trained, wavelength, cell, prior, pixel_size=pixel_size)
    if isinstance(what, StandardCrystal | PatternSet):
        gathered([], asked)  # refuses options of files
    if isinstance(what, StandardCrystal):
        inputs: list[Input] = [what.crystal]
        name = what.crystal.id
    elif isinstance(what, PatternSet):
        name = what.crystal.crystal.id
        _check_simulated_alike(what, asked)
        inputs = [Patterns(name, what.raw)]
    else:
        paths = [Path(what)] if isinstance(what, str | Path) else list(map(Path, what))
        name = " ".join(map(str, paths))
        inputs = [item for each in gathered(paths, asked) for item in read_input(each, asked)]
    answers = list(answer_inputs(inputs, asked))
    if len(answers) != 1:
        raise UserError(f"{name}: {len(answers)} crystals; give one")
    if isinstance(answers[0], Rejection):
        raise UserError(f"{answers[0].id}: {answers[0].reason}")
    return Prediction(answers[0], asked.network_of(answers[0]), threshold)


def _check_simulated_alike(patterns: PatternSet, asked: Asked) -> None:
    """Refuse patterns that were simulated otherwise than those that the network knows."""
    trained_on = asked.network_for_patterns.settings.simulate.model_dump(mode="json")
    given = patterns.settings.model_dump(mode="json")
    differing = {name: value for name, value in trained_on.items() if value != given[name]}
    if differing:
        needed = ", ".join(f"{name}={value!r}" for name, value in differing.items())
        raise UserError(
            "predict(): the patterns are simulated otherwise than those that the network was "
            f"trained on; give simulate() {needed}"
        )
