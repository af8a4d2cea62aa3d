import numpy as np
import pytest
from diffractogram_files import ANGLES, COUNTS

from spacegrouper.errors import UserError
from spacegrouper.techniques.powder.measured.network_axis import on_network_axis
from spacegrouper.techniques.powder.measured.scan import Scan
from spacegrouper.techniques.powder.settings import Powder

POWDER = Powder(two_theta=(10, 80))


def test_a_scan_of_the_same_axis_stays_as_it_is() -> None:
    curve, _, notes = on_network_axis(Scan(ANGLES, COUNTS, 1.5406), POWDER, ANGLES.size, None)
    # A point is the mean over its interval, over which a peak of three steps bends little.
    np.testing.assert_allclose(curve, COUNTS / COUNTS.max(), atol=0.04)
    assert curve.argmax() == COUNTS.argmax()
    assert notes == (
        "wavelength 1.5406 Å, as the file says",
        "resampled from 1401 points, 10 to 80°, to 1401, 10 to 80°",
    )


def test_a_coarser_axis_keeps_the_areas() -> None:
    curve, _, notes = on_network_axis(Scan(ANGLES, COUNTS), POWDER, 201, None)
    fine, _, _ = on_network_axis(Scan(ANGLES, COUNTS), POWDER, 1401, None)
    areas = [each.sum() / each.size / each[-1] for each in (curve, fine)]
    assert areas[0] == pytest.approx(areas[1], rel=0.01)
    assert notes[0] == "wavelength 1.5406 Å, assumed, as nothing says it"


def test_another_wavelength_moves_peaks_to_the_same_spacing() -> None:
    molybdenum = 0.7093
    theta = np.arcsin(np.sin(np.radians(ANGLES / 2)) * molybdenum / 1.5406)
    curve, _, notes = on_network_axis(
        Scan(2 * np.degrees(theta), COUNTS), POWDER, ANGLES.size, molybdenum
    )
    assert abs(ANGLES[curve.argmax()] - ANGLES[COUNTS.argmax()]) < 0.1
    assert notes[0] == "wavelength 0.7093 Å, as given"
    assert notes[1].endswith("at 1.5406 Å")


def test_what_the_file_says_and_is_not_understood_is_quoted() -> None:
    scan = Scan(ANGLES, COUNTS, unclear="# Anode: Rh")
    _, _, (note, *_) = on_network_axis(scan, POWDER, 1401, None)
    assert note.endswith("assumed, as what the file says of it is not understood: '# Anode: Rh'")


def test_angles_of_which_only_the_ends_are_known_are_said() -> None:
    scan = Scan(ANGLES, COUNTS, 1.5406, ends_only=True)
    _, _, (_, note, *_) = on_network_axis(scan, POWDER, 1401, None)
    assert note.startswith("angles spread evenly over the 1401 points, 0.05° apart, as the file")


def test_a_wavelength_in_nm_without_its_unit_is_told_and_can_be_given() -> None:
    scan = Scan(ANGLES, COUNTS, 0.15406)
    with pytest.raises(UserError, match=r"0\.15406 Angstrom looks like nm, .* 1\.5406$"):
        on_network_axis(scan, POWDER, 1401, None)
    _, _, (note, *_) = on_network_axis(scan, POWDER, 1401, 1.5406)
    assert note == "wavelength 1.5406 Å, as given"


def test_angles_that_were_not_measured_are_zero_and_said() -> None:
    curve, _, notes = on_network_axis(Scan(ANGLES, COUNTS), Powder(two_theta=(5, 90)), 1701, None)
    assert not curve[:99].any()
    assert not curve[-199:].any()
    assert curve[105:-205].all()
    assert notes[-1] == "18 % of the range not measured, shown as 0"


