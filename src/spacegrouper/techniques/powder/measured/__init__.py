"""Measured diffractograms: files of instruments read, and brought to a network's axis."""
