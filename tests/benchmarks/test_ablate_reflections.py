"""The ablation shows forests what its table says."""

import numpy as np
import pandas as pd
from ablate_reflections import shown


class Store:
    """Two crystals, of which the second has one reflection more."""

    def read(self, rows: np.ndarray, names: list[str]) -> dict[str, np.ndarray]:
        raw = np.zeros((2, 9, 17, 17), dtype=np.uint16)
        raw[:, 0, 10, 8] = 65535  # 200
        raw[1, 0, 8, 10] = 65535 * 5 // 6  # 020, a tenth of it
        cells = np.array([[4, 5, 6, 90, 90, 90.0]] * 2)
        return {"raw": raw[rows], "cell": cells[rows]}


def test_zones_are_logarithmic_or_grey_levels() -> None:
    found = shown(Store(), pd.DataFrame({"row": [0, 1]}))
    assert {len(numbers) for numbers in found.values()} == {2}
    logarithmic, linear = found["zones, logarithmic"], found["zones, 255 linear levels"]
    assert logarithmic.shape == (2, 3 * 13 * 13)
    assert sorted(set(logarithmic[1].round(3))) == [0, 0.833, 1]
    assert sorted(set(linear[1])) == [0, 25, 255]
    assert not np.array_equal(*found["tests of symmetry"])
    assert np.array_equal(*found["the cell"])
