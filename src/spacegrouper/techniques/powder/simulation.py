"""Powder reflections of a crystal: diffraction angles and integrated intensities.

Two engines compute the same from different tables, each the other's check. Both take all
reflections (h k l) of the cell, so that multiplicities need no symmetry:

    I = sum over (h k l) at one angle of |F(h k l)|^2 (1 + cos^2 2theta) / (sin^2 theta cos theta)

with the Lorentz and polarisation factor of an unpolarised beam without monochromator. Neither has
thermal motion, absorption or preferred orientation.

"xrayutilities": the physics of its PowderDiffraction (Kriegner, Matej, Kuzel, Holy, J. Appl. Cryst.
48:613 (2015)), with its tables f0(q) + f1 + i f2, dispersion included. It finds and merges
reflections in Python loops, some 90 ms a crystal, and misses some where axes are very oblique; so
the reflections and their sums over atoms are compiled here. Where it misses none, intensities agree
to 1e-9 of the strongest (tests/techniques/powder/test_simulation.py).
"pymatgen": its XRDCalculator as it is: real form factors, no dispersion, and reflections weaker
than 1e-5 of the strongest left out.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from itertools import islice
from typing import Any, Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

from spacegrouper.contract.engine import Patterns
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.processes import map_in_order
from spacegrouper.techniques.form_factors import EXTINCT
from spacegrouper.techniques.powder.bounds import reason_against_powder
from spacegrouper.techniques.powder.settings import Powder

Engine = Literal["xrayutilities", "pymatgen"]
Lines = tuple[NDArray[np.float64], NDArray[np.float64]]

_BATCH = 64  # crystals handed on at a time
_STRONGEST = 65535
# Angles closer than this are one, as in pymatgen; degrees.
_SAME_ANGLE = 1e-5


class _NoReflectionsError(ValueError):
    """Why a crystal has no reflections."""


def reflections(crystal: Crystal, powder: Powder, engine: Engine) -> Lines:
    """Return 2 theta (m,), degrees, ascending, and intensities (m,), the strongest 100.

    Raises ValueError, with a reason in one line, for elements without a form factor, and for
    crystals without a reflection in the range or with too many of them (bounds.py).
    """
    two_theta, intensity = _lines(crystal, powder, engine)
    return two_theta, 100 * intensity / intensity.max()


def sticks(
    two_theta: NDArray[np.float64], intensity: NDArray[np.float64], powder: Powder
) -> NDArray[np.uint16]:
    """Add up reflections (m,) at the nearest steps of the range; (angles,), the largest 65535."""
    sums = _step_sums(two_theta, intensity, powder)
    values: NDArray[np.uint16] = np.rint(sums / sums.max() * _STRONGEST).astype(np.uint16)
    return values


def simulate_powders(
    crystals: Sequence[Crystal], powder: Powder, engine: Engine, threads: int
) -> Iterator[Patterns]:
    """Simulate the powders of crystals, 64 at a time; no result depends on the threads.

    The values are sticks, uint16 (n, 1, 1, angles); intensity_max is the sum I of the module's
    docstring of the strongest step, electrons^2. pymatgen holds Python's lock, so it runs in as
    many processes instead of threads.
    """
    work = partial(_powder_of, powder=powder, engine=engine)
    found = (map_in_order if engine == "pymatgen" else _map_in_threads)(work, crystals, threads)
    while batch := list(islice(found, _BATCH)):
        values, strongest, reasons = zip(*batch, strict=True)
        yield Patterns(
            np.stack(values)[:, None, None, :], np.array(strongest)[:, None], tuple(reasons)
        )


def _map_in_threads(
    work: Callable[[Crystal], Any], crystals: Sequence[Crystal], threads: int
) -> Iterator[Any]:
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(crystals), _BATCH):
            yield from pool.map(work, crystals[start : start + _BATCH])


def _powder_of(
    crystal: Crystal, powder: Powder, engine: Engine
) -> tuple[NDArray[np.uint16], float, str]:
    """Return a crystal's sticks, the sum at the strongest step, and why there are none."""
    try:
        two_theta, intensity = _lines(crystal, powder, engine)
    except _NoReflectionsError as error:
        return np.zeros(powder.angles, dtype=np.uint16), 0.0, str(error)
    strongest = float(_step_sums(two_theta, intensity, powder).max())
    return sticks(two_theta, intensity, powder), strongest, ""


