"""Section `dataset`."""

from typing import Annotated

from pydantic import Field, PositiveInt

from spacegrouper.settings.section import Section


class Dataset(Section):
    """The Zarr store of all patterns."""

    chunk_crystals: PositiveInt = Field(
        8, description="crystals in a chunk, the unit of reading; a block is one shard of chunks"
    )
    compression_level: Annotated[int, Field(ge=1, le=22)] = Field(
        9, description="level of Zstandard: higher is smaller and slower to write"
    )
