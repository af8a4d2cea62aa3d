"""Sections `reflections` and `measurement`, and what they cannot be together with others."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, NonNegativeFloat, PositiveInt

from spacegrouper.settings.quantity import Quantity
from spacegrouper.settings.run import Settings
from spacegrouper.settings.section import Contradiction, Fraction, Section
from spacegrouper.settings.simulate import Radiation


class Reflections(Section):
    """Intensities of reflections by index (docs/reflections.md)."""

    largest_index: PositiveInt = Field(
        8, le=30, description="reflections with |h|, |k|, |l| up to this are kept"
    )
    resolution: Annotated[float, Quantity("Angstrom", 0.1, 20, 0.8)] | None = Field(
        None, description="and of these, if given, those with lattice spacings from this on"
    )
    form_factors: Radiation = Field(
        "xray",
        description="how atoms scatter: `xray` and `electron` as International Tables C have it "
        "(6.1.1.4 and 4.3.2.2), `neutron` by bound coherent scattering lengths",
    )
    debye_waller_b: Annotated[float, Quantity("Angstrom^2", 1e-4, 50, 0.5, zero=True)] = Field(
        0, description="isotropic displacement parameter B of all atoms, Angstrom^2"
    )
    decades: Annotated[int, Field(ge=1, le=12)] = Field(
        6, description="the strongest reflection over the weakest that is kept, powers of ten"
    )


_Share = Annotated[float, Field(ge=0, le=1)]
_Spacing = Annotated[float, Quantity("Angstrom", 0.1, 20, 0.8, (("nm", 10), ("m", 1e10)))]
_Counts = Annotated[float, Field(ge=1, le=1e12)]


class Measurement(Section):
    """What a measurement does to reflections in training, new in every epoch (docs/reflections.md).

    None of it is stored; it follows from the seed, the epoch and the crystal's id. Where a key is
    the largest value of something, each crystal has a value drawn evenly from 0 to that.
    """

    share: _Share = Field(1, description="share of the crystals of an epoch that are changed")
    largest_b: Annotated[float, Quantity("Angstrom^2", 1e-3, 50, 5, zero=True)] = Field(
        0, description="largest displacement parameter B of all atoms, Angstrom^2"
    )
    largest_extinction: Annotated[float, Field(ge=0, le=1000)] = Field(
        0,
        description="largest x of secondary extinction, which weakens the strongest reflection by "
        "the square root of 1 + x",
    )
    largest_absorption: Annotated[float, Field(ge=0, le=3)] = Field(
        0,
        description="largest anisotropy of absorption: the standard deviation, over all "
        "directions, of the logarithm of the intensity",
    )
    twins: _Share = Field(0, description="share of crystals that are twins by (pseudo-)merohedry")
    largest_twin_fraction: Annotated[float, Field(gt=0, le=0.5)] = Field(
        0.5, description="largest share of a twin's smaller part"
    )
    largest_scatter: Annotated[float, Field(ge=0, le=3)] = Field(
        0,
        description="largest scatter of equivalent reflections, as electrons have it: the standard "
        "deviation of the logarithm of an intensity",
    )
    counts: tuple[_Counts, _Counts] | None = Field(
        None,
        description="fewest and most counts of the strongest reflection, drawn evenly on a "
        "logarithmic scale; none: no counting statistics",
    )
    background: NonNegativeFloat = Field(10, description="counts under each reflection")
    instability: Fraction = Field(
        0, description="part of the standard deviation that is proportional to the intensity"
    )
    cutoff: Annotated[float, Field(ge=0, le=20)] = Field(
        0, description="reflections below so many standard deviations are left out; 0: none"
    )
    largest_wedge: Annotated[float, Quantity("degrees", 0, 170, 60)] = Field(
        0, description="largest opening of the wedge that is not measured, degrees"
    )
    resolution: tuple[_Spacing, _Spacing] | None = Field(
        None,
        description="smallest and largest of the least lattice spacing that is measured, drawn "
        "evenly, Angstrom; none: all are",
    )

    @property
    def changes(self) -> bool:
        """Whether it changes any crystal."""
        largest = (
            *(self.largest_b, self.largest_extinction, self.largest_absorption, self.twins),
            *(self.largest_scatter, self.instability, self.largest_wedge),
        )
        ranges = (self.counts, self.resolution)
        return self.share > 0 and (any(largest) or any(each is not None for each in ranges))

    def contradictions(self) -> Iterator[Contradiction]:
        """Yield ranges that descend, and keys that nothing uses."""
        for key in ("counts", "resolution"):
            first, last = getattr(self, key) or (1, 1)
            if first > last:
                yield Contradiction(
                    (key,), f"must be two ascending numbers, not {first:g} and {last:g}"
                )
        for key, used, where in (
            ("background", self.counts is not None, "`counts`"),
            ("cutoff", self.counts is not None or self.instability > 0, "`counts`"),
            ("largest_twin_fraction", self.twins > 0, "`twins`"),
            ("share", self.changes or self.share == 0, "anything that changes a crystal"),
        ):
            if not used and getattr(self, key) != type(self).model_fields[key].default:
                yield Contradiction((key,), f"changes nothing without {where}; leave it out")


def check(settings: Settings) -> Iterator[Contradiction]:
    """Yield more indices to be shown than there are."""
    size, largest = settings.model.image_size, settings.of(Reflections).largest_index
    if size % 2 == 0 or size > 2 * largest + 1:
        yield Contradiction(
            ("model.image_size", "reflections.largest_index"),
            f"counts the indices of an axis that are shown, of those from -{largest} to {largest}; "
            f"must be an odd number up to {2 * largest + 1}, not {size}",
        )
