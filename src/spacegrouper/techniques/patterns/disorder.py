"""Crystals with missing and displaced atoms: what they consist of, and how they scatter.

Disorder ends the periodicity, and with it the factorisation of kinematic.py: every atom of the
supercell has to be summed, at every pixel. The sum is a Fourier transform from scattered points
(the atoms) to scattered points (the pixels on the Ewald sphere), which FINUFFT computes (Barnett,
Magland, af Klinteberg, SIAM J. Sci. Comput. 41, C479, 2019).

Along the beam the pixels differ so little in s_z that a few planes of constant s_z are enough:
exp(-2 pi i s_z z) is interpolated between planes, and each plane is a two-dimensional transform.
A three-dimensional transform is as fast, but takes hundreds of megabytes for a common crystal and
gigabytes for a large one. On a flat sphere a single plane is left, and nothing is interpolated.
"""

import math

import finufft
import numpy as np
from numpy.typing import NDArray
from scipy.special import jv

from spacegrouper.crystals.crystal import Crystal
from spacegrouper.randomness import generator_for
from spacegrouper.settings import Simulate
from spacegrouper.techniques.patterns.settings import summed_cells

# Errors in F, as a share of the sum of all form factors, which F reaches at s = 0 only: a
# detector whose brightest pixel is a hundred times weaker than that still has nine digits of it.
_ACCURACY = 1e-11
# FINUFFT's own choice, 2, is no more accurate here and takes about twice the time.
_UPSAMPLING = 1.5


def disordered_atoms(
    crystal: Crystal, simulate: Simulate, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the m atoms of a disordered crystal of N1 x N2 x N3 cells.

    Each atom is missing with the probability `vacancies`, and displaced along each direction by
    a normal deviate of standard deviation `displacement`, all of them independently.

    Returns the positions, (m, 3), Angstrom, in the frame of the crystal's lattice; which atom of
    the cell each is, (m,), an index into `crystal.species`; and how much each counts, (m,): 1 in a
    block, and in a crystal that fades out what its cell does. They depend on nothing but
    the arguments: of the crystal, the id decides about the random numbers. The same atoms are
    missing whatever the displacement, and a larger share of vacancies adds to a smaller one.
    """
    settings, cells = simulate.disorder, summed_cells(simulate)
    corners = np.indices(cells).reshape(3, -1).T
    weights = np.ones(len(corners))
    if simulate.envelope == "gaussian":
        corners -= np.array(cells) // 2
        widths = corners / np.array(simulate.cells)
        weights = (6 / np.pi) ** 1.5 * np.exp(-6 * np.sum(widths**2, axis=1))
    positions = ((corners[:, None] + crystal.frac_coords) @ crystal.lattice).reshape(-1, 3)
    sites = np.tile(np.arange(len(crystal.species)), len(corners))
    generator = generator_for(seed, crystal.id, "disorder")
    # Drawn for all atoms in any case, so that neither option changes the other's numbers.
    present = generator.random(len(sites)) >= settings.vacancies
    positions += settings.displacement * generator.standard_normal(positions.shape)
    counted = np.repeat(weights, len(crystal.species))[present]
    return positions[present], sites[present], counted


def sum_over_atoms(
    positions: NDArray[np.float64],
    element: NDArray[np.int64],
    weights: NDArray[np.float64],
    form_factors: NDArray[np.float64],
    s: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return |F(s)|^2 at each pixel, F(s) = sum of w_j f_j(s) exp(-2 pi i s.r_j) over all atoms.

    `positions`: (m, 3), Angstrom; `element`: (m,), the row of each atom in `form_factors`,
    (elements, pixels), electrons; `weights`: (m,), how much each counts; `s`: (3, pixels),
    1/Angstrom, in the frame of the positions, with the beam along z. Returns (pixels,), electrons
    squared; zeros if there are no atoms.

    F is in error by less than 1e-10 of the sum of all form factors. The time grows with the
    number of elements, and with the crystal's extent across the beam (squared) and along it.
    Runs on one thread, and on several at a time without any of them changing its result.
    """
    amplitude = np.zeros(s.shape[1], dtype=np.complex128)
    if len(positions) == 0:
        return np.zeros(s.shape[1])
    x, y, z = positions.T
    # A shift along the beam is a phase common to all atoms; centred, the crystal needs the
    # fewest planes.
    z = z - (z.min() + z.max()) / 2
    planes, shares = _planes_across_beam(s[2], z.max())
    across_x, across_y = 2 * np.pi * s[0], 2 * np.pi * s[1]
    for row in np.unique(element):
        atoms = element == row
        plan = finufft.Plan(
            3, 2, eps=_ACCURACY, isign=-1, nthreads=1, upsampfac=_UPSAMPLING, dtype="complex128"
        )
        plan.setpts(x[atoms], y[atoms], s=across_x, t=across_y)
        for s_z, share in zip(planes, shares, strict=True):
            transform = plan.execute(weights[atoms] * np.exp(-2j * np.pi * s_z * z[atoms]))
            amplitude += form_factors[row] * share * transform
    return amplitude.real**2 + amplitude.imag**2


def _planes_across_beam(
    s_z: NDArray[np.float64], reach: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return k planes s_z = constant, and how to interpolate exp(-2 pi i s_z z) between them.

    `s_z`: (pixels,); `reach`: the largest |z|. Returns the planes, (k,), and the weight of each
    at each pixel, (k, pixels): Lagrange's polynomials on Chebyshev nodes, in barycentric form
    (Berrut, Trefethen, SIAM Rev. 46, 501, 2004). By the Jacobi-Anger expansion the error is at
    most 4 times the sum of |J_n(2 pi h z)| over n >= k, where h is half the range of s_z.
    """
    middle, half_range = (s_z.max() + s_z.min()) / 2, (s_z.max() - s_z.min()) / 2
    phase = 2 * np.pi * half_range * reach
    bessel = np.abs(jv(np.arange(2 * math.ceil(phase) + 40), phase))
    errors = 4 * np.cumsum(bessel[::-1])[::-1]
    count = np.count_nonzero(errors > _ACCURACY)
    angles = np.pi * (np.arange(count) + 0.5) / count
    nodes = np.cos(angles)
    differences = (s_z - middle) / (half_range or 1.0) - nodes[:, None]
    # A pixel on a node would be 0 / 0; with next to nothing instead its weight there is 1.
    differences[differences == 0] = np.finfo(np.float64).tiny
    signs = 1 - 2 * (np.arange(count) % 2)
    weights = (signs * np.sin(angles))[:, None] / differences
    return middle + half_range * nodes, weights / weights.sum(axis=0)
