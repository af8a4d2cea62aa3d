"""The settings of a run: one file a section, how they are read, and the reference made of them."""

from spacegrouper.settings.acquire import (
    CifTreeSource,
    JsonLinesSource,
    MaterialsProjectSource,
    OptimadeSource,
    PrototypesSource,
)
from spacegrouper.settings.augment import Augment
from spacegrouper.settings.dataset import Dataset
from spacegrouper.settings.descriptors import DESCRIPTORS, Descriptor, Technique
from spacegrouper.settings.diffractogram import Diffractogram
from spacegrouper.settings.evaluate import Evaluate
from spacegrouper.settings.grid import Grid, GridNetwork
from spacegrouper.settings.loading import load_settings, settings_from_mapping, write_settings
from spacegrouper.settings.model import Model
from spacegrouper.settings.morphology import Morphology
from spacegrouper.settings.plan import Plan
from spacegrouper.settings.powder import Powder
from spacegrouper.settings.release import Release
from spacegrouper.settings.robustness import Robustness
from spacegrouper.settings.run import Settings
from spacegrouper.settings.section import Section
from spacegrouper.settings.shape import Shape
from spacegrouper.settings.simulate import VIEW_PRESETS, Disorder, Simulate, View
from spacegrouper.settings.split import Split
from spacegrouper.settings.standardise import Standardise
from spacegrouper.settings.train import Train
from spacegrouper.settings.workers import Workers

__all__ = [
    "DESCRIPTORS",
    "VIEW_PRESETS",
    "Augment",
    "CifTreeSource",
    "Dataset",
    "Descriptor",
    "Diffractogram",
    "Disorder",
    "Evaluate",
    "Grid",
    "GridNetwork",
    "JsonLinesSource",
    "MaterialsProjectSource",
    "Model",
    "Morphology",
    "OptimadeSource",
    "Plan",
    "Powder",
    "PrototypesSource",
    "Release",
    "Robustness",
    "Section",
    "Settings",
    "Shape",
    "Simulate",
    "Split",
    "Standardise",
    "Technique",
    "Train",
    "View",
    "Workers",
    "load_settings",
    "settings_from_mapping",
    "write_settings",
]
