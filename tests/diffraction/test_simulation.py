import numpy as np
import pytest

from spacegrouper.config.sections import Simulate
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.diffraction.kinematic import intensities, make_experiment
from spacegrouper.diffraction.simulation import simulate_crystals

SETTINGS = Simulate(pixels=32, pixel_size=3.2e-4)


def crystal(name: str, species: tuple[str, ...]) -> Crystal:
    coordinates = np.linspace(0, 0.5, len(species))[:, None] * np.ones(3)
    return Crystal(name, np.diag([4.0, 5.0, 6.0]), species, coordinates, {})


CRYSTALS = [
    crystal("salt", ("Na", "Cl")),
    crystal("heavy", ("Es",)),
    crystal("unknown", ("Na", "Xx")),
    crystal("iron", ("Fe",)),
]


@pytest.mark.parametrize("threads", [1, 3])
def test_rows_are_the_crystals_whatever_the_threads(threads: int) -> None:
    advanced: list[int] = []
    patterns = simulate_crystals(CRYSTALS, SETTINGS, threads, advanced.append)
    assert sum(advanced) == len(CRYSTALS)
    assert patterns.reasons == (
        "",
        "element 'Es' has no form factor",
        "unknown element 'Xx'",
        "",
    )
    for row in (0, 3):
        one = CRYSTALS[row]
        expected = intensities(
            make_experiment(SETTINGS, one.species), one.lattice, one.species, one.frac_coords
        )
        maxima = expected.max(axis=(1, 2))
        np.testing.assert_array_equal(patterns.intensity_max[row], maxima)
        grey = np.floor(255 * expected / maxima[:, None, None])
        np.testing.assert_array_equal(patterns.grey[row], grey)
    assert not patterns.grey[1:3].any()
    assert not patterns.intensity_max[1:3].any()