def _step_sums(
    two_theta: NDArray[np.float64], intensity: NDArray[np.float64], powder: Powder
) -> NDArray[np.float64]:
    steps = np.rint((two_theta - powder.two_theta[0]) / powder.step).astype(np.int64)
    sums = np.zeros(powder.angles)
    np.add.at(sums, steps, intensity)
    return sums


def _lines(crystal: Crystal, powder: Powder, engine: Engine) -> Lines:
    """Return 2 theta, degrees, and the sum I of the module's docstring, electrons^2."""
    _refuse_too_many(crystal, powder, engine)
    simulate = {"xrayutilities": _xrayutilities, "pymatgen": _pymatgen}[engine]
    return simulate(crystal, powder)


def _refuse_too_many(crystal: Crystal, powder: Powder, engine: Engine) -> None:
    """Raise _NoReflectionsError for a crystal of too many reflections within the range."""
    reach = 2 * np.sin(np.radians(powder.two_theta[1] / 2)) / (powder.wavelength * 1e10)
    if reason := reason_against_powder(crystal, float(reach), engine):
        raise _NoReflectionsError(reason)


def _pymatgen(crystal: Crystal, powder: Powder) -> Lines:
    from pymatgen.analysis.diffraction.xrd import ATOMIC_SCATTERING_PARAMS, XRDCalculator
    from pymatgen.core import Element, Structure

    for symbol in crystal.species:
        if symbol not in ATOMIC_SCATTERING_PARAMS:
            raise _NoReflectionsError(f"element {symbol!r} has no form factor")
    structure = Structure(crystal.lattice, crystal.species, crystal.frac_coords)
    calculator = XRDCalculator(wavelength=powder.wavelength * 1e10)
    try:
        pattern = calculator.get_pattern(structure, scaled=False, two_theta_range=powder.two_theta)
    except ValueError:  # of max(), where there is nothing
        raise _no_reflection(powder) from None
    two_theta, intensity = np.array(pattern.x), np.array(pattern.y)
    # What each line would be if all atoms scattered in phase.
    s_squared = (2 * np.sin(np.radians(two_theta / 2)) / calculator.wavelength) ** 2
    amplitude = np.zeros(two_theta.size)
    for symbol, count in Counter(crystal.species).items():
        a, b = np.array(ATOMIC_SCATTERING_PARAMS[symbol]).T
        decline = np.exp(-s_squared[:, None] / 4 * b) @ a
        amplitude += count * (Element(symbol).Z - 41.78214 * s_squared / 4 * decline)
    families = [[family["multiplicity"] for family in line] for line in pattern.hkls]
    multiplicity = np.array([sum(line) for line in families])
    most = multiplicity * amplitude**2 * _lorentz_polarisation(np.radians(two_theta / 2))
    return _without_extinct(two_theta, intensity, most, powder)


def indexed_reflections(
    crystal: Crystal, powder: Powder
) -> tuple[NDArray[np.int16], NDArray[np.float64], NDArray[np.float64]]:
    """Return h k l (m, 3), 2 theta (m,), degrees, and intensities (m,), by `xrayutilities`.

    Of each pair (h k l), (-h -k -l) there is one, with the intensities of both. Raises ValueError
    as `reflections` does; what is extinct has the intensity of a rounding error.
    """
    _refuse_too_many(crystal, powder, "xrayutilities")
    indices, theta, (intensity, _) = _structure_factors(crystal, powder)
    return indices, np.degrees(2 * theta), intensity * _lorentz_polarisation(theta)


def _xrayutilities(crystal: Crystal, powder: Powder) -> Lines:
    _, theta, sums = _structure_factors(crystal, powder)
    two_theta, (intensity, most) = _merged(
        np.degrees(2 * theta), sums * _lorentz_polarisation(theta)
    )
    return _without_extinct(two_theta, intensity, most, powder)


