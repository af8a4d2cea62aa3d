"""Section `diffractogram`."""

from typing import Annotated

from pydantic import Field, PositiveFloat

from spacegrouper.settings.quantity import Quantity
from spacegrouper.settings.section import Section


class Diffractogram(Section):
    """How reflections become a diffractogram, when it is learnt from (docs/powder.md)."""

    lorentzian: Annotated[float, Field(ge=0, le=1)] = Field(
        0.5, description="share of the Lorentzian in the pseudo-Voigt profile of a peak"
    )
    caglioti: tuple[float, float, float] = Field(
        (0.0, 0.0, 0.01),
        description="U, V, W of the instrument's width: FWHM^2 = U tan^2 + V tan + W, degrees^2",
    )
    crystallite_size: (
        Annotated[
            float,
            Quantity("nm", 0.5, 1e6, 50, (("m", 1e9), ("mm", 1e6), ("um", 1e3), ("Angstrom", 0.1))),
        ]
        | None
    ) = Field(50.0, description="of the Scherrer equation, nm; none: it broadens nothing")
    microstrain: Annotated[
        float, Quantity("", 1e-9, 0.1, 1e-3, (("%", 0.01), ("ppm", 1e-6)), zero=True)
    ] = Field(0.0, description="spread of the lattice spacings, relative")
    k_alpha_2: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, description="intensity of copper K-alpha 2 (1.5444 Angstrom), K-alpha 1 being 1"
    )
    background: Annotated[float, Field(ge=0)] = Field(
        0.0, description="constant background, the highest peak being 1"
    )
    counts: PositiveFloat | None = Field(
        None, description="photons counted at the highest peak, with their noise; none: no noise"
    )
