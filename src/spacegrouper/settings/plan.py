"""Section `plan`."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator

from spacegrouper.settings.section import Section

# Of `auto`: crystals in a shard of a dataset, and shards that it has before these become larger.
_SHARD, _MOST_SHARDS = 512, 2048


class Plan(Section):
    """How the crystals are cut into blocks, the units of work and of resuming."""

    block_size: Annotated[int, Field(ge=1, le=100_000)] | Literal["auto"] = Field(
        "auto",
        description="crystals in a block, without copies: one job, one file; `auto`: as many as it "
        "takes for the start of a job to be less than a tenth of its time, chosen once all are "
        "acquired",
    )

    @field_validator("block_size", mode="wrap")
    @classmethod
    def _number_or_auto(cls, value: Any, validate: Any) -> Any:
        try:
            return validate(value)
        except ValidationError:
            # Otherwise there would be a line for each of the two kinds.
            raise ValueError("must be auto, or a whole number of crystals, 1 to 100000") from None

    def shard_rows(self, rows: int) -> int:
        """Return how many rows of a dataset are one shard, the unit of shaping and of its files.

        With `auto` that depends on the dataset alone, and not on where or how it was simulated.

        Args:
            rows: of the dataset.
        """
        if self.block_size != "auto":
            return self.block_size
        size = _SHARD
        while rows > _MOST_SHARDS * size:
            size *= 2
        return size
