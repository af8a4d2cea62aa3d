import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from diffractogram_files import columns, powder_cif, xrdml
from measured_lists import cell_text, measured_list, write_hkl
from PIL import Image
from structure_files import CAESIUM_CHLORIDE, ROCK_SALT, write_cif
from tiny_model import write_tiny_model

from spacegrouper.contract.measured_files import Measured
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.errors import UserError
from spacegrouper.prediction.answers import Answer
from spacegrouper.prediction.descriptions import answer_record, facts
from spacegrouper.prediction.inputs import Asked, answer_inputs, gathered, read_input, read_views
from spacegrouper.prediction.list_answers import MeasuredList
from spacegrouper.prediction.pattern_files import Patterns
from spacegrouper.prediction.pictures import answer_figure
from spacegrouper.prediction.trained_model import TrainedModel, load_trained_model
from spacegrouper.settings import make_settings

RUTILE = Path(__file__).parents[2] / "src/spacegrouper/prediction/examples/rutile"


def test_inputs_of_all_kinds_are_answered_in_their_order(
    tmp_path: Path, model: TrainedModel
) -> None:
    asked = Asked(model, threads=2)
    structures = [
        write_cif(tmp_path / f"{name}.cif", structure)
        for name, structure in (("cscl", CAESIUM_CHLORIDE), ("nacl", ROCK_SALT))
    ]
    expected = {}
    for path in structures:
        (answer,) = answer_inputs(read_input([path], asked), asked)
        assert isinstance(answer, Answer)
        expected[path.stem] = answer
    views = [tmp_path / f"{view}.png" for view in "xyz"]
    for path, pattern in zip(views, expected["nacl"].arrays["raw"], strict=True):
        Image.fromarray(pattern).save(path)
    np.save(tmp_path / "cscl.npy", expected["cscl"].arrays["raw"])
    inputs = [
        read_views(views, asked),
        *read_input([structures[0]], asked),
        *read_input([tmp_path / "none.cif"], asked),
        *read_input([tmp_path / "cscl.npy"], asked),
        *read_input([tmp_path / "none.npy"], asked),
        read_views([*views[:2], tmp_path / "none.png"], asked),
        *read_input([structures[1]], asked),
        *read_input([tmp_path], asked),
    ]
    answers = list(answer_inputs(inputs, asked))
    kinds = ["nacl", "cscl", None, "cscl", None, None, "nacl", "nacl"]
    for answer, kind in zip(answers, kinds, strict=True):
        if kind is None:
            assert isinstance(answer, Rejection)
        else:
            assert isinstance(answer, Answer)
            # A batch of another size may round the last bits differently.
            found, wanted = (
                [guess.probability for guess in a.guesses] for a in (answer, expected[kind])
            )
            assert np.allclose(found, wanted, rtol=1e-5)
    rejections = [answer for answer in answers if isinstance(answer, Rejection)]
    assert [rejection.id for rejection in rejections] == [
        str(tmp_path / "none.cif"),
        str(tmp_path / "none.npy"),
        f"{views[0]} {views[1]} {tmp_path / 'none.png'}",
    ]
    assert not rejections[1].reason.startswith(str(tmp_path))


def test_more_inputs_than_a_batch_holds_are_all_answered(model: TrainedModel) -> None:
    inputs = [
        Patterns(str(number), np.full((3, 256, 256), number, dtype=np.uint8) * (np.eye(256) > 0))
        for number in range(33)
    ]
    answers = [
        answer for answer in answer_inputs(inputs, Asked(model)) if isinstance(answer, Answer)
    ]
    assert [answer.name for answer in answers] == [str(number) for number in range(33)]
    for answer, item in zip(answers, inputs, strict=True):
        np.testing.assert_array_equal(answer.arrays["raw"], item.raw)


@pytest.fixture(params=["diffractogram", "powder"])
def powder_model(tmp_path: Path, request: pytest.FixtureRequest) -> TrainedModel:
    settings = make_settings(
        simulate={"engine": "xrayutilities"},
        train={"descriptor": "diffractogram"},
        model={"name": "powder_cnn", "image_size": 711},
    )
    folder = write_tiny_model(tmp_path / "model", settings, descriptor=request.param)
    return load_trained_model(folder)


