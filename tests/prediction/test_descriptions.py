from dataclasses import replace

import numpy as np
import pytest

from spacegrouper.contract.measured_files import AlikeCrystal
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.evaluation.distance import TrainingDistance
from spacegrouper.prediction.answers import Answer
from spacegrouper.prediction.descriptions import answer_record, facts, model_record, title
from spacegrouper.prediction.guesses import Guess
from spacegrouper.prediction.outputs import answer_words
from spacegrouper.prediction.trained_model import TrainedModel
from spacegrouper.prediction.verdicts import network_verdict


def crystal(species: str, spacegroup: int) -> Crystal:
    symbols = tuple(species.split())
    metadata = {
        "spacegroup": spacegroup,
        "crystal_system": "cubic",
        "prototype": "A_cP1_221_a",
        "space_groups_within": {0.01: None, 0.001: 99, 0.1: spacegroup},
    }
    return Crystal("a.cif", np.eye(3), symbols, np.zeros((len(symbols), 3)), metadata)


@pytest.fixture
def answer() -> Answer:
    return Answer(
        name="a.cif",
        guesses=(Guess(221, "221 Pm3\u0305m", 0.75), Guess(207, "207 P432", 0.125)),
        between=(Guess(221, "221 Pm3\u0305m", 0.75), Guess(207, "207 P432", 0.1875)),
        crystal_system=("cubic", 0.9375),
        extinction_class=((207, 215, 221), 0.875),
        crystal=crystal("Cs Cl", 221),
        arrays={},
        seen=(),
    )


def test_records_hold_what_the_documentation_says(answer: Answer, model: TrainedModel) -> None:
    assert answer_record(answer, model) == {
        "input": "a.cif",
        "answers": [
            {"rank": 1, "class": 221, "symbol": "Pm-3m", "probability": 0.75},
            {"rank": 2, "class": 207, "symbol": "P432", "probability": 0.125},
        ],
        "calibrated": True,
        "decision": None,
        "training_distance": None,
        "crystal_system": {"name": "cubic", "probability": 0.9375},
        "extinction_class": {"space_groups": [207, 215, 221], "probability": 0.875},
        "warnings": [],
        "alike": [],
        "notes": [],
        "structure": {
            "formula": "CsCl",
            "sites": 2,
            "prototype": "A_cP1_221_a",
            "spglib": {
                "spacegroup": 221,
                "symbol": "Pm-3m",
                "crystal_system": "cubic",
                "extinction_class": [207, 215, 221],
                "symprec": 0.1,
                "known_to_network": True,
                "within": [
                    {"symprec": 0.001, "spacegroup": 99, "symbol": "P4mm"},
                    {"symprec": 0.01, "spacegroup": None, "symbol": None},
                    {"symprec": 0.1, "spacegroup": 221, "symbol": "Pm-3m"},
                ],
            },
            "stated_spacegroup": None,
        },
    }
    assert model_record(model) == {
        "folder": str(model.folder),
        "label": "spacegroup",
        "classes": [166, 194, 207, 215, 221, 225],
        "technique": "patterns",
        "descriptor": "shaped",
        "calibrated": True,
        "temperature": 1.5,
    }


def test_people_read_the_same(answer: Answer, model: TrainedModel) -> None:
    assert title(answer) == "a.cif: CsCl, 2 atoms in the cell"
    assert facts(answer, model) == [
        ("spglib within 0.001 Å", "99 P4mm"),
        ("spglib within 0.01 Å", "no symmetry found"),
        (
            "spglib within 0.1 Å",
            "221 Pm3\u0305m, cubic, which is how the network was shown it",
        ),
        ("the file states", "no space group"),
        (
            "diffraction alone",
            "207 P432, 215 P4\u03053m or 221 Pm3\u0305m, alike in symmetry and extinctions, 87.5 %",
        ),
        ("crystal system", "cubic, 93.8 %"),
        ("probabilities", "calibrated, at temperature 1.50"),
    ]


