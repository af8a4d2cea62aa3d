"""Section `powder`."""

from pydantic import Field, PositiveFloat, field_validator

from spacegrouper.settings.section import Section


class Powder(Section):
    """The reflections of a powder, for the engines `xrayutilities` and `pymatgen`."""

    wavelength: PositiveFloat = Field(
        1.5406e-10, description="wavelength of the X-rays, m (copper K-alpha 1)"
    )
    two_theta: tuple[PositiveFloat, PositiveFloat] = Field(
        (5, 90), description="first and last diffraction angle, degrees"
    )
    step: PositiveFloat = Field(
        0.01, description="angles are kept to the nearest multiple of this, degrees"
    )

    @field_validator("two_theta")
    @classmethod
    def _angles_ascend(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not value[0] < value[1] < 180:
            raise ValueError("must be two ascending angles below 180 degrees")
        return value

    @property
    def angles(self) -> int:
        """How many angles are told apart."""
        return round((self.two_theta[1] - self.two_theta[0]) / self.step) + 1
