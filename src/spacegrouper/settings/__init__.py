"""The settings of a run: one file a section, how they are read, and the reference made of them.

Sections of techniques and of sources are in their folders; `Settings` has them all.
"""

from spacegrouper.settings.dataset import Dataset
from spacegrouper.settings.evaluate import Evaluate
from spacegrouper.settings.grid import Grid
from spacegrouper.settings.loading import load_settings, settings_from_mapping, write_settings
from spacegrouper.settings.model import Model
from spacegrouper.settings.plan import Plan
from spacegrouper.settings.release import Release
from spacegrouper.settings.robustness import Robustness
from spacegrouper.settings.run import Settings, make_settings
from spacegrouper.settings.section import Section
from spacegrouper.settings.simulate import Disorder, Simulate, View
from spacegrouper.settings.split import Split
from spacegrouper.settings.standardise import Standardise
from spacegrouper.settings.thin import Thin
from spacegrouper.settings.train import Train
from spacegrouper.settings.workers import Workers

__all__ = [
    "Dataset",
    "Disorder",
    "Evaluate",
    "Grid",
    "Model",
    "Plan",
    "Release",
    "Robustness",
    "Section",
    "Settings",
    "Simulate",
    "Split",
    "Standardise",
    "Thin",
    "Train",
    "View",
    "Workers",
    "load_settings",
    "make_settings",
    "settings_from_mapping",
    "write_settings",
]
