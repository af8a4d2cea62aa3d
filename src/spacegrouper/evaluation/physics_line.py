"""The physics line: what whoever knows the extinction class of a crystal, and no more, names right.

Symmetry alone tells the extinction class at best (crystals/symmetry.py). With that perfectly known,
the best answer is the most frequent space group of the class, then the second most frequent. What a
network names right beyond that it has from the statistics of structures.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.symmetry import Integers, extinction_classes

# As in metrics.json: whether the axes of orthorhombic crystals are known.
AXES: dict[str, Literal["standard", "any order"]] = {
    "physics_line": "standard",
    "physics_line_any_order": "any order",
}


def physics_line(
    trained_on: Integers,
    labels: Integers,
    space_groups: Integers,
    axes: Literal["standard", "any order"] = "standard",
) -> NDArray[np.float64]:
    """Return how frequent each space group is within the extinction class of each test crystal.

    Args:
        trained_on: (K,), the label of each crystal trained on.
        labels: (N,), those of the test crystals.
        space_groups: (C,), the number that each label, 0 to C - 1, stands for.
        axes: of orthorhombic crystals, as `extinction_classes`.

    Returns:
        (N, C), answers as probabilities: 0 for groups of other classes.
    """
    frequency = np.bincount(trained_on, minlength=len(space_groups))
    found = extinction_classes(space_groups, axes=axes)
    within = np.where(found[:, None] == found, frequency, 0)
    shares = within / np.maximum(within.sum(axis=1, keepdims=True), 1)
    return np.asarray(shares[labels])
