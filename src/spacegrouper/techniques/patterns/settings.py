"""Section `shape`, and what the settings of patterns cannot be together."""

import math
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, field_validator

from spacegrouper.settings.quantity import ANGSTROM_IN_METRES, LONGEST_SPACING, Quantity
from spacegrouper.settings.run import Settings
from spacegrouper.settings.section import Contradiction, Section
from spacegrouper.settings.simulate import Disorder, Simulate
from spacegrouper.techniques.patterns.radiation import JOULES_PER_ELECTRONVOLT, particle_energy

MOST_ATOMS = 10_000_000  # that are summed one by one
_SLOWEST_ELECTRONS = 1e4  # eV; slower ones do not pass through crystals
_SHORTEST_NEUTRONS = 1e-11  # m, of any diffractometer; the tables are of 1.8e-10 m

# The window of the released program, whose detector has 256 pixels: from the edge of the first
# pixel left out to the edge of the last.
_WINDOW, _PIXELS = (116, 138), 256


class Shape(Section):
    """From spots to shapes (docs/shaping.md); defaults are the released program's."""

    method: Literal["pixels", "nodes"] = Field(
        "pixels",
        description="what lines join: bright `pixels` (the released program, which made the "
        "paper's data), or `nodes`, whole spots (the text of the paper)",
    )
    threshold: PositiveFloat = Field(
        50, description="normalised value from which a pixel is bright (the brightest is 256)"
    )
    minimum_distance: PositiveFloat = Field(
        10,
        description="pixels; bright pixels closer than this belong to one spot (unused by `nodes`)",
    )
    reach: PositiveFloat = Field(
        1.7, description="pairs are joined up to this multiple of the smallest distance"
    )
    restore_above: float = Field(
        5, description="pixels with a normalised value above this keep it, over the lines"
    )
    central_window: tuple[int, int] | None = Field(
        None,
        description="first and last row and column left out of the normalisation: the direct beam; "
        "none: in the middle, and as large as 116 to 137 on a detector of 256 pixels",
    )

    @field_validator("central_window")
    @classmethod
    def _window_ascends(cls, value: tuple[int, int] | None) -> tuple[int, int] | None:
        if value is not None and not 0 <= value[0] <= value[1]:
            raise ValueError("must be the first and the last row, counted from 0, in this order")
        return value

    def window(self, pixels: int) -> tuple[int, int]:
        """Return the central window on a detector of so many pixels; whole pixels, rounded out."""
        if self.central_window is not None:
            return self.central_window
        first, end = (edge * pixels / _PIXELS for edge in _WINDOW)
        return math.floor(first), math.ceil(end) - 1

    def written_out(self, pixels: int) -> "Shape":
        """Return the same with the numbers of the central window, as products record them."""
        return self.model_copy(update={"central_window": self.window(pixels)})


_Angle = Annotated[float, Quantity("degrees", 0, 180)]
_Counts = Annotated[float, Field(ge=1, le=1e12)]


class Variation(Section):
    """Copies of crystals that train beside them, simulated as an experiment finds crystals.

    Each copy has values of its own, drawn from the seed and its id (docs/physics.md).
    """

    copies: Annotated[int, Field(ge=0, le=1000)] = Field(
        0,
        description="of each crystal; copies of those of the training set train, and none "
        "validates or tests",
    )
    largest_tilt: _Angle = Field(
        0, description="largest turn of the crystal about a random axis, degrees"
    )
    largest_turn: _Angle = Field(
        0, description="largest turn of a pattern about the beam, to either side, degrees"
    )
    largest_beam_stop: Annotated[float, Quantity("pixels", 0, 1e4)] = Field(
        0, description="largest radius of a beam stop, pixels"
    )
    counts: tuple[_Counts, _Counts] | None = Field(
        None,
        description="fewest and most particles counted in a pattern, on average over the views, "
        "drawn evenly on a logarithmic scale; none: patterns without noise",
    )

    def contradictions(self) -> Iterator[Contradiction]:
        """Yield copies that are equal, keys without copies, and a range that descends."""
        changed = [
            key
            for key, field in type(self).model_fields.items()
            if key != "copies" and getattr(self, key) != field.default
        ]
        if self.copies and not changed:
            yield Contradiction(
                ("copies",), "would be equal; say how they differ, as by `largest_tilt`"
            )
        for key in changed if not self.copies else ():
            yield Contradiction((key,), "changes nothing without `copies`; leave it out")
        if self.counts is not None and self.counts[0] > self.counts[1]:
            yield Contradiction(
                ("counts",),
                f"must be two ascending numbers, not {self.counts[0]:g} and {self.counts[1]:g}",
            )