def test_measured_diffractograms_are_answered_beside_structures(
    tmp_path: Path, powder_model: TrainedModel
) -> None:
    structure = write_cif(tmp_path / "nacl.cif", ROCK_SALT)
    scan = tmp_path / "nacl.xrdml"
    scan.write_bytes(xrdml())
    short = tmp_path / "short.xy"
    short.write_text("10,00 12,5\n10,02 13,1\n")
    text = tmp_path / "nacl.dat"
    text.write_bytes(columns())
    asked = Asked(powder_model)
    inputs = [item for path in (scan, structure, short) for item in read_input([path], asked)]
    inputs += read_input([text], Asked(powder_model, wavelength=1.5406))
    measured, simulated, refused, same = answer_inputs(inputs, asked)
    assert isinstance(refused, Rejection)
    assert refused.reason.startswith("holds 2 points")
    assert isinstance(measured, Answer)
    assert isinstance(simulated, Answer)
    assert isinstance(same, Answer)
    assert simulated.notes == ()
    assert measured.notes[0] == "wavelength 1.5406 Å, as the file says"
    assert same.notes[0] == "wavelength 1.5406 Å, as given"
    np.testing.assert_allclose(measured.seen[0], same.seen[0], atol=1e-2)
    assert answer_record(measured, powder_model)["notes"] == list(measured.notes)
    assert ("measured", measured.notes[0]) in facts(measured, powder_model)
    title, *_ = answer_figure(measured, powder_model).get_suptitle().splitlines()
    assert title == str(scan)


def test_peaks_wider_than_those_of_the_training_are_warned_of(
    tmp_path: Path, powder_model: TrainedModel
) -> None:
    angles = np.arange(10, 80, 0.05)
    paths = [tmp_path / "coarse.xy", tmp_path / "fine.xy"]
    for path, width in zip(paths, (0.2, 0.9), strict=True):
        counts = sum(
            1000 * np.exp(-4 * np.log(2) * ((angles - place) / width) ** 2)
            for place, _ in ROCK_SALT_LINES
        )
        np.savetxt(path, np.column_stack([angles, counts + 5]), fmt="%.2f")
    asked = Asked(powder_model)
    inputs = [item for path in paths for item in read_input([path], asked)]
    coarse, fine = answer_inputs(inputs, asked)
    assert isinstance(coarse, Answer)
    assert isinstance(fine, Answer)
    assert coarse.warnings == ()
    (warning,) = fine.warnings
    assert warning.startswith("its peaks are 0.9")
    assert fine.alike == ()
    assert answer_record(fine, powder_model)["warnings"] == [warning]


def test_a_curve_without_peaks_is_refused(tmp_path: Path, powder_model: TrainedModel) -> None:
    path = tmp_path / "noise.xy"
    counts = np.random.default_rng(0).poisson(100, 3501)
    np.savetxt(path, np.column_stack([np.linspace(10, 80, 3501), counts]), fmt="%.2f")
    (refused,) = read_input([path], Asked(powder_model))
    assert isinstance(refused, Rejection)
    assert refused.reason.startswith("shows no peak above its noise")


def test_a_network_of_patterns_refuses_a_diffractogram(tmp_path: Path, model: TrainedModel) -> None:
    path = tmp_path / "a.xy"
    path.write_bytes(columns())
    (refused,) = read_input([path], Asked(model))
    assert isinstance(refused, Rejection)
    assert "only networks trained on powders" in refused.reason


def test_what_its_name_tells_may_be_larger_than_an_instruments_file(tmp_path: Path) -> None:
    # Sparse files of more than 50 MB.
    patterns = tmp_path / "many.npy"
    np.lib.format.open_memmap(patterns, "w+", np.uint16, (60, 3, 400, 400)).flush()
    first = next(read_input([patterns], Asked(None)))
    assert isinstance(first, Rejection)
    assert first.id == f"{patterns}#0"
    micrograph = tmp_path / "a.dm4"
    micrograph.touch()
    os.truncate(micrograph, 60_000_000)
    (refused,) = read_input([micrograph], Asked(None))
    assert isinstance(refused, Rejection)
    assert "larger than" not in refused.reason


