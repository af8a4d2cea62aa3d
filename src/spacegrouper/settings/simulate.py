"""Section `simulate`."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from spacegrouper.contract.engine import ENGINES
from spacegrouper.settings.known_name import KnownName
from spacegrouper.settings.quantity import Quantity
from spacegrouper.settings.section import Contradiction, ContradictionError, Fraction, Section

Displacement = Annotated[
    float, Quantity("Angstrom", 1e-6, 3, 0.1, (("m", 1e10), ("nm", 10), ("pm", 0.01)), zero=True)
]

Radiation = Literal["xray", "electron", "neutron"]
GreyScaleName = Literal["linear", "square_root", "logarithmic"]

_Angle = Annotated[float, Quantity("degrees", -360, 360)]
_Cells = Annotated[int, Quantity("cells", 1, 100_000)]
_Radius = Annotated[float, Quantity("pixels", 0, 1e4)]


_FEWEST_FADING = 4  # cells; of fewer, the Gaussians of neighbouring reflections overlap


class View(Section):
    """A turn of the crystal before the beam, right-handed, about an axis of the laboratory."""

    axis: Literal["x", "y", "z"] = Field(description="the axis; the beam runs along +z")
    angle: _Angle | tuple[_Angle, ...] = Field(
        description="degrees; the patterns of several angles are added up"
    )

    @field_validator("angle", mode="wrap")
    @classmethod
    def _one_or_several(cls, value: Any, validate: Any) -> Any:
        try:
            return validate(value)
        except ValidationError:
            # Otherwise there would be a line for each of the two kinds.
            raise ValueError("must be -360 to 360 degrees, or a list of such angles") from None

    @property
    def angles(self) -> tuple[float, ...]:
        """The angles, even if there is but one."""
        return self.angle if isinstance(self.angle, tuple) else (self.angle,)

    @property
    def name(self) -> str:
        """The axis of the crystal's frame that is in the beam; where none is, that of the turn."""
        if len(self.angles) > 1 or self.angles[0] % 90 != 0:
            return self.axis
        if self.angles[0] % 180 == 0:
            return "z"
        return {"x": "y", "y": "x", "z": "z"}[self.axis]


# What `views` may name instead of listing turns, and the values that go with it.
VIEW_PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"views": [{"axis": axis, "angle": 45} for axis in "xyz"]},
    # These turns bring x, y and z of the crystal's frame into the beam.
    "zone_axes": {
        "views": [
            {"axis": "y", "angle": -90},
            {"axis": "x", "angle": 90},
            {"axis": "z", "angle": 0},
        ]
    },
    # Ziletti, Kumar, Scheffler, Ghiringhelli, Nat. Commun. 9, 2775 (2018), as in their program,
    # but for its scaling of all crystals to one distance between neighbours.
    "ziletti": {
        "views": [{"axis": axis, "angle": [-45, 45]} for axis in "xyz"],
        "wavelength": 5e-12,
        "pixel_size": 4e-4,
        "pixels": 64,
        "beam_stop": 10,
        "aperture": 30,
    },
}


class Disorder(Section):
    """Defects of the crystal, which end its periodicity; drawn from the seed and the id."""

    vacancies: Fraction = Field(0, description="share of the atoms that are missing")
    displacement: Displacement = Field(
        0, description="of the atoms, root mean square along each direction, Angstrom"
    )