def sums_every_atom(simulate: Simulate) -> bool:
    """Tell whether patterns are sums over all atoms of all cells, not over those of one cell."""
    return simulate.engine == "condor" or simulate.disorder != Disorder()


def views_along_axes(simulate: Simulate) -> bool:
    """Tell whether the views are along x, y and z of the crystal's frame, each once."""
    right = all(len(view.angles) == 1 and view.angles[0] % 90 == 0 for view in simulate.views)
    return right and sorted(view.name for view in simulate.views) == ["x", "y", "z"]


def against_indexing(simulate: Simulate) -> Iterator[Contradiction]:
    """Yield why the spots of patterns cannot be indexed, if they cannot."""
    if not views_along_axes(simulate):
        yield Contradiction(
            ("simulate.views",),
            "must be along x, y and z, or their spots cannot be indexed; give `views: zone_axes`",
        )
    if simulate.envelope == "block":
        yield Contradiction(
            ("simulate.envelope",),
            "the fringes of a block are taken for spots where these are indexed; give "
            "`envelope: gaussian`",
        )


def summed_cells(simulate: Simulate) -> tuple[int, int, int]:
    """Return the cells along a, b and c of a sum over all atoms, 1 or more.

    Of a crystal that fades out they are an odd number, and those left out count for less than 1e-4
    of the one in the middle.
    """
    if simulate.envelope == "block":
        return simulate.cells
    a, b, c = (2 * math.ceil(1.25 * count) + 1 for count in simulate.cells)
    return a, b, c


def check(settings: Settings) -> Iterator[Contradiction]:
    """Yield a detector that sees nothing, crystals of too many atoms, keys Condor does not know.

    And beams that do not exist, and copies that are none.
    """
    simulate = settings.simulate
    yield from _about_the_detector(settings)
    yield from _about_the_beam(simulate)
    yield from _about_the_copies(settings)
    yield from _about_indices(settings)
    summed = summed_cells(simulate)
    cells = math.prod(summed)
    if sums_every_atom(simulate) and cells > MOST_ATOMS:
        yield Contradiction(
            ("simulate.cells",),
            f"{' x '.join(map(str, summed))} cells hold {cells:.1e} atoms or more; with "
            f"`disorder` or `engine: condor` at most {MOST_ATOMS:,} can be summed, so give "
            "fewer cells",
        )
    if simulate.engine == "condor":
        for key in ("form_factors", "debye_waller_b", "ewald_sphere", "envelope", "disorder"):
            if getattr(simulate, key) != Simulate.model_fields[key].default:
                yield Contradiction(
                    (f"simulate.{key}", "simulate.engine"),
                    "needs `engine: kinematic`; leave it out",
                )


def _about_the_beam(simulate: Simulate) -> Iterator[Contradiction]:
    radiation, wavelength = simulate.form_factors, simulate.wavelength
    energy = particle_energy(radiation, wavelength) / JOULES_PER_ELECTRONVOLT
    keys = ("simulate.form_factors", "simulate.wavelength")
    if radiation == "electron" and energy < _SLOWEST_ELECTRONS:
        yield Contradiction(
            keys,
            f"electrons of {wavelength:g} m have {energy:.3g} eV and do not pass through crystals; "
            "give a wavelength of 1.22e-11 m (10 keV) or less",
        )
    if radiation == "neutron" and wavelength < _SHORTEST_NEUTRONS:
        yield Contradiction(
            keys,
            f"neutrons of {wavelength:g} m have {energy:.3g} eV, at which the tables' scattering "
            f"lengths do not hold; give a wavelength of {_SHORTEST_NEUTRONS:g} m or more",
        )
    if radiation == "neutron" and simulate.poisson_noise:
        yield Contradiction(
            ("simulate.poisson_noise", "simulate.form_factors"),
            "a crystal of so few cells scatters no neutrons that could be counted; leave it out",
        )


