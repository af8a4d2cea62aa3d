"""Section `workers`."""

from typing import Literal

from pydantic import Field, PositiveInt

from spacegrouper.settings.section import Section


class Workers(Section):
    """The dask workers that shape the patterns; their results do not depend on these settings."""

    cluster: Literal["local", "slurm"] = Field(
        "local",
        description="`local`: processes of the machine that shapes; `slurm`: SLURM jobs, by "
        "dask-jobqueue, for which the keys below are",
    )
    jobs: PositiveInt = Field(8, description="SLURM jobs at most; their number follows the work")
    processes: PositiveInt = Field(4, description="workers in a job, one core each")
    memory: str = Field(
        "8GB", pattern=r"^\d+(\.\d+)? ?[kMGT](i?B)?$", description="memory of a job, such as 8GB"
    )
    walltime: str = Field(
        "01:00:00",
        pattern=r"^(\d+-)?\d+:\d\d:\d\d$",
        description="time limit of a job, [days-]hours:minutes:seconds",
    )
    partition: str | None = Field(None, description="SLURM partition; none: the site's default")
    account: str | None = Field(None, description="SLURM account; none: the user's default")