class Simulate(Section):
    """The diffraction experiment (docs/physics.md); defaults are the paper's."""

    engine: Annotated[str, KnownName(ENGINES)] = Field(
        "kinematic",
        description="`kinematic` is ours; `condor` calls an installed Condor (docs/condor.md); "
        "`xrayutilities` and `pymatgen` compute powder reflections (section `powder`), "
        "`morphology` draws the crystal's habit and `bitmap_database` reads bitmaps (section "
        "`morphology`), `structure_factors` computes intensities by index (section "
        "`reflections`); these five use none of the keys below",
    )
    wavelength: Annotated[
        float,
        Quantity("m", 1e-13, 1e-9, 3.5e-12, (("Angstrom", 1e-10), ("nm", 1e-9), ("pm", 1e-12))),
    ] = Field(3.5e-12, description="wavelength of the beam, m")
    form_factors: Radiation = Field(
        "xray",
        description="what the beam is, and so how atoms scatter: `xray`, `electron` (10 keV or "
        "more) or `neutron` (1e-11 m or more)",
    )
    detector_distance: Annotated[
        float, Quantity("m", 1e-3, 20, 0.1, (("cm", 0.01), ("mm", 1e-3)))
    ] = Field(0.1, description="crystal to detector, m")
    pixel_size: Annotated[
        float, Quantity("m", 1e-7, 1e-2, 4e-5, (("mm", 1e-3), ("um", 1e-6), ("nm", 1e-9)))
    ] = Field(4e-5, description="edge of a detector pixel, m")
    pixels: Annotated[int, Quantity("pixels", 1, 8192)] = Field(
        256, description="pixels along each edge of the detector"
    )
    cells: tuple[_Cells, _Cells, _Cells] = Field(
        (10, 10, 10), description="conventional cells in the crystal along a, b and c"
    )
    envelope: Literal["block", "gaussian"] = Field(
        "block",
        description="how the crystal ends: a `block` of cells with sharp faces, whose fringes "
        "surround each spot, or one that fades out as a `gaussian` of the same spread, without "
        "fringes (4 cells or more)",
    )
    views: tuple[View, ...] = Field(
        (View(axis="x", angle=45), View(axis="y", angle=45), View(axis="z", angle=45)),
        min_length=1,
        description="one pattern is made for each view; networks take three, as red, green, blue. "
        "A list of turns, or the name of a preset: `paper`, `zone_axes` (beam along x, y, z) or "
        "`ziletti` (which also sets wavelength, detector and ring mask, unless these are given)",
    )
    pulse_energy: Annotated[
        float, Quantity("J", 1e-18, 10, 1e-6, (("mJ", 1e-3), ("uJ", 1e-6), ("nJ", 1e-9)))
    ] = Field(
        1e-6, description="energy of a pulse of the beam, J; of electrons and neutrons kinetic"
    )
    focus_diameter: Annotated[
        float, Quantity("m", 1e-10, 1e-2, 1e-6, (("mm", 1e-3), ("um", 1e-6), ("nm", 1e-9)))
    ] = Field(1e-6, description="diameter of the beam at the crystal, m")
    bit_depth: Literal[8, 16, 32] = Field(
        8,
        description="`8` and `16`: grey levels, 0 to 255 or 65535, which shaping takes; "
        "`32`: photons (electrons, neutrons) per pixel as floating-point numbers",
    )
    grey_scale: GreyScaleName = Field(
        "linear",
        description="how grey levels follow from the share x = I / max I of a pattern's brightest "
        "pixel: floor(L x) with L = 255 or 65535, floor(L sqrt(x)), or floor(L (1 + log10(x) / "
        "`decades`)), black where that is negative",
    )
    decades: Annotated[int, Field(ge=1, le=12)] = Field(
        6,
        description="of `grey_scale: logarithmic`: the brightest pixel over the faintest that is "
        "not black, powers of ten",
    )
    debye_waller_b: Annotated[
        float, Quantity("Angstrom^2", 1e-4, 50, 0.5, (("m^2", 1e20), ("nm^2", 100)), zero=True)
    ] = Field(0, description="isotropic displacement parameter B of all atoms, Angstrom^2")
    ewald_sphere: Literal["curved", "flat"] = Field(
        "curved", description="`flat` leaves out the part of s along the beam"
    )
    beam_stop: _Radius = Field(
        0, description="pixels up to this far from the centre record nothing; pixels"
    )
    aperture: Annotated[float, Quantity("pixels", 0.5, 1e4)] | None = Field(
        None, description="pixels from this far from the centre on record nothing; pixels"
    )
    poisson_noise: bool = Field(
        False,
        description="count photons or electrons, as pulse_energy and focus_diameter give them",
    )
    disorder: Disorder = Field(
        Disorder(), description="defects of the crystal, which make patterns slower to compute"
    )

    @property
    def uses_seed(self) -> bool:
        """Whether patterns depend on random numbers."""
        return self.poisson_noise or self.disorder != Disorder()

    def contradictions(self) -> Iterator[Contradiction]:
        """Yield keys of grey levels that nothing uses, and crystals too small to fade out."""
        if self.envelope == "gaussian" and min(self.cells) < _FEWEST_FADING:
            yield Contradiction(
                ("envelope", "cells"),
                f"a gaussian needs {_FEWEST_FADING} cells or more along each edge, not "
                f"{min(self.cells)}; give more cells, or `envelope: block`",
            )
        if self.bit_depth == 32 and self.grey_scale != "linear":
            yield Contradiction(
                ("grey_scale", "bit_depth"),
                f"{self.grey_scale} changes nothing with `bit_depth: 32`, which has no grey "
                "levels; leave it out, or set `bit_depth` to 8 or 16",
            )
        if (
            self.grey_scale != "logarithmic"
            and self.decades != type(self).model_fields["decades"].default
        ):
            yield Contradiction(
                ("decades", "grey_scale"),
                "changes nothing without `grey_scale: logarithmic`; leave it out",
            )

    @model_validator(mode="before")
    @classmethod
    def _fill_in_preset(cls, content: Any) -> Any:
        if not (isinstance(content, dict) and isinstance(content.get("views"), str)):
            return content
        name = content["views"]
        if name not in VIEW_PRESETS:
            raise ContradictionError(
                [Contradiction(("views",), f"must be turns or one of: {', '.join(VIEW_PRESETS)}")]
            )
        preset = VIEW_PRESETS[name]
        pixels = content.get("pixels")
        if "pixels" in preset and isinstance(pixels, int):
            # The ring mask covers the same part of a detector of any size.
            scale = pixels / preset["pixels"]
            preset = preset | {key: preset[key] * scale for key in ("beam_stop", "aperture")}
        return preset | {k: v for k, v in content.items() if k != "views"}
