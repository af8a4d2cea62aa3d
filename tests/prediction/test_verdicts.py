from dataclasses import replace

import numpy as np
import pytest

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.evaluation.distance import TrainingDistance
from spacegrouper.prediction.answers import Answer
from spacegrouper.prediction.guesses import Guess
from spacegrouper.prediction.trained_model import TrainedModel
from spacegrouper.prediction.verdicts import chance, network_verdict


def answer(*named: tuple[int, str, float], spacegroup: int | None = None) -> Answer:
    """An answer to patterns, or to a structure of a space group."""
    metadata = {"spacegroup": spacegroup}
    guesses = tuple(Guess(*guess) for guess in named)
    crystal = Crystal("a", np.eye(3), ("Cs",), np.zeros((1, 3)), metadata) if spacegroup else None
    return Answer(
        name="a",
        guesses=guesses,
        between=guesses,
        crystal_system=None,
        extinction_class=None,
        crystal=crystal,
        arrays={},
        seen=(),
    )


SALT = (225, "225 Fm3\u0305m", 0.917)


@pytest.mark.parametrize(
    ("named", "spacegroup", "sentence"),
    [
        (
            SALT,
            225,
            "Fm3\u0305m (225), very likely; diffraction cannot tell it by symmetry from F432 and "
            "F4\u03053m.",
        ),
        (
            (14, "14 P2₁/c", 0.7),
            None,
            "P2₁/c (14), likely; diffraction tells it by symmetry from all others.",
        ),
        # The absences of Pn2₁a, another setting of Pna2₁, are those of Pnma.
        (
            (62, "62 Pnma", 0.95),
            None,
            "Pnma (62), very likely; diffraction cannot tell it by symmetry from Pna2₁.",
        ),
        (
            SALT,
            216,
            "Fm3\u0305m (225), very likely, by diffraction patterns alone; but spglib finds "
            "F4\u03053m (216) in the structure, which diffraction cannot tell from it by symmetry.",
        ),
        (
            (221, "221 Pm3\u0305m", 0.5),
            225,
            "Pm3\u0305m (221), more likely than not, by diffraction patterns alone; but spglib "
            "finds Fm3\u0305m (225) in the structure, another one.",
        ),
    ],
)
def test_the_first_sentence_is_the_answer(model: TrainedModel, named, spacegroup, sentence) -> None:
    knowing = with_classes(model, [14, 62, 216, 221, 225])
    assert network_verdict(answer(named, spacegroup=spacegroup), knowing) == sentence


def with_classes(model: TrainedModel, classes: list[int]) -> TrainedModel:
    return replace(model, labels=replace(model.labels, classes=np.array(classes)))


def test_mirror_images_are_one_answer(model: TrainedModel) -> None:
    quartz = answer((152, "152 P3₁21", 0.6), (154, "154 P3₂21", 0.35), spacegroup=154)
    assert network_verdict(quartz, with_classes(model, [152, 154])) == (
        "P3₁21 (152) or P3₂21 (154), very likely; "
        "diffraction tells them by symmetry from all others."
    )
    network = with_classes(model, [152, 154])
    assert network_verdict(quartz, network, 0.9) == network_verdict(quartz, network)
    assert network_verdict(quartz, network, 0.96).startswith("Not decided: 152 P3₁21 or 154 P3₂21")


def test_mirror_images_come_first_together(model: TrainedModel) -> None:
    pair = (Guess(152, "152 P3₁21", 0.35), Guess(154, "154 P3₂21", 0.25))
    quartz = replace(answer((62, "62 Pnma", 0.4)), between=(*pair, Guess(62, "62 Pnma", 0.4)))
    assert network_verdict(quartz, with_classes(model, [62, 152, 154])).startswith(
        "P3₁21 (152) or P3₂21 (154), more likely than not;"
    )


def test_a_space_group_that_the_network_does_not_know_comes_before_all_else(
    model: TrainedModel,
) -> None:
    far = replace(model, training_distance=TrainingDistance(np.eye(6), 0.5))
    unknown = replace(answer(SALT, spacegroup=191), distance=0.75)
    expected = "This network does not know P6/mmm (191), which spglib finds in the structure: "
    for network, threshold in ((model, None), (far, None), (model, 0.99)):
        assert network_verdict(unknown, network, threshold).startswith(expected)


def test_what_is_not_to_be_trusted_is_not_called_likely(model: TrainedModel) -> None:
    far = replace(model, training_distance=TrainingDistance(np.eye(6), 0.5))
    uncalibrated = replace(model, temperature=None)
    for sentence in (
        network_verdict(replace(answer(SALT), distance=0.75), far),
        network_verdict(answer(SALT), uncalibrated),
        network_verdict(answer(SALT), model, 0.95),
    ):
        assert "Fm3\u0305m" in sentence
        assert "likely" not in sentence


def test_classes_that_are_no_space_groups_are_named_alone(model: TrainedModel) -> None:
    named = replace(model, labels=replace(model.labels, label="crystal_system"))
    assert network_verdict(answer(("cubic", "cubic", 1.0)), named) == "cubic, almost certain."


def test_small_probabilities_are_numbers() -> None:
    assert chance(0.312) == "but at 31.2 % only"
    assert [chance(share) for share in (0.5, 0.66, 0.9, 0.99)] == [
        "more likely than not",
        "likely",
        "very likely",
        "almost certain",
    ]
