import pytest
from pydantic import ValidationError

from spacegrouper.errors import UserError
from spacegrouper.settings import Split, make_settings, settings_from_mapping
from spacegrouper.techniques.patterns.settings import Shape
from spacegrouper.techniques.powder.settings import Powder

POWDER = {
    "simulate": {"engine": "xrayutilities"},
    "model": {"name": "vgg16"},
    "train": {"descriptor": "powder"},
}


def test_settings_do_not_change_once_read() -> None:
    with pytest.raises(ValidationError):
        make_settings().seed = 3  # type: ignore[misc]


def test_the_defaults_are_the_papers() -> None:
    simulate = make_settings().simulate
    assert simulate.wavelength == 3.5e-12
    assert simulate.cells == (10, 10, 10)
    assert simulate.detector_distance / simulate.pixel_size == pytest.approx(2500)
    assert [(view.axis, view.angle) for view in simulate.views] == [("x", 45), ("y", 45), ("z", 45)]


@pytest.mark.parametrize("shares", [(0.8, 0.1, 0.2), (0.5, 0.1, 0.1)])
def test_shares_that_are_not_the_whole_are_refused(shares: tuple[float, float, float]) -> None:
    with pytest.raises(ValidationError):
        Split(train=shares[0], validation=shares[1], test=shares[2])


@pytest.mark.parametrize(
    ("pixels", "window"),
    [(256, (116, 137)), (128, (58, 68)), (512, (232, 275)), (64, (29, 34)), (9, (4, 4))],
)
def test_the_central_window_follows_the_detector(pixels: int, window: tuple[int, int]) -> None:
    settings = settings_from_mapping({"simulate": {"pixels": pixels}}, "")
    assert settings.of(Shape).window(pixels) == window
    # A dataset records the numbers.
    recorded = settings.technique.record_derived(settings, pixels)
    assert recorded["shape"]["central_window"] == list(window)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"shape": {"central_window": [137, 116]}}, "shape.central_window.*in this order"),
        ({"shape": {"central_window": [-1, 3]}}, "shape.central_window.*counted from 0"),
        (
            {"shape": {"central_window": [116, 137]}, "simulate": {"pixels": 128}},
            "shape.central_window.*lies outside the detector of 128 pixels",
        ),
        ({"shape": {"central_window": [0, 255]}}, "shape.central_window.*covers the detector"),
        ({"simulate": {"beam_stop": 128}}, "simulate.beam_stop.*beyond the detector"),
        ({"simulate": {"beam_stop": 9, "aperture": 9}}, "simulate.beam_stop.*aperture"),
        ({"split": {"label": "metal"}}, "split.label.*standardise.labels"),
        (
            {"split": {"label": "crystal_system", "classes": ["cubic", "round"]}},
            "split.classes.*round is no crystal system",
        ),
        ({"split": {"minimum_crystals": 2}}, "split.minimum_crystals.*must be 3 or more"),
        ({"split": {"maximum_crystals": 2}}, "split.maximum_crystals.*must be 3 or more"),
        (
            {"split": {"training_share": 0.1}, "train": {"rotation_epochs": 1}},
            "split.training_share.*must be 1 with `train.rotation_epochs`",
        ),
        ({"split": {"training_only": "drawn"}}, "split.training_only.*labels: .drawn.`"),
        (
            {
                "split": {"training_only": "drawn", "label": "drawn"},
                "standardise": {"labels": ["drawn"]},
            },
            "split.training_only.*no class of `drawn` is tested",
        ),
        ({"standardise": {"labels": ["lattice"]}}, "labels.*`lattice` is no further key"),
        (
            {
                "split": {"training_only": "drawn"},
                "standardise": {"labels": ["drawn"]},
                "train": {"rotation_epochs": 1},
            },
            "split.training_only.*must be none with `train.rotation_epochs`",
        ),
        ({"model": {"image_size": 30}}, "model.image_size.*msdn needs images of at least 31"),
        ({"evaluate": {"unseen_minimum_crystals": 101}}, "unseen_minimum_crystals.*101 and 100"),
        (POWDER | {"simulate": {"engine": "pymatgen", "poisson_noise": True}}, "poisson_noise"),
        (POWDER | {"simulate": {"engine": "pymatgen", "pixels": 128}}, "simulate.pixels"),
        (POWDER | {"diffractogram": {"caglioti": [0, -1, 0]}}, "caglioti.*is negative"),
        (
            POWDER | {"powder": {"wavelength": 1.789e-10}, "diffractogram": {"k_alpha_2": 0.5}},
            "`diffractogram.k_alpha_2`: .*of copper.*`powder.wavelength` is 1.789e-10 m",
        ),
        ({"simulate": {"engine": "condor", "debye_waller_b": 1}}, "debye_waller_b.*kinematic"),
        (
            {"simulate": {"engine": "condor", "form_factors": "electron"}},
            "simulate.form_factors.*kinematic",
        ),
        (
            {"simulate": {"form_factors": "electron", "wavelength": 1.3e-11}},
            "simulate.form_factors.*8.82e\\+03 eV.*10 keV",
        ),
        ({"simulate": {"form_factors": "neutron"}}, "simulate.form_factors.*66.8 eV.*1e-11 m"),
        (
            {
                "simulate": {
                    "form_factors": "neutron",
                    "wavelength": 5e-11,
                    "detector_distance": 0.01,
                    "poisson_noise": True,
                }
            },
            "simulate.poisson_noise.*no neutrons",
        ),
        ({"powder": {"step": 5, "two_theta": [10, 12]}}, "powder.step.*make 1 angles"),
        ({"grid": {"classes": {"one": [1]}}}, "grid.classes.*`one` must be two or more"),
    ],
)
def test_settings_that_can_never_work_are_refused_by_name(
    content: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message) as error:
        settings_from_mapping(content, "own.yaml")
    assert len(str(error.value).splitlines()) == 1


def test_copper_may_be_given_as_the_mean_of_both_lines() -> None:
    content = {"powder": {"wavelength": 1.5418e-10}, "diffractogram": {"k_alpha_2": 0.5}}
    assert settings_from_mapping(POWDER | content, "own.yaml").of(Powder).wavelength == 1.5418e-10
