import numpy as np
import pandas as pd
from small_dataset import write_small_dataset

from spacegrouper.evaluation.overlap import share_met_before

SPLIT = pd.DataFrame(
    {"row": [0, 1, 2, 4, 5, 6], "part": ["train", "validation", "test", "test", "test", "test"]}
)


def test_shares_count_test_crystals_whose_like_is_in_another_part(tmp_path) -> None:
    dataset = write_small_dataset(
        tmp_path / "d.zarr",
        np.zeros((7, 3, 8, 8), dtype=np.uint8),
        [2] * 7,
        # Row 3 is in no part, and an unknown one, as in rows 0 and 6, is like no other.
        prototype=["", "AB_1", "AB_1", "AB_2", "AB_2", "AB_1", ""],
        structure_key=["2-a", "2-b", "2-c", "2-c", "2-b", "2-d", "2-e"],
    )
    found = share_met_before(SPLIT, dataset)
    assert found == {"prototype_met_before": 2 / 4, "crystal_met_before": 1 / 4}
