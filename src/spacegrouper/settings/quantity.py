"""Numbers with a unit, and the limits that physics sets them."""

import math
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


@dataclass(frozen=True)
class Quantity:
    """Marks a key as a quantity: `Annotated[float, Quantity("m", 1e-13, 1e-9)]`.

    `unit`: as messages write it, empty for shares; `least`, `most`: the values that are possible,
    both included; `typical`: what is usual; `mistaken`: other units that people think in, each
    with its size in `unit`; `zero`: whether 0 is possible too, below `least`.
    A value outside is refused with what was probably meant: the value in those units that is
    possible, the most usual first.
    """

    unit: str
    least: float
    most: float
    typical: float = 1.0
    mistaken: tuple[tuple[str, float], ...] = ()
    zero: bool = False

    def check(self, value: float) -> float:
        """Return the value; raises pydantic's error for one that is not possible."""
        if self._possible(value):
            return value
        least = f"0, or {self.least:g}" if self.zero else f"{self.least:g}"
        unit = f" {self.unit}".rstrip()
        reason = f"must be {least} to {self.most:g}{unit}, not {value:g}{unit}"
        raise PydanticCustomError("quantity", "{reason}", {"reason": reason + self._guess(value)})

    def _possible(self, value: float) -> bool:
        return self.least <= value <= self.most or (self.zero and value == 0)

    def _guess(self, value: float) -> str:
        meant = [
            (value * size, unit) for unit, size in self.mistaken if self._possible(value * size)
        ]
        meant.sort(key=lambda guess: abs(math.log(guess[0] / self.typical)))
        own = f" {self.unit}".rstrip()
        guesses = " or ".join(f"{size:.6g}{own} ({value:g} {unit})" for size, unit in meant)
        return f"; did you mean {guesses}?" if guesses else ""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check the number that pydantic reads."""
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Tell editors the limits."""
        least = 0 if self.zero else self.least
        return handler(schema) | {"minimum": least, "maximum": self.most}


ANGSTROM_IN_METRES = 1e-10
# Reflections of longer lattice spacings, Angstrom, have crystals that no run is about.
LONGEST_SPACING = 20.0
