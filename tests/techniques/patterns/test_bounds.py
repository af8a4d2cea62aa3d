import os

import numpy as np
import pytest
from pydantic import ValidationError

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.errors import UserError
from spacegrouper.settings import Simulate, settings_from_mapping
from spacegrouper.settings.run import settings_model
from spacegrouper.techniques.patterns import bounds
from spacegrouper.techniques.patterns.simulation import simulate_crystals


def crystal(edge: float, atoms: int = 1) -> Crystal:
    return Crystal("a", np.eye(3) * edge, ("Na",) * atoms, np.zeros((atoms, 3)))


def reasons(described: Crystal, **settings: object) -> tuple[str, ...]:
    chosen = Simulate.model_validate({"pixels": 16, "beam_stop": 1} | settings)
    (patterns,) = simulate_crystals([described], chosen, seed=0, threads=1)
    return patterns.reasons


def test_supercells_that_no_memory_holds_are_refused_with_their_setting() -> None:
    for more in ({"disorder": {"vacancies": 0.1}}, {"engine": "condor"}):
        with pytest.raises(UserError, match="1000 x 1000 x 1000 cells hold"):
            settings_from_mapping({"simulate": {"cells": [1000, 1000, 1000], **more}}, "")
    # A periodic crystal is computed from one cell.
    assert reasons(crystal(5), cells=[1000, 1000, 1000]) == ("",)


def test_crystals_with_too_many_atoms_are_rejected_and_others_are_not() -> None:
    disorder = {"displacement": 0.1}
    assert reasons(crystal(5), cells=[20, 20, 20], disorder=disorder) == ("",)
    (reason,) = reasons(crystal(5, 2000), cells=[20, 20, 20], disorder=disorder)
    assert reason == "1.6e+07 atoms in all cells, and at most 10,000,000 can be summed"
    (reason,) = reasons(crystal(3000), cells=[20, 20, 20], disorder=disorder)
    assert "a crystal of 1.8e+05 Angstrom is too large for the sum over all atoms" in reason


def test_a_crystal_beyond_the_work_of_hours_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "_MOST_WAVES", 100 * 16 * 16 * 3)
    assert reasons(crystal(50, 100)) == ("",)
    assert reasons(crystal(50, 101)) == ("101 atoms in the cell are too many to be summed",)


def test_pixels_beyond_this_machine_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 4}
    monkeypatch.setattr(os, "sysconf", sizes.__getitem__)
    with pytest.raises(UserError, match=r"^simulate.pixels: 16 x 16 pixels and 1 elements take"):
        reasons(crystal(5))


def test_a_black_pattern_is_rejected() -> None:
    (reason,) = reasons(crystal(5), poisson_noise=True, pulse_energy=1e-18)
    assert reason == "no pixel of its patterns is bright"


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("simulate", "cells", [10**30, 1, 1]),
        ("morphology", "largest_index", 16),
        ("morphology", "pixels", 100_000),
        ("standardise", "max_sites", 10**9),
    ],
)
def test_settings_beyond_every_crystal_are_refused(section: str, key: str, value: object) -> None:
    with pytest.raises(ValidationError, match=key):
        settings_model().model_validate({section: {key: value}})
