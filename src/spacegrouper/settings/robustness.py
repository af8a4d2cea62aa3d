"""Section `robustness`."""

from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt

from spacegrouper.settings.quantity import Quantity
from spacegrouper.settings.section import Fraction, Section
from spacegrouper.settings.simulate import Displacement


class Robustness(Section):
    """How the accuracy changes when crystals and experiment are not perfect."""

    crystals: PositiveInt = Field(200, description="test crystals that are simulated again")
    vacancies: tuple[Fraction, ...] = Field(
        (0.0, 0.05, 0.1, 0.2, 0.4), description="shares of the atoms that are missing"
    )
    displacement: tuple[Displacement, ...] = Field(
        (0.0, 0.05, 0.1, 0.2, 0.4), description="of the atoms, root mean square, Angstrom"
    )
    photons: tuple[PositiveFloat, ...] = Field(
        (1e2, 1e3, 1e4, 1e5, 1e6), description="photons counted in a pattern, on average"
    )
    misorientation: tuple[Annotated[float, Quantity("degrees", 0, 180)], ...] = Field(
        (0.0, 0.5, 1.0, 2.0, 5.0), description="turns about random axes, degrees"
    )
    beam_stop: tuple[Annotated[float, Field(ge=0)], ...] = Field(
        (0.0, 4.0, 8.0, 16.0, 32.0), description="radii of the beam stop, pixels"
    )
