"""A dataset of any patterns, as scripts/shape.py makes it, without raw shards."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import DESCRIPTORS
from spacegrouper.contract.engine import ENGINES
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.dataset.made_with import technique_of
from spacegrouper.settings import Model, Settings, Simulate, Train, make_settings
from spacegrouper.techniques.patterns.settings import Shape


def settings_of(engine: str, **sections: Any) -> Settings:
    """Return settings of a run with this engine, and a network of one image of what it makes."""
    technique = ENGINES[engine].technique
    descriptor = next(
        each.name for each in DESCRIPTORS if technique in each.techniques and each.gives == "image"
    )
    return make_settings(
        simulate=Simulate(engine=engine),
        model=Model(name="vgg16"),
        train=Train(descriptor=descriptor),
        **sections,
    )


def patterns_settings(pixels: int, **simulate: Any) -> dict[str, Any]:
    """Return what patterns of so many pixels are made with, by the kinematic engine."""
    return {
        "simulate": Simulate(pixels=pixels, **simulate).model_dump(mode="json"),
        "shape": Shape().written_out(pixels).model_dump(mode="json"),
    }


def write_small_dataset(
    path: Path,
    raw: NDArray[Any],
    spacegroup: Sequence[int],
    settings: Mapping[str, Any] | None = None,
    *,
    chunk_rows: int | None = None,
    block_rows: int | None = None,
    **labels: Any,
) -> Dataset:
    """Write crystals, `raw` (n, views, y, x), and open the dataset.

    `settings`: sections that they are made with; default: patterns of the kinematic engine.
    `chunk_rows`: crystals in a chunk, all by default; `block_rows`: in a shard, if there are any.
    `labels`: values of other arrays, such as material_id, prototype, status, shaped; what is left
    out is made up (`shaped` is derived, all crystals are done, no prototype is known).
    """
    count = len(raw)
    made_with = {"settings": settings or patterns_settings(raw.shape[-1])}
    arrays = {
        "raw": raw,
        **technique_of(made_with).derive(raw, made_with["settings"]),
        "spacegroup": np.asarray(spacegroup, dtype=np.int16),
        "status": np.ones(count, dtype=np.uint8),
        "material_id": [f"crystal-{row}" for row in range(count)],
        "crystal_system": [""] * count,
        "prototype": [""] * count,
        "structure_key": [""] * count,
        **labels,
    }
    group = zarr.create_group(path, zarr_format=3, attributes={"made_with": made_with})
    for name, values in arrays.items():
        if isinstance(values, np.ndarray):
            shape = values.shape[1:]
            array = group.create_array(
                name,
                shape=values.shape,
                dtype=values.dtype,
                chunks=(chunk_rows or count, *shape),
                shards=(block_rows, *shape) if block_rows else None,
                config={"write_empty_chunks": True},
            )
            array[:] = values
        else:
            texts = group.create_array(name, shape=(count,), dtype="string")
            texts[:] = np.array(values, dtype=object)
    return Dataset(path)