def _about_indices(settings: Settings) -> Iterator[Contradiction]:
    if settings.train.descriptor != "indexed":
        return
    for keys, reason in against_indexing(settings.simulate):
        yield Contradiction((*keys, "train.descriptor"), reason)
    size = settings.model.image_size
    if size % 2 == 0:
        yield Contradiction(
            ("model.image_size", "train.descriptor"),
            f"counts the indices of an axis that are shown, from -L to L; must be odd, not {size}",
        )


def _about_the_copies(settings: Settings) -> Iterator[Contradiction]:
    variation, half = settings.of(Variation), settings.simulate.pixels / 2
    if variation.largest_beam_stop >= half:
        yield Contradiction(
            ("variation.largest_beam_stop", "simulate.pixels"),
            f"{variation.largest_beam_stop:g} pixels reach beyond the detector, whose edges are "
            f"{half:g} pixels from its centre; lower it",
        )
    if variation.copies and settings.simulate.engine == "condor":
        yield Contradiction(
            ("variation.copies", "simulate.engine"),
            "needs `engine: kinematic`; leave it out",
        )
    if variation.counts is not None and settings.simulate.poisson_noise:
        yield Contradiction(
            ("variation.counts", "simulate.poisson_noise"),
            "copies would be counted twice; leave one of them out",
        )
    if variation.counts is not None and settings.simulate.form_factors == "neutron":
        yield Contradiction(
            ("variation.counts", "simulate.form_factors"),
            "a crystal of so few cells scatters no neutrons that could be counted; leave it out",
        )


def _about_the_detector(settings: Settings) -> Iterator[Contradiction]:
    simulate = settings.simulate
    first, last = settings.of(Shape).window(simulate.pixels)
    if last >= simulate.pixels or (first == 0 and last == simulate.pixels - 1 > 0):
        covers = "lies outside" if last >= simulate.pixels else "covers"
        yield Contradiction(
            ("shape.central_window", "simulate.pixels"),
            f"rows {first} to {last}: the window {covers} the detector of {simulate.pixels} "
            "pixels; leave it out, and it follows the detector",
        )
    half = simulate.pixels / 2
    if simulate.beam_stop >= half:
        yield Contradiction(
            ("simulate.beam_stop", "simulate.pixels"),
            f"{simulate.beam_stop:g} pixels reach beyond the detector, whose edges are {half:g} "
            "pixels from its centre; lower it",
        )
    if simulate.aperture is not None and simulate.aperture <= simulate.beam_stop:
        yield Contradiction(
            ("simulate.beam_stop", "simulate.aperture"),
            f"{simulate.beam_stop:g} pixels leave nothing open of the aperture of "
            f"{simulate.aperture:g}; lower it, or raise `simulate.aperture`",
        )
    edge = math.atan(half * simulate.pixel_size / simulate.detector_distance)
    shortest = simulate.wavelength / ANGSTROM_IN_METRES / 2 / math.sin(edge / 2)
    if shortest > LONGEST_SPACING:
        yield Contradiction(
            (
                "simulate.wavelength",
                "simulate.detector_distance",
                "simulate.pixel_size",
                "simulate.pixels",
            ),
            f"with a wavelength of {simulate.wavelength:g} m the detector, {2 * half:g} pixels of "
            f"{simulate.pixel_size:g} m at {simulate.detector_distance:g} m, sees only lattice "
            f"spacings above {shortest:.0f} Angstrom; shorten the wavelength or the distance",
        )