def _structure_factors(
    crystal: Crystal, powder: Powder
) -> tuple[NDArray[np.int16], NDArray[np.float64], NDArray[np.float64]]:
    """Return h k l (m, 3), theta (m,), radians, and sums (2, m) over (h k l) and (-h -k -l).

    The sums: |F|^2, and what it were if all atoms scattered in phase.
    """
    wavelength = powder.wavelength * 1e10
    symbols = sorted(set(crystal.species))
    scatterers = [_scatterer(symbol, wavelength) for symbol in symbols]
    element = np.array([symbols.index(symbol) for symbol in crystal.species])
    order = np.argsort(element, kind="stable")
    first, last = (2 * np.sin(np.radians(angle / 2)) / wavelength for angle in powder.two_theta)
    indices, s_squared, sums = _sums_over_atoms(
        np.linalg.inv(crystal.lattice).T,
        np.ceil(last * np.linalg.norm(crystal.lattice, axis=1)).astype(np.int64),
        first**2,
        last**2,
        crystal.frac_coords[order],
        np.searchsorted(element[order], np.arange(len(symbols) + 1)),
    )
    if s_squared.size == 0:
        raise _no_reflection(powder)
    structure_factor = np.zeros(s_squared.size, dtype=np.complex128)
    opposite = np.zeros_like(structure_factor)
    amplitude = np.zeros(s_squared.size)
    counts = np.bincount(element)
    for (constant, a, b, dispersion), sum_, count in zip(scatterers, sums, counts, strict=True):
        # The table is in (sin theta / lambda)^2 = s^2 / 4.
        factor = constant + np.exp(s_squared[:, None] / -4 * b) @ a + dispersion
        structure_factor += factor * sum_
        # With dispersion F(-h -k -l) is not the conjugate of F(h k l).
        opposite += factor * sum_.conj()
        amplitude += count * np.abs(factor)
    theta = np.arcsin(np.minimum(np.sqrt(s_squared) * wavelength / 2, 1))
    squares = np.abs(structure_factor) ** 2 + np.abs(opposite) ** 2
    return indices, theta, np.stack([squares, 2 * amplitude**2])


def _lorentz_polarisation(theta: NDArray[np.float64]) -> NDArray[np.float64]:
    factor: NDArray[np.float64] = (1 + np.cos(2 * theta) ** 2) / (
        np.sin(theta) ** 2 * np.cos(theta)
    )
    return factor


def _merged(two_theta: NDArray[np.float64], values: NDArray[np.float64]) -> Lines:
    """Sort reflections (m,) by angle, and add up values (..., m) of those at the same one."""
    order = np.argsort(two_theta, kind="stable")
    two_theta = two_theta[order]
    starts = np.flatnonzero(np.diff(two_theta, prepend=-np.inf) > _SAME_ANGLE)
    return two_theta[starts], np.add.reduceat(values[..., order], starts, axis=-1)


def _without_extinct(
    two_theta: NDArray[np.float64],
    intensity: NDArray[np.float64],
    most: NDArray[np.float64],
    powder: Powder,
) -> Lines:
    """Leave out what is extinct by symmetry, and so comes out as a rounding error.

    It is told by `most`, the intensity if all atoms scattered in phase: where every reflection of
    the range is extinct, the strongest is a rounding error too.
    """
    seen = intensity > EXTINCT * most
    if not seen.any():
        first, last = powder.two_theta
        raise _NoReflectionsError(
            f"all reflections between {first:g} and {last:g} degrees are extinct"
        )
    return two_theta[seen], intensity[seen]


def _no_reflection(powder: Powder) -> _NoReflectionsError:
    first, last = powder.two_theta
    return _NoReflectionsError(f"no reflection between {first:g} and {last:g} degrees")


@cache
def _scatterer(
    symbol: str, wavelength: float
) -> tuple[float, NDArray[np.float64], NDArray[np.float64], complex]:
    """Return c, a, b of f0 = c + sum of a exp(-b (sin theta / lambda)^2), and f1 + i f2.

    As xrayutilities' database has them of neutral atoms; `wavelength` in Angstrom.
    """
    # Read once: its own access to an element goes to a file, and keeps every result.
    from importlib.resources import as_file, files

    from xrayutilities import config, utilities
    from xrayutilities.materials.database import DataBase

    with as_file(files("xrayutilities.materials") / "data" / config.DBNAME) as path:
        database = DataBase(path)
        database.Open()
        try:
            known = symbol in database.h5file
            if known:
                database.SetMaterial(symbol)
            if not known or database.f0_params is None or database.f1 is None:
                raise _NoReflectionsError(f"element {symbol!r} has no form factor")
            constant, *pairs = np.array(database.f0_params["default"])
            energy = utilities.lam2en(wavelength)
            dispersion = complex(database.GetF1(energy), database.GetF2(energy))
        finally:
            database.Close()
    if not np.isfinite(dispersion):
        raise _NoReflectionsError(
            f"element {symbol!r} has no dispersion correction at {wavelength:g} Angstrom"
        )
    return float(constant), np.array(pairs[0::2]), np.array(pairs[1::2]), dispersion


