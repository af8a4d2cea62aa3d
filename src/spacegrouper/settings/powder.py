"""Section `powder`."""

import math
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from spacegrouper.settings.quantity import ANGSTROM_IN_METRES, LONGEST_SPACING, Quantity
from spacegrouper.settings.section import Contradiction, Section

_Angle = Annotated[float, Quantity("degrees", 0, 180)]
_MOST_ANGLES = 1_000_000  # of a crystal, which take 2 MB


class Powder(Section):
    """The reflections of a powder, for the engines `xrayutilities` and `pymatgen`."""

    wavelength: Annotated[
        float,
        Quantity("m", 5e-12, 1e-9, 1.5e-10, (("Angstrom", 1e-10), ("nm", 1e-9), ("pm", 1e-12))),
    ] = Field(1.5406e-10, description="wavelength of the X-rays, m (copper K-alpha 1)")
    two_theta: tuple[_Angle, _Angle] = Field(
        (5, 90), description="first and last diffraction angle, degrees"
    )
    step: Annotated[float, Quantity("degrees", 1e-4, 5, 0.01)] = Field(
        0.01, description="angles are kept to the nearest multiple of this, degrees"
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