def test_a_long_list_of_reflections_is_read_beside_a_network_of_powders(
    tmp_path: Path, powder_model: TrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spacegrouper.prediction.inputs._MAXIMUM_BYTES", 1000)
    measured = measured_list(14)
    path = write_hkl(tmp_path / "a.hkl", measured)
    (found,) = read_input([path], Asked(powder_model, cell=cell_text(measured)))
    assert isinstance(found, MeasuredList)


# Rock salt with copper K-alpha 1: 2 theta, degrees, and relative intensities (ICDD PDF 5-628).
ROCK_SALT_LINES = (
    *((27.33, 13), (31.69, 100), (45.45, 55), (53.85, 2), (56.48, 15), (66.23, 6)),
    *((73.06, 1), (75.30, 11), (83.99, 7)),
)


def test_without_a_network_of_the_users_that_of_the_package_takes_diffractograms(tmp_path) -> None:
    angles = np.arange(5, 90, 0.02)
    counts = np.full(angles.size, 20.0)
    for place, height in ROCK_SALT_LINES:
        counts += 100 * height * np.exp(-(((angles - place) / 0.08) ** 2))
    counts = np.random.default_rng(0).poisson(counts)
    np.savetxt(tmp_path / "salt.xy", np.column_stack([angles, counts]), fmt="%.2f")
    structure = write_cif(tmp_path / "salt.cif", ROCK_SALT)
    asked = Asked(None, wavelength=1.5406)

    paths = gathered([tmp_path / "salt.xy", structure], asked)
    inputs = [item for each in paths for item in read_input(each, asked)]
    scan, simulated = answer_inputs(inputs, asked)

    assert scan.guesses[0].value == simulated.guesses[0].value == 225
    assert asked.network_of(scan).labels.technique.measured is not None
    assert asked.network_of(simulated).labels.technique.measured is None
    # Rock salt is known, and its cell is the one that the lines were drawn with.
    assert (scan.alike[0].formula, scan.alike[0].space_group) == ("NaCl", 225)
    assert scan.alike[0].likeness > 0.95
    assert scan.alike[0].cell == pytest.approx((5.64, 5.64, 5.64, 90, 90, 90), rel=2e-3)
    assert scan.warning == ""


def test_patterns_of_which_one_shows_no_lattice_are_refused(tmp_path: Path) -> None:
    patterns = np.stack([np.asarray(Image.open(RUTILE / f"{view}.png")) for view in "xyz"])
    dark = np.zeros_like(patterns[2])
    dark[200, 200] = patterns.max()
    given = [Patterns("rutile", patterns), Patterns("one spot", np.stack([*patterns[:2], dark]))]
    answered, refused = answer_inputs(given, Asked(None))
    assert isinstance(answered, Answer)
    assert answered.guesses[0].value == 136
    assert isinstance(refused, Rejection)
    assert refused.reason.startswith("no lattice of spots is found in the pattern along z")


CELL = b"_cell_length_a 5\n_cell_length_b 5\n_cell_length_c 5\n" + b"".join(
    b"_cell_angle_%s 90\n" % angle for angle in (b"alpha", b"beta", b"gamma")
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("further", [b"", CELL, CELL + b"loop_\n_refln_index_h\n1\n"])
def test_a_cif_with_a_profile_is_a_diffractogram(
    tmp_path: Path, further: bytes, encoding: str
) -> None:
    path = tmp_path / "powder.cif"
    content = powder_cif() + further
    path.write_text(content.decode().replace("_pd_meas_", "_pd_meas."), encoding=encoding)
    of_crystal = measured_list(14)
    reflections = write_hkl(tmp_path / "a.hkl", of_crystal)
    asked = Asked(None, cell=cell_text(of_crystal))
    assert gathered([reflections, path], asked) == [(reflections,), (path,)]
    (found,) = read_input([path], Asked(None))
    assert isinstance(found, Measured)
    assert found.notes[0] == "wavelength 1.5406 Å, as the file says"


def test_a_file_is_opened_once_to_tell_it_and_once_to_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, opened = tmp_path / "powder.cif", []
    path.write_bytes(powder_cif() + CELL)
    really_open = Path.open

    def counting_open(self: Path, *args: Any, **more: Any) -> Any:
        opened.append(self)
        return really_open(self, *args, **more)

    monkeypatch.setattr(Path, "open", counting_open)
    asked = Asked(None, wavelength=1.5406)
    (together,) = gathered([path], asked)
    assert opened.count(path) == 1
    (found,) = read_input(together, asked)
    assert isinstance(found, Measured)
    assert opened.count(path) == 2


@pytest.mark.parametrize("further", ["_pd_proc_ls_prof_wR_factor 0.1\n", powder_cif().decode()])
def test_a_structure_that_was_refined_on_a_powder_is_a_structure(
    tmp_path: Path, further: str
) -> None:
    path = write_cif(tmp_path / "nacl.cif", ROCK_SALT)
    path.write_text(path.read_text() + further.removeprefix("data_a\n"))
    (found,) = read_input([path], Asked(None))
    assert isinstance(found, Crystal)


def test_options_that_no_input_needs_are_refused(tmp_path: Path, model: TrainedModel) -> None:
    structure = write_cif(tmp_path / "nacl.cif", ROCK_SALT)
    scan, missing = tmp_path / "nacl.xy", tmp_path / "none.xy"
    scan.write_bytes(columns())
    measured = write_hkl(tmp_path / "a.hkl", measured_list(14))
    at_copper = Asked(None, wavelength=1.5406)
    for paths in ([], [structure], [measured, structure]):
        with pytest.raises(
            UserError, match=r"^--wavelength is for measured diffractograms, and no"
        ):
            gathered(paths, at_copper)
    with pytest.raises(UserError, match=r"^--wavelength .* the network takes none"):
        gathered([scan], Asked(model, wavelength=1.5406))
    with pytest.raises(UserError, match=r"^--ranker is for lists of reflections and micrographs"):
        gathered([structure, scan], Asked(None, ranker=tmp_path / "own.npz"))
    assert gathered([structure, scan], at_copper) == [(structure,), (scan,)]
    # Reading says that there is no such file.
    assert gathered([missing], at_copper) == [(missing,)]


@pytest.mark.parametrize("suffix", [".hkl", ".npy", ".png", ".cif"])
def test_a_path_that_nobody_can_look_at_leaves_the_others(tmp_path: Path, suffix: str) -> None:
    too_long = tmp_path / f"{'a' * 300}{suffix}"
    asked = Asked(None)
    assert gathered([too_long, tmp_path / "b.cif"], asked) == [(too_long,), (tmp_path / "b.cif",)]
    (refused,) = read_input([too_long], asked)
    assert isinstance(refused, Rejection)
    assert "File name too long" in refused.reason


def test_pipes_are_named_whatever_they_are_called(tmp_path: Path) -> None:
    for name in ("a.hkl", "a", "a.xy", "a.npy", "a.png", "a.mrc", "a.cif"):
        path = tmp_path / name
        os.mkfifo(path)
        asked = Asked(None, cell="4,4,4,90,90,90" if name == "a.hkl" else None)
        ((given,),) = gathered([path], asked)
        (refused,) = read_input([given], asked)
        assert isinstance(refused, Rejection)
        assert refused.reason.startswith("a pipe, which can be read only once; write it to a file")
    views = [tmp_path / "a.png"] * 3
    refused = read_views(views, Asked(None))
    assert isinstance(refused, Rejection)
    assert "a.png: a pipe, which can be read only once" in refused.reason


def test_a_micrograph_of_a_crystal_is_given_once(tmp_path: Path) -> None:
    micrograph, other = tmp_path / "m.png", tmp_path / "n.png"
    for path in (micrograph, other):
        Image.new("L", (64, 64)).save(path)
    (tmp_path / "link.png").symlink_to(micrograph)
    on_a_cell = Asked(None, cell="4,4,4,90,90,90")
    assert gathered([micrograph, other], on_a_cell) == [(micrograph, other)]
    for again in (micrograph, tmp_path / "link.png"):
        with pytest.raises(UserError, match=f"^{again}: given twice; give each micrograph"):
            gathered([micrograph, other, again], on_a_cell)


@pytest.mark.parametrize("suffix", [".png", ".cif", ".npy", ".xy", ".hkl"])
def test_other_inputs_given_twice_are_answered_twice(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.touch()
    assert gathered([path, path], Asked(None)) == [(path,), (path,)]
