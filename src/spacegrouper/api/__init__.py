"""The package in a notebook: read, simulate, shape, predict, open_dataset."""

from spacegrouper.api.datasets import open_dataset
from spacegrouper.api.patterns import PatternSet, shape, simulate
from spacegrouper.api.predictions import Prediction, predict
from spacegrouper.api.structures import StandardCrystal, read

__all__ = [
    "PatternSet",
    "Prediction",
    "StandardCrystal",
    "open_dataset",
    "predict",
    "read",
    "shape",
    "simulate",
]
