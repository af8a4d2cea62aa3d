"""The settings of a run: their sections, how they are read, and the reference made from them."""

from spacegrouper.config.loading import load_settings, settings_from_mapping, write_settings
from spacegrouper.config.sections import Settings

__all__ = ["Settings", "load_settings", "settings_from_mapping", "write_settings"]
