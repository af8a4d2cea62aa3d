"""Datasets as xarray."""

from pathlib import Path
from typing import TYPE_CHECKING

from spacegrouper.dataset.dataset import Dataset

if TYPE_CHECKING:
    import xarray


def open_dataset(path: str | Path) -> "xarray.Dataset":
    """Open a dataset that the workflow made; values are read where they are used.

    Args:
        path: the Zarr store, as `results/demo/dataset.zarr`.

    Returns:
        Its arrays by name, with the labels of a crystal as coordinates.

    Raises:
        UserError: there is no dataset, or it is not of this version.
    """
    import xarray

    Dataset(Path(path))  # says in words what xarray would say in Zarr's
    dataset: xarray.Dataset = xarray.open_zarr(path, consolidated=False)
    return dataset