def test_known_crystals_that_a_measurement_is_like_are_named(
    answer: Answer, model: TrainedModel
) -> None:
    cell = (4.12, 4.12, 4.12, 90.0, 90.0, 90.0)
    alike = AlikeCrystal("mp-1", "Cs2Cl2", 221, 0.934, cell)
    measured = replace(answer, crystal=None, measured=True, alike=(alike,))
    shown = dict(facts(measured, model))
    assert shown["like"] == (
        "Cs₂Cl₂ (mp-1), 221 Pm3\u0305m, likeness 0.93; cell refined to 4.120, 4.120, 4.120 Å, "
        "90.00, 90.00, 90.00°"
    )
    assert shown["probabilities"].startswith("of the network and the known crystals together")
    record = answer_record(measured, model)
    assert record["alike"] == [
        {
            "name": "mp-1",
            "formula": "Cs2Cl2",
            "space_group": 221,
            "likeness": 0.934,
            "cell": cell,
        }
    ]
    assert record["calibrated"]

    odd = replace(measured, warning="like no known crystal")
    assert facts(odd, model)[0] == ("warning", "like no known crystal")
    assert not answer_record(odd, model)["calibrated"]
    assert answer_record(odd, model)["warnings"] == ["like no known crystal"]
    assert network_verdict(odd, model).startswith(
        "Not certain at all, as this is unlike all that is known: Pm3\u0305m (221)"
    )

    # A known crystal may well be alike: one broad peak is like another.
    wide = replace(measured, differs="its peaks are wide")
    assert facts(wide, model)[0] == ("warning", "its peaks are wide")
    assert not answer_record(wide, model)["calibrated"]
    assert network_verdict(wide, model).startswith(
        "Not certain at all, as this is unlike all that the network was trained on: Pm3\u0305m ("
    )
    both = replace(odd, differs="its peaks are wide")
    assert answer_record(both, model)["warnings"] == ["its peaks are wide", "like no known crystal"]
    assert [text for heading, text in facts(both, model) if heading == "warning"] == [
        "its peaks are wide",
        "like no known crystal",
    ]


def test_nothing_is_said_to_be_calibrated_of_a_space_group_that_the_network_cannot_name(
    answer: Answer, model: TrainedModel
) -> None:
    unknown = replace(answer, crystal=crystal("Cs Cl", 230))
    (said,) = answer_words(unknown, model, None)
    assert said.verdict.startswith("This network does not know Ia3\u0305d (230)")
    assert said.above_guesses.startswith("Nearest of the 6 that it knows")
    shown = dict(said.facts)
    assert shown["crystal system"] == "cubic, 93.8 % of its answer"
    assert shown["diffraction alone"].endswith(", 87.5 % of its answer")
    assert shown["probabilities"].startswith("none of the right space group")
    record = answer_record(unknown, model)
    assert record["calibrated"] is False
    assert record["structure"]["spglib"]["known_to_network"] is False
    assert answer_words(answer, model, None)[0].above_guesses == ""


def test_the_space_group_of_the_file_stands_beside_what_is_found(
    answer: Answer, model: TrainedModel
) -> None:
    found = crystal("Cs Cl", 221)
    found.metadata["stated_spacegroup"] = 99
    other = replace(answer, crystal=found)
    assert dict(facts(other, model))["the file states"] == "99 P4mm"
    assert answer_record(other, model)["structure"]["stated_spacegroup"] == 99


def test_patterns_have_no_structure(answer: Answer, model: TrainedModel) -> None:
    alone = replace(answer, crystal=None)
    assert title(alone) == "a.cif"
    assert [heading for heading, _ in facts(alone, model)] == [
        "extinction class",
        "crystal system",
        "probabilities",
    ]
    assert answer_record(alone, model)["structure"] is None
    uncalibrated = replace(model, temperature=None)
    assert "not calibrated" in dict(facts(alone, uncalibrated))["probabilities"]


def test_an_answer_below_the_threshold_is_not_decided(answer: Answer, model: TrainedModel) -> None:
    assert answer_record(answer, model, 0.75)["decision"]["decided"]
    assert answer_record(answer, model, 0.76)["decision"] == {
        "threshold": 0.76,
        "decided": False,
        "between": [
            {"class": 221, "probability": 0.75},
            {"class": 207, "probability": 0.1875},
        ],
    }
    assert answer_words(answer, model, 0.76)[0].verdict == (
        "Not decided: 221 Pm3\u0305m has 75.0 %, below the threshold 76.0 %; "
        "it lies between 221 Pm3\u0305m and 207 P432, 93.8 % together."
    )


def test_what_is_far_from_the_training_set_is_a_warning(
    answer: Answer, model: TrainedModel
) -> None:
    known = replace(model, training_distance=TrainingDistance(np.eye(6), 0.5))
    near, far = replace(answer, distance=0.5), replace(answer, distance=0.75)
    assert "warning" not in dict(facts(near, known))
    assert answer_record(near, known)["training_distance"]["far"] is False
    assert (answer_record(near, known)["calibrated"], answer_record(far, known)["calibrated"]) == (
        True,
        False,
    )
    heading, text = facts(far, known)[0]
    assert heading == "warning"
    assert text.startswith("unlike the crystals that the network was trained on")
    assert answer_record(far, known)["training_distance"] == {
        "distance": 0.75,
        "limit": 0.5,
        "far": True,
    }
    assert "warning" not in dict(facts(far, model))
