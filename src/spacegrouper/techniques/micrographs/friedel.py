"""Friedel's law in one pattern: reflections h and -h are alike, whatever the crystal.

So it tells which node of the lattice of spots is the direct beam.
"""

import numpy as np

from spacegrouper.errors import UserError
from spacegrouper.techniques.micrographs.grid_points import grid_points
from spacegrouper.techniques.micrographs.micrograph import Floats, Indices
from spacegrouper.techniques.micrographs.zone_reflections import Intensities

CLEAR = 3.0  # sigma: a pair with neither above it says nothing
_FEWEST = 3  # pairs
_NODES = 3  # to either side that the beam is looked for
# Correlation of amplitudes, less its standard error. Of 353 simulated images of thick crystals with
# noise it was above 0.72 at the beam for 99 %, and below 0.67 at all nodes around it for 99 %; in
# each the beam had the highest.
_LEAST = 0.7
_HIGHEST = 0.999  # a correlation of few pairs may be 1 or -1


def beam_node(measured: Intensities) -> Indices:
    """Return the node (2,) about which the intensities have Friedel's symmetry.

    Args:
        measured: intensities at all nodes on the image, with any node as their origin.

    Raises:
        UserError: there is none, or too few spots have their mates on the image.
    """
    nodes = grid_points(_NODES)
    # Of equal ones the nearest.
    nodes = nodes[np.argsort(np.abs(nodes).sum(axis=1), kind="stable")]
    correlations = [_correlation(_pairs(measured, node)) for node in nodes]
    best = int(np.argmax(correlations))
    if correlations[best] < _LEAST:
        raise UserError(
            "opposite spots are unlike about every place where the beam may be (their amplitudes "
            f"correlate by {max(correlations[best], 0):.2f}, and {_LEAST} is needed): the crystal "
            "is off its zone axis, or the beam is near the edge of the image or beyond it"
        )
    found: Indices = nodes[best]
    return found


def _correlation(pairs: Floats) -> float:
    """Return the correlation of pairs that are there both ways, less its standard error.

    By Fisher's transformation, in which that is 1 over the root of the number.
    """
    number = len(pairs) // 2
    if number < _FEWEST:
        return -1.0
    if pairs.std() == 0:
        return _HIGHEST
    found = np.clip(np.corrcoef(pairs.T)[0, 1], -_HIGHEST, _HIGHEST)
    return float(np.tanh(np.arctanh(found) - 1 / np.sqrt(number - 2)))


def _pairs(measured: Intensities, centre: Indices) -> Floats:
    """Return amplitudes of Friedel mates about a node, (n, 2): each pair both ways."""
    largest = int(np.abs(measured.nodes).max()) + 2 * _NODES
    number = np.full((2 * largest + 1,) * 2, -1)
    number[tuple((measured.nodes + largest).T)] = np.arange(len(measured.nodes))
    mates = 2 * centre - measured.nodes
    mate = number[tuple((mates + largest).T)]
    strong = measured.values > CLEAR * measured.sigma
    chosen = (mate >= 0) & (strong | strong[mate]) & (mates != measured.nodes).any(axis=1)
    amplitude = np.sqrt(np.maximum(measured.values, 0))
    return np.column_stack([amplitude[chosen], amplitude[mate[chosen]]])


def friedel_averages(measured: Intensities) -> Intensities:
    """Return the means of Friedel mates about the origin, one node of each pair.

    A node whose mate was not measured stays as it is.
    """
    sign = np.where(
        (measured.nodes[:, 0] > 0) | ((measured.nodes[:, 0] == 0) & (measured.nodes[:, 1] > 0)),
        1,
        -1,
    )
    nodes, place = np.unique(measured.nodes * sign[:, None], axis=0, return_inverse=True)
    count = np.bincount(place)
    return Intensities(
        nodes,
        np.bincount(place, measured.values) / count,
        np.sqrt(np.bincount(place, measured.sigma**2)) / count,
    )
