"""Sections `powder`, `diffractogram` and `augment`."""

import math
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, PositiveFloat

from spacegrouper.settings.quantity import ANGSTROM_IN_METRES, LONGEST_SPACING, Quantity
from spacegrouper.settings.run import Settings
from spacegrouper.settings.section import Contradiction, Fraction, Section

_Angle = Annotated[float, Quantity("degrees", 0, 180)]
_COPPER = 1.5406e-10  # m, K-alpha 1
_SAME_ANODE = 0.01  # relative; those nearest to copper, nickel and zinc, differ by 7 %
_MOST_ANGLES = 1_000_000  # of a crystal, which take 2 MB


class Powder(Section):
    """The reflections of a powder, for the engines `xrayutilities` and `pymatgen`."""

    wavelength: Annotated[
        float,
        Quantity("m", 5e-12, 1e-9, 1.5e-10, (("Angstrom", 1e-10), ("nm", 1e-9), ("pm", 1e-12))),
    ] = Field(_COPPER, description="wavelength of the X-rays, m (copper K-alpha 1)")
    two_theta: tuple[_Angle, _Angle] = Field(
        (5, 90), description="first and last diffraction angle, degrees"
    )
    step: Annotated[float, Quantity("degrees", 1e-4, 5, 0.01)] = Field(
        0.01, description="angles are rounded to multiples of this, degrees"
    )

    def contradictions(self) -> Iterator[Contradiction]:
        """Yield a range without angles, with too many, or without reflections."""
        first, last = self.two_theta
        if not 0 < first < last < 180:
            yield Contradiction(
                ("two_theta",),
                "must be two ascending angles above 0 and below 180 degrees, "
                f"not {first:g} and {last:g}",
            )
            return
        if not 2 <= self.angles <= _MOST_ANGLES:
            yield Contradiction(
                ("step", "two_theta"),
                f"{self.step:g} degrees make {self.angles} angles of the range of {last - first:g} "
                f"degrees, but must make 2 to {_MOST_ANGLES}",
            )
        shortest = self.wavelength / ANGSTROM_IN_METRES / 2 / math.sin(math.radians(last / 2))
        if shortest > LONGEST_SPACING:
            guess = ""
            if last <= math.pi:
                degrees = [round(math.degrees(angle), 3) for angle in self.two_theta]
                guess = f"; did you mean {degrees[0]:g} and {degrees[1]:g} degrees, not radians?"
            yield Contradiction(
                ("two_theta", "wavelength"),
                f"up to {last:g} degrees, a wavelength of {self.wavelength:g} m shows only lattice "
                f"spacings above {shortest:.0f} Angstrom{guess or '; raise the last angle'}",
            )

    @property
    def angles(self) -> int:
        """How many angles are told apart."""
        return round((self.two_theta[1] - self.two_theta[0]) / self.step) + 1


class Diffractogram(Section):
    """How reflections become a diffractogram, in training and prediction (docs/powder.md)."""

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
        0.0, description="intensity of copper K-alpha 2 (1.5444 Angstrom), relative to K-alpha 1"
    )
    background: Annotated[float, Field(ge=0)] = Field(
        0.0, description="constant background, relative to the highest peak"
    )
    counts: PositiveFloat | None = Field(
        None, description="photons counted at the highest peak, with their noise; none: no noise"
    )
    baseline: Annotated[float, Quantity("degrees", 0.1, 90)] | None = Field(
        None,
        description="`diffractogram`: whatever is broader than this is subtracted, degrees; none: "
        "the background stays",
    )
    scale: Literal["linear", "square_root"] = Field(
        "linear",
        description="`diffractogram`: what the network sees of intensities; `square_root` raises "
        "weak peaks, and makes counting noise equal everywhere",
    )


class Augment(Section):
    """Augmentation of each diffractogram in training, new in every epoch (docs/powder.md).

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
    texture: Annotated[float, Field(ge=0)] = Field(
        0.0,
        description="preferred orientation: largest spread of the peaks' areas, as `peak_area`; "
        "all orders of one lattice plane share a factor as well",
    )
    debye_waller: Annotated[float, Field(ge=0, le=20)] = Field(
        0.0, description="largest displacement parameter B of all atoms, Angstrom^2"
    )
    impurity: Fraction = Field(
        0.0, description="largest area of peaks of other substances, relative to the strongest"
    )
    width: Annotated[float, Field(ge=0, le=3)] = Field(
        0.0, description="largest change of the peaks' widths, of its logarithm"
    )
    lorentzian: Fraction = Field(0.0, description="largest change of the share of the Lorentzian")
    k_alpha_2: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, description="largest share of K-alpha 2 that is taken away"
    )
    background: Annotated[float, Field(ge=0, le=10)] = Field(
        0.0,
        description="largest smooth background: constant, falling with the angle, and an amorphous "
        "hump; relative to the highest peak",
    )
    fewer_counts: Annotated[float, Field(ge=1, le=1e6)] = Field(
        1.0, description="largest factor by which fewer photons are counted"
    )
    cut: Fraction = Field(
        0.0, description="largest share of the range that is not measured, at either end"
    )

    @property
    def draws_instruments(self) -> bool:
        """Whether samples and instruments differ (instrument.py), and not only their alignment."""
        kept = {"peak_area", "step", "zero_shift", "sample_displacement", "strain"}
        kept |= {"rotation", "contrast"}
        return self.model_dump(exclude=kept) != Augment().model_dump(exclude=kept)

    rotation: Annotated[float, Quantity("degrees", 0, 180)] = Field(
        0.0, description="`powder`: largest rotation of the image, degrees"
    )
    contrast: Fraction = Field(
        0.0, description="`powder`: largest relative change of the image's contrast"
    )


def check(settings: Settings) -> Iterator[Contradiction]:
    """Yield a profile whose width is no number in the range of angles, or not that of the anode."""
    share, wavelength = settings.of(Diffractogram).k_alpha_2, settings.of(Powder).wavelength
    if share and abs(wavelength / _COPPER - 1) > _SAME_ANODE:
        yield Contradiction(
            ("diffractogram.k_alpha_2", "powder.wavelength"),
            f"is that of copper, but `powder.wavelength` is {wavelength:g} m and not about "
            f"{_COPPER:g} m; leave it out, and `augment.k_alpha_2` with it",
        )
    u, v, w = settings.of(Diffractogram).caglioti
    tangents = [math.tan(math.radians(angle) / 2) for angle in settings.of(Powder).two_theta]
    if u > 0:
        # Where the parabola is lowest.
        tangents.append(min(max(-v / (2 * u), tangents[0]), tangents[1]))
    if min(u * tan**2 + v * tan + w for tan in tangents) < 0:
        yield Contradiction(
            ("diffractogram.caglioti", "powder.two_theta"),
            f"FWHM^2 = {u:g} tan^2 + {v:g} tan + {w:g} is negative within powder.two_theta; mend "
            "U, V and W",
        )
