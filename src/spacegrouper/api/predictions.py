"""Answers of a trained network."""

from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

from spacegrouper.api.structures import StandardCrystal
from spacegrouper.crystals.crystal import Rejection
from spacegrouper.errors import UserError
from spacegrouper.prediction.answers import Answer, answer_crystals
from spacegrouper.prediction.descriptions import answer_record, facts, percent, title
from spacegrouper.prediction.inputs import answer_inputs, read_input
from spacegrouper.prediction.pictures import answer_figure
from spacegrouper.prediction.trained_model import TrainedModel, load_trained_model


@dataclass(frozen=True)
class Prediction:
    """What a network says of a crystal.

    Args:
        answer: the most probable classes, and what the network saw.
        model: the network.
    """

    answer: Answer
    model: TrainedModel

    def as_dict(self) -> dict[str, Any]:
        """Return the answer as in the JSON of scripts/predict.py (docs/prediction.md)."""
        return answer_record(self.answer, self.model)

    def __repr__(self) -> str:
        first = self.answer.guesses[0]
        return f"<{title(self.answer)}: {first.name}, {percent(first.probability)}>"

    def _repr_html_(self) -> str:
        rows = [(guess.name, percent(guess.probability)) for guess in self.answer.guesses]
        rows += facts(self.answer, self.model)
        cells = "".join(f"<tr><td>{escape(a)}</td><td>{escape(b)}</td></tr>" for a, b in rows)
        return f"<table><caption>{escape(title(self.answer))}</caption>{cells}</table>"

    def _repr_png_(self) -> bytes:
        content = BytesIO()
        answer_figure(self.answer, self.model).savefig(content, format="png")
        return content.getvalue()


def predict(crystal: StandardCrystal | str | Path, model: str | Path) -> Prediction:
    """Name the space group of a crystal with a trained network.

    Args:
        crystal: as `read` returns it, or the path of anything that scripts/predict.py takes.
        model: folder of the network, or of its run.

    Returns:
        The answer.

    Raises:
        UserError: an input that cannot be used, or that holds several crystals.
    """
    trained = load_trained_model(Path(model))
    if isinstance(crystal, StandardCrystal):
        answers = answer_crystals([crystal.crystal], trained, threads=1)
    else:
        answers = list(answer_inputs(read_input(Path(crystal), trained), trained, threads=1))
    if len(answers) != 1:
        raise UserError(f"{crystal}: {len(answers)} crystals; give one")
    if isinstance(answers[0], Rejection):
        raise UserError(f"{answers[0].id}: {answers[0].reason}")
    return Prediction(answers[0], trained)
