"""How frequent space groups are: what is known before anything is measured."""

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from spacegrouper.crystals.group_frequencies import INORGANIC
from spacegrouper.techniques.reflections.ranking.group_settings import told_apart

Prior = Literal["inorganic", "molecular", "none", "trained"]
PRIORS: tuple[Prior, ...] = get_args(Prior)
USUAL = PRIORS[0]
PRIOR_WORDS: dict[Prior, str] = {
    "inorganic": "space groups about as frequent as in the Inorganic Crystal Structure Database",
    "molecular": "space groups about as frequent as in the Cambridge Structural Database",
    "none": "all space groups are taken for equally frequent",
    "trained": "space groups as frequent as in the crystals that the ranker was trained on",
}

# Percent, about as in the Cambridge Structural Database, where P2_1/c has 34 % (CCDC, CSD Space
# Group Statistics, 2024); below 1 % no more than the order of magnitude. Those of enantiomorphic
# pairs are of both.
_MOLECULAR = {
    **{14: 34.5, 2: 24.8, 15: 8.4, 19: 7.2, 4: 5.2, 61: 3.3, 33: 1.4, 62: 1.1, 9: 1.1, 1: 1.0},
    **{60: 0.9, 5: 0.9, 29: 0.8, 148: 0.7, 11: 0.6, 13: 0.6, 12: 0.5, 18: 0.4, 7: 0.4, 56: 0.4},
    **{43: 0.4, 88: 0.4, 92: 0.4, 114: 0.2, 82: 0.2, 20: 0.2, 64: 0.2, 58: 0.2, 52: 0.2, 54: 0.2},
    **{63: 0.2, 76: 0.2, 86: 0.2, 144: 0.2, 147: 0.2, 161: 0.2, 167: 0.2, 205: 0.1, 169: 0.1},
}
_RARE = 0.02  # percent, of all others


def frequencies(prior: Prior, counted: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the relative frequencies of space groups, (231,), those of pairs with the smaller.

    Args:
        prior: as PRIOR_WORDS says.
        counted: (231,), the crystals that the ranker was trained on.
    """
    if prior == "molecular":
        return np.array([_MOLECULAR.get(number, _RARE) for number in range(231)])
    together = np.ones(231)  # as if there were one more of each
    if prior == "none":
        return together
    for number in range(1, 231):
        of_group = counted[number] if prior == "trained" else INORGANIC.get(number, 0)
        together[told_apart(number)] += of_group
    return together
