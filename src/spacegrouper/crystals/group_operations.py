"""Rotations and translations in gemmi's operations of a space group, or of a lattice."""

import gemmi
import numpy as np
from numpy.typing import NDArray


def matrices_of(operations: gemmi.GroupOps) -> NDArray[np.int64]:
    """Return the rotations, (m, 3, 3), of all operations but for the centring."""
    return np.array([operation.rot for operation in operations.sym_ops]) // gemmi.Op.DEN


def proper_matrices(operations: gemmi.GroupOps) -> NDArray[np.int64]:
    """Return the proper rotations of the Laue class, (m, 3, 3), in a fixed order."""
    matrices = matrices_of(operations)
    turned = matrices * np.round(np.linalg.det(matrices)).astype(np.int64)[:, None, None]
    found: NDArray[np.int64] = np.unique(turned, axis=0)
    return found


def centring_operations(operations: gemmi.GroupOps) -> gemmi.GroupOps:
    """Return the translations alone, which forbid what is no point of the lattice."""
    return gemmi.GroupOps([gemmi.Op().translated(step) for step in operations.cen_ops])
