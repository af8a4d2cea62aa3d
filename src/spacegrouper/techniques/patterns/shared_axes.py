"""Whether three patterns can be of one crystal.

Two of them show each axis of the crystal's frame, and so the same distances along it; where a glide
plane or a screw axis hides spots of one, those are simple multiples. A lattice counts here only
where it is beyond doubt: of a crystal that is turned by some degrees few spots are left, and what
is found on them may be wrong. The limits were set so that none of 420 crystals of the Materials
Project, 60 of each crystal system, is refused, as they are and turned by 1, 2 and 3 degrees about
random axes; of patterns of three different ones four fifths are.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spacegrouper.contract.descriptor import Levels

Floats = NDArray[np.float64]

_FEWEST = 8  # spots
_NEAR = 0.2  # of the distance of nodes: a spot that near to one belongs to it
_ON_NODES = 0.95  # of the spots
_FILLED = 0.2  # of the nodes as far out as the spots are
_SAME = 0.05  # relative difference of distances that are multiples
_MULTIPLES = (1, 2, 3, 4, 3 / 2)


def contradiction(
    patterns: Levels,
    spots: Sequence[Floats],
    lattices: Sequence[Floats],
    axes: Sequence[tuple[int, int]],
) -> str:
    """Return which patterns contradict each other, as a sentence, or "".

    Args:
        patterns: (3, y, x), along x, y and z. Of two that are the same image distances are the
            same, and no multiples.
        spots: of each, (2, n), 1/Angstrom, components along its two axes.
        lattices: (2, 2), of each, with all nodes; 0 where none is found.
        axes: of each, those of the frame that its rows follow one another along, and that they run
            along, 0 to 2.
    """
    sure = [_is_sure(lattice, of) for lattice, of in zip(lattices, spots, strict=True)]
    for axis, name in enumerate("xyz"):
        one, other = (view for view, pair in enumerate(axes) if axis in pair)
        if not (sure[one] and sure[other]):
            continue
        distances = [
            float(lattices[view][axes[view].index(axis), axes[view].index(axis)])
            for view in (one, other)
        ]
        ratio = max(distances) / min(distances)
        identical = np.array_equal(patterns[one], patterns[other])
        multiples = np.array(_MULTIPLES[:1] if identical else _MULTIPLES)
        if np.abs(ratio / multiples - 1).min() > _SAME:
            return (
                f"the spots along {name} are {distances[0]:.3g} /Å apart in the pattern along "
                f"{'xyz'[one]}, and {distances[1]:.3g} in that along {'xyz'[other]}; give patterns "
                "of one crystal, each along its own axis"
            )
    return ""


def _is_sure(lattice: Floats, spots: Floats) -> bool:
    """Tell whether a lattice is beyond doubt: most spots are on nodes, and many nodes have one."""
    if not lattice.any():
        return False
    places = np.linalg.solve(lattice.T, spots)
    number = int((np.abs(places - np.rint(places)) < _NEAR).all(axis=0).sum())
    nodes = np.pi * (spots**2).sum(axis=0).max() / abs(np.linalg.det(lattice))
    enough = number >= max(_FEWEST, _ON_NODES * spots.shape[1])
    return bool(enough and number >= _FILLED * nodes)
