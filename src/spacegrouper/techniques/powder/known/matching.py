"""How like a measured powder known crystals are, once their cells are refined.

All crystals are first compared on an axis of log(sin theta), on which a cell that is larger by one
factor is a shift. Of the most alike, cells are then refined: lines are assigned to peaks within a
tolerance that shrinks from 1.2 to 0.15 % of the spacing, and least squares change the free terms of
the reciprocal metric and the zero of the angles, held to where they were by what is usual. Computed
cells are wrong by a percent, and crystals of one structure type differ by more.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from spacegrouper.techniques.powder.known.peaks import Peaks, measured_parts
from spacegrouper.techniques.powder.known.strong_lines import LEVELS, LINES
from spacegrouper.techniques.powder.settings import Powder

Floats = NDArray[np.float64]

REFINED = 6000  # crystals whose cells are refined

_STEP = 0.002  # of log(sin theta)
_BLUR = 2.0  # steps: cells are not larger by one factor alone
_LARGEST_SHIFT = 40  # steps, 8 % of the cell: isotypic crystals of other elements
_EVERY = 2  # steps
_TOLERANCES = np.array([0.012, 0.009, 0.006, 0.004, 0.003, 0.002, 0.0015])  # of log(sin theta)
_USUAL_STRAIN = 0.012  # of each axis, beside the shift
_USUAL_ZERO = 0.04  # degrees
# Of each free term of a metric, the axes of the reciprocal lattice that it is the product of, where
# there are as many.
_FIRST_AXIS = np.array([0, 1, 2, 0, 0, 1])
_SECOND_AXIS = np.array([0, 1, 2, 2, 1, 2])
_LEAST_ERROR = 0.02  # degrees, of a peak's place
_REACH = 3.5  # standard deviations of a Gaussian peak
_SIGMA = 1 / 2.3548  # of the full width at half maximum


@dataclass(frozen=True, eq=False)
class Lines:
    """The strong lines of n crystals, as StrongLines has them of one.

    Args:
        families: (n,).
        metrics: (n, 6).
        indices: (n, LINES, 3).
        roots: (n, LINES).
    """

    families: NDArray[np.int8]
    metrics: NDArray[np.float32]
    indices: NDArray[np.int8]
    roots: NDArray[np.uint8]

    def of(self, rows: NDArray[np.int64]) -> tuple[NDArray[Any], ...]:
        """Return the arrays of some crystals, as the functions below take them."""
        return self.families[rows], self.metrics[rows], self.indices[rows], self.roots[rows]


@dataclass(frozen=True, eq=False)
class Matches:
    """Crystals that a diffractogram is like, the most alike first.

    Args:
        rows: (k,), which crystals.
        likeness: (k,), the cosine between the square roots of the measured and the computed curve,
            which has the lines within the measured range.
        metrics: (k, 6), of the refined cells.
        zeros: (k,), the angles that are measured too large by so much, degrees.
    """

    rows: NDArray[np.int64]
    likeness: Floats
    metrics: Floats
    zeros: Floats


def match(
    peaks: Peaks, lines: Lines, powder: Powder, threads: int = 1, without: int | None = None
) -> Matches:
    """Return the known crystals that a measured powder is most like.

    Args:
        peaks: of the measured powder.
        lines: of the crystals.
        powder: the range of the angles, and the wavelength.
        threads: no result depends on them.
        without: the row of a crystal that is not to be found.
    """
    wavelength = powder.wavelength * 1e10
    angles = peaks.first + peaks.spacing * np.arange(peaks.curve.size)
    logarithm = np.log(2 * np.sin(np.radians(angles / 2)) / wavelength)
    bins = np.rint((logarithm - logarithm[0]) / _STEP).astype(np.int64)
    sums = np.bincount(bins, weights=peaks.curve)
    observed = np.sqrt(np.maximum(gaussian_filter1d(sums, _BLUR), 0))
    observed /= max(float(np.linalg.norm(observed)), np.finfo(np.float64).tiny)
    # At low angles there are places between two points.
    seen = np.zeros(observed.size, dtype=np.bool_)
    for part in measured_parts(peaks.measured):
        seen[bins[part.start] : bins[part.stop - 1] + 1] = True
    coarse, shift = _in_threads(
        lambda part: _coarse_likeness(
            *lines.of(part),
            observed,
            logarithm[0],
            seen,
        ),
        np.arange(len(lines.families)),
        threads,
    )
    rows = np.argsort(-coarse, kind="stable")
    rows = rows[rows != without][:REFINED]
    likeness, metrics, zeros = _in_threads(
        lambda part: _refined_likeness(
            *lines.of(part),
            shift[part],
            peaks.curve,
            peaks.places,
            peaks.heights,
            peaks.width,
            peaks.measured,
            peaks.first,
            peaks.spacing,
            wavelength,
        ),
        rows,
        threads,
    )
    order = np.argsort(-likeness, kind="stable")
    return Matches(rows[order], likeness[order], metrics[order], zeros[order])


def line_places(lines: Lines, matches: Matches, place: int, powder: Powder) -> Floats:
    """Return angles 2 theta, degrees, and roots of intensities of the lines of a match, (n, 2).

    They are where its refined cell puts them, and the largest root is 1.
    """
    row = matches.rows[place]
    factors = np.zeros((LINES, 6))
    seen, _ = _line_factors(lines.families[row], lines.indices[row], lines.roots[row], factors)
    sine = np.sqrt(factors[:seen] @ matches.metrics[place]) * powder.wavelength * 1e10 / 2
    angles = np.degrees(2 * np.arcsin(np.where(sine < 1, sine, np.nan))) + matches.zeros[place]
    roots = lines.roots[row, :seen] / LEVELS
    inside = (angles >= powder.two_theta[0]) & (angles <= powder.two_theta[1])
    found: Floats = np.stack([angles, roots], axis=1)[inside]
    return found


def _in_threads(
    work: Callable[[NDArray[np.int64]], tuple[Floats, ...]], rows: NDArray[np.int64], threads: int
) -> list[Floats]:
    """Let threads work on their parts of the rows, and join what they return."""
    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(work, np.array_split(rows, threads)))
    return [np.concatenate(parts) for parts in zip(*found, strict=True)]


@njit(cache=True, nogil=True)
def _metric_terms(family: int, h: float, k: float, l: float, terms: Any) -> int:
    """Write the factors of a metric's free terms, of which 1/d^2 is the sum; return how many.

    `family`: the place among FAMILIES; the order of the terms is that of StrongLines.metric.
    """
    if family == 5:
        terms[0] = h * h + k * k + l * l
        return 1
    if family >= 3:
        terms[0] = h * h + k * k + (h * k if family == 4 else 0.0)
        terms[1] = l * l
        return 2
    terms[0], terms[1], terms[2] = h * h, k * k, l * l
    if family == 2:
        return 3
    terms[3] = 2 * h * l
    if family == 1:
        return 4
    terms[4], terms[5] = 2 * h * k, 2 * k * l
    return 6


@njit(cache=True, nogil=True)
def _line_factors(family: int, indices: Any, roots: Any, factors: Any) -> Any:
    """Write the factors of the lines of a crystal, (LINES, 6); return how many lines and terms."""
    lines, free = 0, 0
    while lines < LINES and roots[lines] > 0:
        h, k, l = indices[lines]
        free = _metric_terms(family, float(h), float(k), float(l), factors[lines])
        lines += 1
    return lines, free


@njit(cache=True, nogil=True)
def _coarse_likeness(
    families: Any,
    metrics: Any,
    indices: Any,
    roots: Any,
    observed: Any,
    first: float,
    seen: Any,
) -> Any:
    """Return the largest cosine of each crystal at any shift, and that shift in steps.

    `observed`: (places,), of unit length, _STEP apart from log(1/d) = `first` on; `seen`:
    (places,), which were measured; lines elsewhere do not count.
    """
    likeness = np.zeros(len(families))
    shifts = np.zeros(len(families))
    place, root, factors = np.empty(LINES), np.empty(LINES), np.empty((LINES, 6))
    for row in range(len(families)):
        lines, free = _line_factors(families[row], indices[row], roots[row], factors)
        for line in range(lines):
            s_squared = _s_squared(factors[line], metrics[row, :free])
            place[line] = (0.5 * np.log(s_squared) - first) / _STEP
            root[line] = roots[row, line] / LEVELS
        for shift in range(-_LARGEST_SHIFT, _LARGEST_SHIFT + 1, _EVERY):
            product, square = 0.0, 0.0
            for line in range(lines):
                at = int(np.floor(place[line] + shift + 0.5))
                if 0 <= at < seen.size and seen[at]:
                    product += root[line] * observed[at]
                    square += root[line] ** 2
            if square > 0 and product / np.sqrt(square) > likeness[row]:
                likeness[row], shifts[row] = product / np.sqrt(square), shift
    return likeness, shifts


@njit(cache=True, nogil=True)
def _refined_likeness(
    families: Any,
    metrics: Any,
    indices: Any,
    roots: Any,
    shifts: Any,
    curve: Any,
    places: Any,
    heights: Any,
    width: float,
    measured: Any,
    first: float,
    spacing: float,
    wavelength: float,
) -> Any:
    """Refine the cell of each crystal; return likeness (n,), metrics (n, 6) and zeros (n,)."""
    likeness = np.zeros(len(families))
    refined = np.zeros((len(families), 6))
    zeros = np.zeros(len(families))
    logarithms = np.log(np.sin(np.radians(places / 2)))
    factors = np.zeros((LINES, 6))
    for row in range(len(families)):
        lines, free = _line_factors(families[row], indices[row], roots[row], factors)
        area = (roots[row, :lines] / LEVELS) ** 2
        start = metrics[row, :free].astype(np.float64) * np.exp(2 * _STEP * shifts[row])
        metric = start.copy()
        zero = 0.0
        for tolerance in _TOLERANCES:
            zero += _refine(
                metric, start, zero, factors[:lines, :free], area, places, heights, logarithms,
                tolerance, wavelength,
            )  # fmt: skip
        likeness[row] = _cosine(
            metric, zero, factors[:lines, :free], area, curve, width, measured, first, spacing,
            wavelength,
        )  # fmt: skip
        refined[row, :free] = metric
        zeros[row] = zero
    return likeness, refined, zeros


@njit(cache=True, nogil=True)
def _refine(
    metric: Any,
    start: Any,
    zero: float,
    factors: Any,
    area: Any,
    places: Any,
    heights: Any,
    logarithms: Any,
    tolerance: float,
    wavelength: float,
) -> Any:
    """Change a metric (terms,) by one step of least squares; return what to add to the zero.

    The metric is in units of its first term, so that all unknowns are of one size.
    """
    free = metric.size
    unit = start[0]
    normal = np.zeros((free + 1, free + 1))
    right = np.zeros(free + 1)
    row = np.ones(free + 1)
    for line in range(len(factors)):
        angle = _two_theta(factors[line], metric, wavelength)
        if np.isnan(angle):
            continue
        logarithm = np.log(np.sin(np.radians((angle + zero) / 2)))
        # Of the peaks within the tolerance, one that is near and high enough.
        best, found = 0.0, -1
        peak = np.searchsorted(logarithms, logarithm - tolerance)
        while peak < places.size and logarithms[peak] < logarithm + tolerance:
            offset = (logarithms[peak] - logarithm) / tolerance
            fit = (1 - offset * offset) * min(np.sqrt(heights[peak]), 2 * np.sqrt(area[line]))
            if fit > best:
                best, found = fit, peak
            peak += 1
        if found < 0:
            continue
        # 2 theta = 2 asin(wavelength s / 2), so d(2 theta) = tan(theta) d(s^2) / s^2.
        slope = np.degrees(np.tan(np.radians(angle / 2))) / _s_squared(factors[line], metric)
        error = max(_LEAST_ERROR, tolerance * np.degrees(2 * np.tan(np.radians(angle / 2))) / 3)
        trust = min(1.0, np.sqrt(heights[found] / area[line]) + 0.1)
        weight = np.sqrt(area[line]) * trust / error**2
        row[:free] = factors[line] * slope * unit
        residual = places[found] - angle - zero
        for i in range(free + 1):
            right[i] += weight * row[i] * residual
            for j in range(free + 1):
                normal[i, j] += weight * row[i] * row[j]
    for term in range(free):
        # Of a cross term, as of a square one whose axes are those of both.
        size = np.sqrt(start[_FIRST_AXIS[term]] * start[_SECOND_AXIS[term]]) / unit
        usual = 2 * _USUAL_STRAIN * size
        normal[term, term] += 1 / usual**2
        right[term] += (start[term] - metric[term]) / unit / usual**2
    normal[free, free] += 1 / _USUAL_ZERO**2
    right[free] -= zero / _USUAL_ZERO**2
    step = np.linalg.solve(normal, right)
    metric += step[:free] * unit
    return step[free]


@njit(cache=True, nogil=True)
def _two_theta(factors: Any, metric: Any, wavelength: float) -> Any:
    """Return the angle of a reflection, degrees; NaN where there is none."""
    sine = np.sqrt(max(_s_squared(factors, metric), 0.0)) * wavelength / 2
    return np.degrees(2 * np.arcsin(sine)) if 0 < sine < 1 else np.nan


@njit(cache=True, nogil=True)
def _s_squared(factors: Any, metric: Any) -> Any:
    """Return 1/d^2, 1/Angstrom^2, of the factors of a metric's free terms."""
    total = 0.0
    for term in range(metric.size):
        total += factors[term] * metric[term]
    return total


