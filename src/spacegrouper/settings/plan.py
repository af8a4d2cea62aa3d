"""Section `plan`."""

from pydantic import Field, PositiveInt

from spacegrouper.settings.section import Section


class Plan(Section):
    """How the crystals are cut into blocks, the units of work and of resuming."""

    block_size: PositiveInt = Field(512, description="crystals in a block: one job, one file")
