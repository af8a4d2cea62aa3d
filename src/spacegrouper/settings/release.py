"""Section `release`."""

from pydantic import Field

from spacegrouper.settings.section import Section


class Release(Section):
    """Only what changed since an earlier run is simulated (docs/releases.md)."""

    parent: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9._-]+$",
        description="the `name` of the finished run of an earlier release, in results/; none: all "
        "crystals are simulated",
    )
