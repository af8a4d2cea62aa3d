"""The steps in their order: from micrographs to the reflection list of a crystal."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spacegrouper.errors import UserError
from spacegrouper.techniques.micrographs.centre import centre_of
from spacegrouper.techniques.micrographs.checks import checked
from spacegrouper.techniques.micrographs.friedel import beam_node
from spacegrouper.techniques.micrographs.ground import Ground, ground_of
from spacegrouper.techniques.micrographs.micrograph import Floats, Micrograph
from spacegrouper.techniques.micrographs.plane_lattice import PlaneLattice, plane_lattice
from spacegrouper.techniques.micrographs.plane_symmetry import PlaneSymmetry, plane_symmetry
from spacegrouper.techniques.micrographs.spots import spots_of
from spacegrouper.techniques.micrographs.zone import Zone, zone_of
from spacegrouper.techniques.micrographs.zone_reflections import (
    Intensities,
    intensities_of,
    merged_zones,
    zone_basis,
)
from spacegrouper.techniques.patterns.radiation import (
    JOULES_PER_ELECTRONVOLT,
    wavelength_of_electrons,
)
from spacegrouper.techniques.reflections.cells import metrics_of
from spacegrouper.techniques.reflections.reflection_list import ReflectionList

_BESIDE = 0.25  # of the spots; of simulated patterns of one crystal one in twenty has as many
_OUTERMOST = 0.97  # quantile of the spots' distances from the beam, and so of what is integrated


@dataclass(frozen=True, eq=False)
class MeasuredMicrograph:
    """What one image shows by itself.

    Args:
        micrograph: the image, mended where it had to be.
        ground: what is under its spots.
        lattice: of the spots.
        farthest: pixels from the beam up to which nodes were integrated.
        symmetry: of the zone's intensities.
    """

    micrograph: Micrograph
    ground: Ground
    lattice: PlaneLattice
    farthest: float
    symmetry: PlaneSymmetry


@dataclass(frozen=True, eq=False)
class IndexedMicrograph:
    """A micrograph, its zone on a known cell, and what was measured at all nodes of that zone."""

    measured: MeasuredMicrograph
    zone: Zone
    intensities: Intensities


def measured_micrograph(micrograph: Micrograph) -> MeasuredMicrograph:
    """Find beam, ground, spots, lattice and plane symmetry of an image.

    Raises:
        UserError: it is no pattern of one crystal along a zone axis.
    """
    mended = checked(micrograph)
    try:
        ground, lattice = _about(mended.counts, centre_of(mended.counts))
        whole_image = float(np.linalg.norm(mended.counts.shape))
        node = beam_node(intensities_of(ground, lattice.origin, lattice.vectors, whole_image))
        if node.any():
            ground, lattice = _about(mended.counts, lattice.origin + node @ lattice.vectors)
    except UserError as error:
        raise UserError(f"{micrograph.name}: {error}") from None
    if (beside := np.count_nonzero(~lattice.on)) > _BESIDE * len(lattice.on):
        mended = replace(
            mended,
            notes=(
                *mended.notes,
                f"{beside} of {len(lattice.on)} spots are on no node of the lattice, as where a "
                "second crystal is in the beam",
            ),
        )
    away = np.linalg.norm(lattice.spots[lattice.on] - lattice.origin, axis=1)
    farthest = float(np.quantile(away, _OUTERMOST)) + 2
    found = intensities_of(ground, lattice.origin, lattice.vectors, farthest)
    return MeasuredMicrograph(
        mended, ground, lattice, farthest, plane_symmetry(found, lattice.vectors)
    )


def _about(counts: Floats, beam: Floats) -> tuple[Ground, PlaneLattice]:
    """Return what is under the spots of an image, and their lattice, about a place of the beam."""
    ground = ground_of(counts, beam)
    return ground, plane_lattice(spots_of(ground), beam)


def in_zone(measured: MeasuredMicrograph, cell: Floats) -> IndexedMicrograph:
    """Find the zone of a pattern on a cell (6,), Angstrom and degrees.

    Raises:
        UserError: none fits.
    """
    lattice = measured.lattice
    try:
        zone = zone_of(
            lattice.vectors, measured.micrograph.step, np.linalg.cholesky(metrics_of(cell[None])[0])
        )
    except UserError as error:
        raise UserError(f"{measured.micrograph.name}: {error}") from None
    basis = zone_basis(lattice, zone)
    found = intensities_of(measured.ground, lattice.origin, basis, measured.farthest)
    return IndexedMicrograph(measured, zone, found)


def reflection_list(patterns: Sequence[IndexedMicrograph], cell: Floats) -> ReflectionList:
    """Return the reflections of all patterns of a crystal on one scale."""
    hkl, intensity, sigma = merged_zones(
        [
            (one.intensities.nodes @ one.zone.basis, one.intensities.values, one.intensities.sigma)
            for one in patterns
        ]
    )
    tension = next((t for one in patterns if (t := one.measured.micrograph.high_tension)), None)
    wavelength = (
        wavelength_of_electrons(tension * 1e3 * JOULES_PER_ELECTRONVOLT) * 1e10 if tension else None
    )
    return ReflectionList(
        hkl=hkl.astype(np.int32),
        intensity=intensity,
        sigma=sigma,
        cell=cell,
        wavelength=wavelength,
        radiation="electron",
    )
