"""Lists of reflections: which files are one input, and what is said of them."""

import gzip
import json

import numpy as np
import pytest
from measured_lists import cell_text, measured_list, write_hkl, write_ins
from structure_files import ROCK_SALT, write_cif

from spacegrouper.crystals.crystal import Rejection
from spacegrouper.errors import UserError
from spacegrouper.prediction.inputs import Asked, answer_inputs, gathered, read_input
from spacegrouper.prediction.list_answers import ListAnswer, MeasuredList, answer_list
from spacegrouper.prediction.list_descriptions import axes_text, list_record, operator_table
from spacegrouper.prediction.outputs import answer_text
from spacegrouper.techniques.reflections.ranking.ranker import read_ranker


@pytest.fixture(scope="module")
def answer() -> ListAnswer:
    found = answer_list(MeasuredList("a.hkl", measured_list(92)), read_ranker(), "molecular")
    assert isinstance(found, ListAnswer)
    return found


def answers_to(*paths, **asked):
    return [
        answer
        for group in gathered(paths, Asked(None, **asked))
        for answer in answer_inputs(read_input(group, Asked(None, **asked)), Asked(None, **asked))
    ]


def test_a_list_and_what_belongs_to_it_are_one_input(tmp_path) -> None:
    measured = measured_list(14)
    one, two = write_hkl(tmp_path / "a.hkl", measured), write_hkl(tmp_path / "b.hkl", measured)
    ins, res = write_ins(tmp_path / "a.ins", measured), write_ins(tmp_path / "x.res", measured)
    structure = write_cif(tmp_path / "b.cif", ROCK_SALT)
    no_network = Asked(None)
    assert gathered([ins, one], no_network) == [(one, ins)]
    assert gathered([one, res], no_network) == [(one, res)]  # the only list
    assert gathered([one, two, res, ins], no_network) == [(one, ins), (two,), (res,)]
    assert gathered([two, structure], no_network) == [(two, structure)]
    packed = tmp_path / "c.hkl.gz"
    packed.write_bytes(gzip.compress(one.read_bytes()))
    beside = write_ins(tmp_path / "c.ins", measured)
    assert gathered([one, packed, beside], no_network) == [(one,), (packed, beside)]
    with pytest.raises(UserError, match=r"--cell is that of one list .* 2 lists and 0 micrographs"):
        gathered([one, two], Asked(None, cell="5,5,5,90,90,90"))
    with pytest.raises(UserError, match="--prior is for lists of reflections and micrographs"):
        gathered([structure], Asked(None, prior="molecular"))


def test_inputs_are_answered_without_a_named_network_or_refused_in_a_line(tmp_path) -> None:
    measured = measured_list(14)
    beside = write_hkl(tmp_path / "a.hkl", measured)
    write_ins(tmp_path / "a.ins", measured)
    alone = write_hkl(tmp_path / "b.hkl", measured)
    (answer,) = answers_to(beside)
    assert answer.guesses[0].value == 14
    assert f"{tmp_path / 'a.ins'} is beside the list" in answer.measured.notes[0]
    (again,) = answers_to(alone, cell=cell_text(measured), prior="molecular")
    assert again.guesses[0].value == 14
    assert again.ranking.prior == "molecular"
    np.testing.assert_allclose(again.ranking.groups[0].cell, answer.ranking.groups[0].cell)
    (no_cell,) = answers_to(alone)
    assert "no unit cell; give the .ins" in no_cell.reason
    structure = write_cif(tmp_path / "nacl.cif", ROCK_SALT)
    powder = tmp_path / "powder.xy"
    powder.write_text("10.0 5\n10.1 6\n10.2 9\n")
    twins = tmp_path / "twins.hkl"
    twins.write_text("   1   0   0   10.00    1.00  -2\n   0   1   0   10.00    1.00   1\n" * 20)
    (shipped,) = answers_to(structure)
    assert shipped.guesses[0].value == 225
    found = answers_to(tmp_path, powder, twins, tmp_path / "none")
    found += answers_to(tmp_path / "a.ins")
    assert all(isinstance(one, Rejection) for one in found)
    reasons = (
        "a folder of patterns holds x.png, y.png and z.png",
        "3 points, but a diffractogram has at least 100",
        "twin",
        "no such file",
        "SHELX's instructions; give the list of reflections too",
    )
    for rejected, reason in zip(found, reasons, strict=True):
        assert reason in rejected.reason
        assert "\n" not in rejected.reason


