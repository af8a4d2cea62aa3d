"""The package as a notebook uses it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from measured_lists import measured_list, write_hkl, write_ins
from PIL import Image
from structure_files import CAESIUM_CHLORIDE, MAGNESIUM, ROCK_SALT, write_cif
from tiny_model import write_tiny_model

import spacegrouper
from spacegrouper.errors import UserError

PNG = b"\x89PNG\r\n"


@pytest.fixture
def rock_salt(tmp_path: Path) -> Path:
    return write_cif(tmp_path / "NaCl.cif", ROCK_SALT)


def test_a_crystal_is_read_into_its_standard_cell(rock_salt: Path) -> None:
    crystal = spacegrouper.read(rock_salt)

    assert crystal.space_group == 225
    assert "225" in repr(crystal)
    assert crystal._repr_html_().count("<tr>") == 1 + 8


def test_patterns_are_simulated_shaped_and_drawn(rock_salt: Path, tmp_path: Path) -> None:
    crystal = spacegrouper.read(rock_salt)
    raw = spacegrouper.simulate(crystal, views="zone_axes", pixels=64, pixel_size=1.6e-4)
    shaped = spacegrouper.shape(raw)

    # A cube looks alike along its three axes.
    assert np.array_equal(raw.raw[0], raw.raw[1])
    assert np.asarray(raw).shape == (3, 64, 64)
    assert np.count_nonzero(shaped) > np.count_nonzero(raw)
    assert (repr(raw)[:6], "shaped" in repr(shaped)) == ("<3 raw", True)
    assert shaped._repr_png_().startswith(PNG)
    shaped.save(tmp_path / "drawn.svg")
    assert "<svg" in (tmp_path / "drawn.svg").read_text()
    shaped.save_views(tmp_path / "views")
    for view, pattern in zip("xyz", raw.raw, strict=True):
        assert np.array_equal(Image.open(tmp_path / "views" / f"{view}.png"), pattern)
    photons = spacegrouper.simulate(crystal, bit_depth=32, pixels=16)
    with pytest.raises(UserError, match="3 patterns of 32 bits; simulate three views with 8 or 16"):
        photons.save_views(tmp_path / "photons")


def test_settings_are_checked_as_in_a_configuration(rock_salt: Path) -> None:
    crystal = spacegrouper.read(rock_salt)
    with pytest.raises(UserError, match=r"simulate\(\).*view"):
        spacegrouper.simulate(crystal, view="zone_axes")
    with pytest.raises(UserError, match="simulates no patterns"):
        spacegrouper.simulate(crystal, engine="pymatgen")
    with pytest.raises(UserError, match="bit_depth"):
        spacegrouper.shape(spacegrouper.simulate(crystal, bit_depth=32, pixels=16))
    with pytest.raises(UserError, match=r"absent.cif: "):
        spacegrouper.read("absent.cif")


def test_a_network_answers_alike_for_a_crystal_and_its_file(tmp_path: Path) -> None:
    path = write_cif(tmp_path / "CsCl.cif", CAESIUM_CHLORIDE)
    model = write_tiny_model(tmp_path / "model", temperature=1.5)

    of_file = spacegrouper.predict(path, model)
    of_crystal = spacegrouper.predict(spacegrouper.read(path), model)

    assert of_file.as_dict() == of_crystal.as_dict()
    assert "221 Pm3\u0305m" in repr(of_file)
    assert '221 Pm<span style="text-decoration: overline">3</span>m' in of_file._repr_html_()
    assert of_file._repr_png_().startswith(PNG)
    with pytest.raises(UserError, match=r"none.cif"):
        spacegrouper.predict("none.cif", model)
    with pytest.raises(UserError, match="--cell is that of one list of reflections"):
        spacegrouper.predict(spacegrouper.read(path), model, cell="4,4,4,90,90,90")


@pytest.mark.parametrize(
    ("structure", "first"),
    [
        (ROCK_SALT, "225 Fm3\u0305m"),
        (CAESIUM_CHLORIDE, "221 Pm3\u0305m"),
        (MAGNESIUM, "194 P6₃/mmc"),
    ],
)
def test_the_network_that_ships_names_structures_that_everybody_knows(
    structure: Any, first: str, tmp_path: Path
) -> None:
    found = spacegrouper.predict(write_cif(tmp_path / "x.cif", structure))

    assert found.as_dict()["answers"][0]["probability"] > 0.5
    assert repr(found).splitlines()[2].split("  ")[2].strip() == first


def test_the_network_of_patterns_takes_those_that_are_simulated_alike(
    rock_salt: Path, tmp_path: Path
) -> None:
    crystal = spacegrouper.read(rock_salt)
    with pytest.raises(UserError) as refused:
        spacegrouper.predict(spacegrouper.simulate(crystal, bit_depth=16))
    needed = str(refused.value).partition("give simulate() ")[2]
    assert "grey_scale='logarithmic'" in needed
    assert "bit_depth" not in needed
    settings = eval(f"dict(bit_depth=16, {needed})")

    patterns = spacegrouper.simulate(crystal, **settings)
    found = spacegrouper.predict(patterns).as_dict()
    patterns.save_views(tmp_path / "views")

    assert found["answers"][0]["class"] == 225
    assert "simulated measurements" in found["notes"][0]
    of_images = spacegrouper.predict(tmp_path / "views").as_dict()
    assert of_images | {"input": found["input"]} == found


def test_a_list_of_reflections_needs_no_network(tmp_path: Path) -> None:
    measured = measured_list(14)
    paths = [write_hkl(tmp_path / "a.hkl", measured), write_ins(tmp_path / "a.ins", measured)]

    found = spacegrouper.predict(paths, prior="molecular", threshold=0.5)

    assert found.as_dict()["answers"][0]["class"] == 14
    assert "P2₁/c" in repr(found)


def test_a_folder_that_is_no_dataset_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none.zarr: "):
        spacegrouper.open_dataset(tmp_path / "none.zarr")