@njit(cache=True, nogil=True)
def _sums_over_atoms(
    reciprocal: Any, limits: Any, first: float, last: float, coordinates: Any, starts: Any
) -> Any:
    """Sum exp(2 pi i (h x + k y + l z)) over the atoms of each element.

    `reciprocal`: (3, 3), a*, b*, c* in rows; `limits`: (3,), no |h|, |k|, |l| is larger;
    `first`, `last`: s^2 of the range, 1/Angstrom^2; `coordinates`: (n, 3), fractional, element
    by element; `starts`: (elements + 1,), where each begins. Returns h k l (m, 3) of the
    reflections in the range, one of each pair (h k l), (-h -k -l), their s^2 (m,), and the sums
    (elements, m).
    """
    gram = reciprocal @ reciprocal.T
    largest_h, largest_k, largest_l = limits
    atoms, elements = len(coordinates), len(starts) - 1
    rows = (largest_h + 1) * (2 * largest_k + 1)
    # Of each row (h, k), the l that may lie in the sphere: a s^2 of l is a parabola.
    begins = np.empty(rows, dtype=np.int64)
    ends = np.empty(rows, dtype=np.int64)
    total = 0
    for row in range(rows):
        h, k = row // (2 * largest_k + 1), row % (2 * largest_k + 1) - largest_k
        plane = h * h * gram[0, 0] + k * k * gram[1, 1] + 2 * h * k * gram[0, 1]
        slope = (h * gram[0, 2] + k * gram[1, 2]) / gram[2, 2]
        square = slope * slope - (plane - last) / gram[2, 2]
        begins[row], ends[row] = 0, 0
        if square < 0 or (h == 0 and k < 0):
            continue
        root = np.sqrt(square)
        begins[row] = max(int(np.ceil(-slope - root)), -largest_l)
        ends[row] = max(begins[row], min(int(np.floor(-slope + root)), largest_l) + 1)
        if h == 0 and k == 0:
            begins[row] = 1
            ends[row] = max(1, ends[row])
        total += ends[row] - begins[row]

    width = 2 * largest_l + 1
    turn = 2 * np.pi
    cos_l, sin_l = np.empty((atoms, width)), np.empty((atoms, width))
    for atom in range(atoms):
        for place in range(width):
            angle = turn * ((place - largest_l) * coordinates[atom, 2])
            cos_l[atom, place], sin_l[atom, place] = np.cos(angle), np.sin(angle)

    indices = np.empty((total, 3), dtype=np.int16)
    s_squared = np.empty(total)
    sums = np.empty((elements, total), dtype=np.complex128)
    real, imaginary = np.empty(width), np.empty(width)
    found = 0
    for row in range(rows):
        begin, end = begins[row], ends[row]
        if begin == end:
            continue
        h, k = row // (2 * largest_k + 1), row % (2 * largest_k + 1) - largest_k
        count = end - begin
        offset = begin + largest_l
        for element in range(elements):
            real[:count] = 0
            imaginary[:count] = 0
            for atom in range(starts[element], starts[element + 1]):
                angle = turn * (h * coordinates[atom, 0] + k * coordinates[atom, 1])
                cos, sin = np.cos(angle), np.sin(angle)
                # Over l, not over atoms, so that the order of additions is fixed.
                for place in range(count):
                    cos_z = cos_l[atom, offset + place]
                    sin_z = sin_l[atom, offset + place]
                    real[place] += cos * cos_z - sin * sin_z
                    imaginary[place] += cos * sin_z + sin * cos_z
            for place in range(count):
                sums[element, found + place] = complex(real[place], imaginary[place])
        for place in range(count):
            l = begin + place
            indices[found + place, 0] = h
            indices[found + place, 1] = k
            indices[found + place, 2] = l
            s_squared[found + place] = (
                h * h * gram[0, 0]
                + k * k * gram[1, 1]
                + l * l * gram[2, 2]
                + 2 * (h * k * gram[0, 1] + h * l * gram[0, 2] + k * l * gram[1, 2])
            )
        found += count
    inside = (s_squared >= first) & (s_squared <= last)
    return indices[inside], s_squared[inside], sums[:, inside]