def test_a_gap_was_not_measured() -> None:
    kept = (ANGLES <= 30) | (ANGLES >= 50)
    scan = Scan(ANGLES[kept], COUNTS[kept])
    whole, _, _ = on_network_axis(Scan(ANGLES, COUNTS), POWDER, 1401, None)
    for points in (1401, 3501):
        curve, measured, notes = on_network_axis(scan, POWDER, points, None)
        angles = np.linspace(10, 80, points)
        inside = (angles > 30 + 0.05) & (angles < 50 - 0.05)
        assert not measured[inside].any()
        assert not curve[inside].any()
        assert measured[(angles < 30) | (angles > 50)].all()
        assert notes[1:3] == (
            f"resampled from {kept.sum()} points, 10 to 80°, to {points}, 10 to 80°",
            "a gap from 30 to 50° counts as not measured",
        )
        assert notes[-1].endswith(" % of the range not measured, shown as 0")
    curve, measured, _ = on_network_axis(scan, POWDER, 1401, None)
    # The highest peak is in the gap.
    kept_curves = [each[measured][5:-5] / each[0] for each in (curve, whole)]
    np.testing.assert_allclose(*kept_curves, rtol=1e-6)


def test_many_gaps_are_counted() -> None:
    kept = np.ones(ANGLES.size, dtype=np.bool_)
    for place in (100, 300, 500, 900, 1100):
        kept[place : place + 40] = False
    _, measured, notes = on_network_axis(Scan(ANGLES[kept], COUNTS[kept]), POWDER, 1401, None)
    assert "gaps from 14.95 to 17°, 24.95 to 27°, 34.95 to 37° and 2 more count as" in notes[2]
    assert measured.sum() == 1401 - 5 * 40


@pytest.mark.parametrize("left_out", [slice(500, 501), slice(500, 508)])
def test_a_few_points_that_are_missing_are_no_gap(left_out: slice) -> None:
    scan = Scan(np.delete(ANGLES, left_out), np.delete(COUNTS, left_out))
    _, measured, notes = on_network_axis(scan, POWDER, 1401, None)
    assert measured.all()
    assert len(notes) == 2


def test_steps_that_grow_with_the_angle_are_no_gap() -> None:
    angles = np.concatenate([np.arange(10, 40, 0.05), np.arange(40, 80.1, 0.24)])
    _, measured, _ = on_network_axis(Scan(angles, 1 + angles), POWDER, 1401, None)
    assert measured.all()


@pytest.mark.parametrize("coarse", [0.3, 0.4, 0.8])
def test_steps_that_pass_over_peaks_were_not_measured(coarse: float) -> None:
    angles = np.concatenate([np.arange(10, 60, 0.02), np.arange(60, 80.1, coarse)])
    _, measured, notes = on_network_axis(Scan(angles, 1 + angles), POWDER, 1401, None)
    assert measured[:999].all()
    assert not measured[1010:].any()
    assert notes[2].startswith("a gap from 60 to ")
    assert notes[2].endswith("° (steps above 0.25°) counts as not measured")


def test_a_little_that_was_not_measured_is_not_said_to_be_none() -> None:
    _, _, notes = on_network_axis(Scan(ANGLES, COUNTS), Powder(two_theta=(9.9, 80)), 1403, None)
    assert notes[-1] == "less than 1 % of the range not measured, shown as 0"


def test_raised_intensities_are_said() -> None:
    _, _, notes = on_network_axis(Scan(ANGLES, COUNTS, raised=400), POWDER, 1401, None)
    assert notes[1].startswith("intensities raised by 400, as some are below 0")


@pytest.mark.parametrize(
    ("scan", "wavelength", "reason"),
    [
        (Scan(ANGLES, COUNTS, 1.5406), 0.7093, "--wavelength is 0.7093"),
        (Scan(ANGLES, COUNTS), 0.2, "less than half"),
        (Scan(np.linspace(0.5, 8, 1401), COUNTS), None, "covers 0.5 to 8 degrees"),
        (Scan(ANGLES + 50, COUNTS), 0.7093, "spacings below 0.7093 Angstrom, which are not seen"),
        (Scan(np.linspace(1.2, 8, 1401), COUNTS), None, "or its first column is not 2 theta in"),
        (
            Scan(*np.delete([ANGLES, COUNTS], slice(100, 1300), axis=1)),
            None,
            "covers 10 to 80 degrees with gaps or steps above 0.25 degrees at 1.5406 Angstrom",
        ),
        (Scan(ANGLES, 0 * COUNTS), None, "no intensity between"),
    ],
)
def test_what_cannot_be_brought_to_the_axis_is_refused(
    scan: Scan, wavelength: float | None, reason: str
) -> None:
    with pytest.raises(UserError) as refused:
        on_network_axis(scan, POWDER, 1401, wavelength)
    assert reason in str(refused.value)