@njit(cache=True, nogil=True)
def _cosine(
    metric: Any,
    zero: float,
    factors: Any,
    area: Any,
    curve: Any,
    width: float,
    measured: Any,
    first: float,
    spacing: float,
    wavelength: float,
) -> Any:
    """Return the cosine between the square roots of a curve and of Gaussian peaks at the lines.

    Of what was measured, (points,); the rest does not count.
    """
    computed = np.zeros(curve.size)
    sigma = width * _SIGMA / spacing
    for line in range(len(factors)):
        angle = _two_theta(factors[line], metric, wavelength)
        centre = (angle + zero - first) / spacing
        if np.isnan(angle) or not 0 <= centre <= curve.size - 1:
            continue
        if not (measured[int(np.floor(centre))] and measured[int(np.ceil(centre))]):
            continue
        begin = max(0, int(np.ceil(centre - _REACH * sigma)))
        end = min(curve.size, int(np.floor(centre + _REACH * sigma)) + 1)
        for point in range(begin, end):
            if measured[point]:
                computed[point] += area[line] * np.exp(-0.5 * ((point - centre) / sigma) ** 2)
    product, square, observed = 0.0, 0.0, 0.0
    for point in range(curve.size):
        product += np.sqrt(computed[point] * curve[point])
        square += computed[point]
        observed += curve[point]
    return product / np.sqrt(max(square * observed, 1e-12))
