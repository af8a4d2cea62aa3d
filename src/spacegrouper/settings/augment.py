"""Section `augment`."""

from typing import Annotated

from pydantic import Field

from spacegrouper.settings.quantity import Quantity
from spacegrouper.settings.section import Fraction, Section


class Augment(Section):
    """Changes of each diffractogram that is learnt from, new in every epoch (docs/powder.md).

    None of them is stored; they follow from the seed, the epoch and the crystal's id.
    """

    peak_area: Annotated[float, Field(ge=0)] = Field(
        0.0, description="spread of the peaks' areas, as the standard deviation of their logarithm"
    )
    step: Fraction = Field(
        0.0, description="largest relative change of the step of the diffraction angle"
    )
    zero_shift: Annotated[float, Quantity("degrees", 0, 10)] = Field(
        0.0, description="largest shift of all angles, degrees"
    )
    sample_displacement: Annotated[float, Quantity("degrees", 0, 10)] = Field(
        0.0, description="largest shift that falls as the cosine of theta, degrees at angle 0"
    )
    strain: Fraction = Field(0.0, description="largest relative change of all lattice spacings")
    rotation: Annotated[float, Quantity("degrees", 0, 180)] = Field(
        0.0, description="`powder`: largest rotation of the image, degrees"
    )
    contrast: Fraction = Field(
        0.0, description="`powder`: largest relative change of the image's contrast"
    )
