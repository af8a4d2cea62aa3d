"""The bounds from the lattice: above what they bound, not far above it, and no margin too many."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from spacegrouper.techniques.patterns.cell_sum import UNIT_ROUNDOFF, Extent
from spacegrouper.techniques.patterns.lattice_bounds import lattice_bounds

Case = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]


def exact_shares(
    s: NDArray[np.float64],
    lattices: NDArray[np.float64],
    cells: NDArray[np.int64],
    gaussian: bool = False,
) -> NDArray[np.float64]:
    """The lattice factors as shares of the largest, by the library's sines; summed over turns."""
    off = lattices @ s
    off -= np.round(off)
    if gaussian:
        fading: NDArray[np.float64] = np.exp(-((np.pi * cells[:, None] * off) ** 2) / 3)
        return fading.prod(axis=1).sum(axis=0)
    off = np.where(off == 0, 1e-12, off)
    ratios = np.sin(np.pi * cells[:, None] * off) / np.sin(np.pi * off) / cells[:, None]
    shares: NDArray[np.float64] = (ratios**2).prod(axis=1).sum(axis=0)
    return shares


def bounds(
    case: Case, unit_roundoff: float = UNIT_ROUNDOFF, gaussian: bool = False
) -> NDArray[np.float64]:
    s, lattices, cells = case
    shares = np.ones(s.shape[1], np.float32)
    longest = float(np.linalg.norm(s, axis=0).max())
    found: NDArray[np.float32] = lattice_bounds(
        s.astype(np.float32), shares, lattices, Extent(cells, gaussian), longest, unit_roundoff
    )
    return found.astype(np.float64)


def make_case(cells: list[int], edge: float, width: float, turns: int, seed: int) -> Case:
    """A triclinic lattice, and pixels within so many cells' widths of its reflections."""
    random = np.random.default_rng(seed)
    lattices = edge * (np.eye(3) + random.uniform(-0.3, 0.3, (turns, 3, 3)))
    counts = np.array(cells)
    indices = (
        random.integers(-20, 21, (3, 3000))
        + width * random.uniform(-1, 1, (3, 3000)) / (counts[:, None])
    )
    return np.linalg.solve(lattices[0], indices), lattices, counts


cases = st.builds(
    make_case,
    st.lists(st.sampled_from([1, 2, 3, 10, 17, 1000, 100_000]), min_size=3, max_size=3),
    st.floats(1, 400),
    st.sampled_from([0, 1e-6, 0.1, 1, 3, 1e6]),
    st.integers(1, 3),
    st.integers(0, 2**32),
)


@given(cases, st.booleans())
def test_no_lattice_factor_exceeds_its_bound(case: Case, gaussian: bool) -> None:
    assert np.all(bounds(case, gaussian=gaussian) >= exact_shares(*case, gaussian))


@pytest.mark.parametrize("gaussian", [False, True])
def test_bounds_are_near_what_they_bound(gaussian: bool) -> None:
    case = make_case([10, 10, 10], 5, 0.9, 1, 0)
    exact = exact_shares(*case, gaussian)
    assert np.median(bounds(case, gaussian=gaussian) / exact) < 1.01
    assert np.all(bounds(case, gaussian=gaussian) <= 1.05 * exact + 1e-4)


def test_a_margin_of_a_tenth_would_lose_pixels() -> None:
    # Where a thousand cells multiply the error of an index, and each factor is steep.
    case = make_case([1000, 1000, 1000], 40, 1.0, 1, 0)
    assert np.any(bounds(case, UNIT_ROUNDOFF / 10) < exact_shares(*case))
    assert np.any(bounds(case, UNIT_ROUNDOFF / 10, True) < exact_shares(*case, True))


def test_what_single_precision_cannot_hold_is_not_lost() -> None:
    s, lattices, cells = make_case([2, 2, 2], 5, 1.0, 1, 0)
    shares = np.full(s.shape[1], 1e-40, np.float32)
    extent = Extent(cells, gaussian=False)
    found = lattice_bounds(s.astype(np.float32), shares, lattices, extent, 10.0, UNIT_ROUNDOFF)
    assert np.all(found >= 1e-40 * exact_shares(s, lattices, cells))
