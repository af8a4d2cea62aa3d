"""From crystal structures to diffraction images to a network that names the space group."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spacegrouper.api import open_dataset, predict, read, shape, simulate

__all__ = ["open_dataset", "predict", "read", "shape", "simulate"]


def __getattr__(name: str) -> Any:
    # At first use, so that programs that need none of them start without.
    if name in __all__:
        from spacegrouper import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
