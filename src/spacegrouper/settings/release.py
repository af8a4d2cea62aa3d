"""Section `release`."""

from pydantic import Field

from spacegrouper.settings.section import RUN_NAME, Section


class Release(Section):
    """Only what changed since an earlier run is simulated (docs/releases.md)."""

    parent: str | None = Field(
        None,
        pattern=RUN_NAME,
        description="the `name` of the finished run of an earlier release, in results/; none: all "
        "crystals are simulated",
    )
