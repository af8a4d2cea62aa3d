"""Patterns on disk: raw shards (HDF5), the dataset (Zarr), and proof that they are whole."""
