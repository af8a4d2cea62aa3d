"""Section `reflections`, and what it cannot be together with others."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from spacegrouper.settings.quantity import Quantity
from spacegrouper.settings.run import Settings
from spacegrouper.settings.section import Contradiction, Section


class Reflections(Section):
    """Intensities of reflections by index (docs/reflections.md)."""

    largest_index: PositiveInt = Field(
        8, le=30, description="reflections with |h|, |k|, |l| up to this are kept"
    )
    resolution: Annotated[float, Quantity("Angstrom", 0.1, 20, 0.8)] | None = Field(
        None, description="and of these, if given, those with lattice spacings from this on"
    )
    form_factors: Literal["xray", "electron", "neutron"] = Field(
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


def check(settings: Settings) -> Iterator[Contradiction]:
    """Yield images that zones of reflections cannot fill."""
    size, largest = settings.model.image_size, settings.of(Reflections).largest_index
    if size % 2 == 0 or size > 2 * largest + 1:
        yield Contradiction(
            ("model.image_size", "reflections.largest_index"),
            f"zones of reflections have a pixel for each index from -{largest} to {largest}; must "
            f"be an odd number up to {2 * largest + 1}, not {size}",
        )
