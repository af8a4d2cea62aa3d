"""What symmetry makes equal in zones by index: each zone beside its images, and beside the others.

A rotation or a mirror plane of the Laue class maps a zone onto itself or onto another one. Where it
is one of the crystal's, the difference of both is 0 at all nodes. The lattice decides which can be:
a fourfold axis needs equal periods, which a network sees beside the differences.
"""

import numpy as np
from numpy.typing import NDArray

CHANNELS = 16

Zones = NDArray[np.float32]


def compared(zones: Zones) -> NDArray[np.float32]:
    """Return zones and the magnitudes of their differences from one another.

    Args:
        zones: (n, 3, 2 L + 1, 2 L + 1), of the views along x, y and z, each by row and node, from
            -L to L. Rows of the first two are those of l and nodes those of k and of h; of the
            third they are those of h and k.

    Returns:
        (n, L + 1, 2 L + 1, 16), of the rows from 0, the others being equal by Friedel's law. The
        channels are the zones; each beside its mirror image, and beside itself with its axes
        exchanged; the three pairs of them, as a mirror plane along a diagonal of a cube maps
        them, then as a threefold axis does; and the third beside itself turned by 60 degrees.
    """
    along_x, along_y, along_z = zones[:, 0], zones[:, 1], zones[:, 2]
    channels = [along_x, along_y, along_z]
    for zone in (along_x, along_y, along_z):
        channels += [np.abs(zone - zone[:, ::-1]), np.abs(zone - _exchanged(zone))]
    for one, other in (
        *((along_x, along_y), (along_x, along_z), (along_y, _exchanged(along_z))),
        *((along_x, _exchanged(along_y)), (along_x, _exchanged(along_z)), (along_y, along_z)),
    ):
        channels.append(np.abs(one - other))
    channels.append(_beside_turned(along_z))
    return np.stack([each[:, each.shape[1] // 2 :] for each in channels], axis=-1)


def _exchanged(zone: Zones) -> Zones:
    return zone.transpose(0, 2, 1)


def _beside_turned(zone: Zones) -> Zones:
    """Return the differences of a zone from itself turned by 60 degrees; 0 where that is outside.

    Its nodes are those of a rectangular cell, sqrt(3) times as long as it is wide. Node (m, n) of
    the hexagonal lattice, m + n even, comes from ((m - n) / 2, (3 m + n) / 2).
    """
    largest = zone.shape[1] // 2
    m, n = np.indices(zone.shape[1:]) - largest
    row, node = (m - n) // 2, (3 * m + n) // 2
    inside = ((m + n) % 2 == 0) & (np.abs(row) <= largest) & (np.abs(node) <= largest)
    differences = np.zeros_like(zone)
    turned = zone[:, row[inside] + largest, node[inside] + largest]
    differences[:, inside] = np.abs(zone[:, inside] - turned)
    return differences
