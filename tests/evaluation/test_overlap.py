import numpy as np
import pandas as pd
import zarr

from spacegrouper.evaluation.overlap import share_met_before

SPLIT = pd.DataFrame(
    {"row": [0, 1, 2, 4, 5, 6], "part": ["train", "validation", "test", "test", "test", "test"]}
)


def dataset_of(**labels: list[str]) -> zarr.Group:
    group = zarr.group(zarr.storage.MemoryStore())
    for name, values in labels.items():
        array = group.create_array(name, shape=(len(values),), dtype="string")
        array[:] = np.array(values, dtype=object)
    return group


def test_shares_count_test_crystals_whose_like_is_in_another_part() -> None:
    # Row 3 is in no part, and an unknown one, as in rows 0 and 6, is like no other.
    prototype = ["", "AB_1", "AB_1", "AB_2", "AB_2", "AB_1", ""]
    key = ["2-a", "2-b", "2-c", "2-c", "2-b", "2-d", "2-e"]
    found = share_met_before(SPLIT, dataset_of(prototype=prototype, structure_key=key))
    assert found == {"prototype_met_before": 2 / 4, "crystal_met_before": 1 / 4}


def test_what_a_dataset_does_not_know_is_left_out() -> None:
    assert share_met_before(SPLIT, dataset_of()) == {}