def test_a_cif_file_with_a_structure_too_is_a_list_only_where_no_network_is_asked(tmp_path) -> None:
    measured = measured_list(14)
    path = write_cif(tmp_path / "both.cif", ROCK_SALT)
    hkl = write_hkl(tmp_path / "list", measured).read_text()
    text = path.read_text()
    cell = "".join(
        f"_cell_{name} {value:.4f}\n"
        for name, value in zip(
            ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma"),
            measured.cell,
            strict=True,
        )
    )
    without = "\n".join(line for line in text.splitlines() if not line.startswith("_cell_"))
    path.write_text(f"{without}\n{cell}_shelx_hkl_file\n;\n{hkl};\n")
    (answer,) = answers_to(path)
    assert answer.guesses[0].value == 14
    assert "the file has a structure too" in answer.measured.notes[-1]


def test_the_text_begins_with_the_verdict_and_shows_the_evidence(answer: ListAnswer) -> None:
    lines = answer_text(answer, None, None).splitlines()
    assert lines[0].startswith("a.hkl: ")
    assert lines[1].startswith("  P4₁2₁2 (92) or P4₃2₁2 (96), ")
    assert lines[1].endswith("; diffraction tells them by symmetry from all others.")
    assert lines[2].split()[:2] == ["1", "92"]
    text = "\n".join(lines)
    assert "  prior: molecular: space groups about as frequent as in the Cambridge" in text
    assert "  Laue class: 4/mmm, " in text
    rows = [" ".join(line.split()) for line in lines]
    assert any(row.startswith("4-fold along [0 0 1] yes 0.9") for row in rows)
    assert any(row.startswith("00l l = 4n yes ") and row.split()[6] == "0" for row in rows)
    undecided = answer_text(answer, None, 1.0).splitlines()
    assert undecided[1].startswith("  Not decided: 92 P4₁2₁2 or 96 P4₃2₁2 has ")


def test_the_record_is_json_that_says_how_the_standard_cell_is_made(answer: ListAnswer) -> None:
    record = json.loads(json.dumps(list_record(answer, 1.0), allow_nan=False))
    best = record["answers"][0]
    assert (best["class"], best["enantiomorph"], best["laue_class"]) == (92, 96, "4/mmm")
    # Lengths and angles of the axes as stated, from the given cell alone.
    a, b, c, alpha, beta, gamma = record["list"]["cell"]
    cosines = np.cos(np.radians([alpha, beta, gamma]))
    metric = np.outer([a, b, c], [a, b, c]) * np.array(
        [[1, cosines[2], cosines[1]], [cosines[2], 1, cosines[0]], [cosines[1], cosines[0], 1]]
    )
    axes = np.array(best["standard_axes"])
    np.testing.assert_allclose(
        np.sqrt(np.diag(axes @ metric @ axes.T)), best["standard_cell"][:3], rtol=1e-6
    )
    assert best["standard_cell"][0] == pytest.approx(best["standard_cell"][1], rel=0.01)
    assert record["decision"]["decided"] is False
    assert record["extinction_class"]["space_groups"] == [92, 96]
    evidence = record["evidence"]
    assert {operator["order"] for operator in evidence["operators"]} == {2, 4}
    screw = next(one for one in evidence["conditions"] if one["condition"] == "l = 4n")
    assert (screw["reflections"], screw["in_group"], screw["breaking_above_3_sigma"]) == (
        "00l",
        True,
        0,
    )
    assert screw["breaking"] > 3
    # A rotation and its inverse are one row, under the heading.
    assert len(operator_table(answer)) == 1 + 6
    assert len(evidence["operators"]) == 7


@pytest.mark.parametrize(
    ("matrix", "text"),
    [
        (np.eye(3), "a' = a, b' = b, c' = c"),
        ([[1, 0, 1], [0, -1, 0], [-2, 0, 0]], "a' = a + c, b' = -b, c' = -2a"),
        ([[0.5, 0.5, 0], [0, 1, 0], [-1 / 3, 0, 2 / 3]],
         "a' = 1/2 a + 1/2 b, b' = b, c' = -1/3 a + 2/3 c"),
    ],
)  # fmt: skip
def test_axes_are_written_as_sums(matrix, text: str) -> None:
    assert axes_text(np.array(matrix, dtype=float)) == text
