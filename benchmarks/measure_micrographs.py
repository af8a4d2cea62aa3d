"""Measure what is found in simulated micrographs with the faults of real ones.

Electrons of 200 kV, crystals 60 Angstrom thick, along an axis of their cells. The beam is off the
middle by up to 32 pixels; half of the images have a beam stop. Multiple scattering changes each
intensity by a factor exp(t z), z normal and t up to 0.5, and reaches forbidden reflections.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import gemmi
import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from scipy.ndimage import gaussian_filter
from scipy.stats import binomtest

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.crystal import Crystal, Rejection, space_group_of
from spacegrouper.crystals.group_operations import centring_operations
from spacegrouper.crystals.json_lines import read_crystals
from spacegrouper.crystals.reference_setting import in_reference_setting
from spacegrouper.crystals.standard_cell import standardise
from spacegrouper.errors import UserError
from spacegrouper.prediction.micrograph_answers import Micrographs, answer_micrographs
from spacegrouper.settings import Simulate, Standardise
from spacegrouper.techniques.micrographs.chain import in_zone, measured_micrograph
from spacegrouper.techniques.micrographs.micrograph import Micrograph
from spacegrouper.techniques.micrographs.plane_lattice import reduced
from spacegrouper.techniques.micrographs.zone import reflections_across
from spacegrouper.techniques.patterns.kinematic import intensities, make_experiment
from spacegrouper.techniques.reflections.cells import cell_of
from spacegrouper.techniques.reflections.ranking.group_settings import told_apart
from spacegrouper.techniques.reflections.ranking.ranker import Ranker, read_ranker

Floats = NDArray[np.float64]

console = Console(stderr=True)

WAVELENGTH = 0.02508  # Angstrom, electrons of 200 kV
PIXELS, MARGIN = 512, 128  # of the image; the beam is up to a half of the margin off its middle
THICKNESS = 60.0  # Angstrom
PIXEL = 4e-5  # m
MOST_ATOMS = 60
ZONES = ((0, 0, 1), (1, 0, 0), (0, 1, 0))


@dataclass(frozen=True, eq=False)
class Simulated:
    """A micrograph and what is true of it: the beam, (row, column), and 1/Angstrom of a pixel.

    `net`: (2, 2), two shortest vectors of the zone, row and column, pixels.
    """

    counts: Floats
    centre: Floats
    step: float
    zone: NDArray[np.int64]
    net: Floats


def rotated_to(lattice: Floats, zone: NDArray[np.int64], turn: float) -> Floats:
    """Return the lattice with a zone axis along the beam, turned about it by radians."""
    along = zone @ lattice
    z = along / np.linalg.norm(along)
    x = np.cross(z, np.eye(3)[np.abs(z).argmin()])
    x /= np.linalg.norm(x)
    y = np.cross(z, x)
    c, s = np.cos(turn), np.sin(turn)
    return np.asarray(lattice @ np.stack([c * x + s * y, c * y - s * x, z]).T)


def simulated(
    crystal: Crystal, zone: NDArray[np.int64], generator: np.random.Generator, faults: bool = True
) -> Simulated:
    lattice = rotated_to(crystal.lattice, zone, generator.uniform(0, 2 * np.pi))
    edges = np.linalg.norm(lattice, axis=1)
    step = generator.uniform(0.0055, 0.0085)
    size = PIXELS + MARGIN
    settings = Simulate(
        pixels=size,
        wavelength=WAVELENGTH * 1e-10,
        pixel_size=PIXEL,
        detector_distance=PIXEL / (step * WAVELENGTH),
        cells=tuple(max(3, round(THICKNESS / edge)) for edge in edges),
        form_factors="electron",
        debye_waller_b=generator.uniform(0.3, 2.0),
        views=[{"axis": "z", "angle": 0.0}],
    )
    experiment = make_experiment(settings, crystal.species)
    pattern = intensities(experiment, lattice, crystal.species, crystal.frac_coords)[0]
    across = reflections_across(zone) @ np.linalg.inv(lattice).T
    net = reduced(across[:, :2]) / step  # x, y in pixels
    middle = (size - 1) / 2
    rows, columns = np.indices(pattern.shape) - middle
    fractions = np.stack([columns, rows], axis=-1) @ np.linalg.inv(net)
    node = np.rint(fractions).astype(int)
    direct = ~node.any(axis=-1)
    # Multiple scattering reaches all points of the lattice, and no others.
    turn = np.rint(net @ np.linalg.pinv(across[:, :2] / step)).astype(int)
    hkl = node.reshape(-1, 2) @ turn @ reflections_across(zone)
    operations = gemmi.find_spacegroup_by_number(space_group_of(crystal)).operations()
    centring = centring_operations(operations)
    no_point = np.array(centring.systematic_absences(np.ascontiguousarray(hkl, dtype=np.int32)))
    point = ~no_point.astype(bool).reshape(direct.shape)
    if faults:
        scatter = generator.uniform(0.1, 0.5)
        largest = int(np.abs(node).max())
        table = generator.standard_normal((2 * largest + 1,) * 2)
        pattern = pattern * np.exp(scatter * table[node[..., 0] + largest, node[..., 1] + largest])
    strongest = np.sort(pattern[~direct].ravel())[-20:].mean()
    counts = pattern * (generator.uniform(2e3, 2e4) / strongest)
    if faults:
        leak = np.exp(generator.uniform(np.log(1e-3), np.log(2e-2)))
        weight = generator.exponential(size=table.shape)
        shape = np.exp(-0.5 * (((fractions - node) @ net) ** 2).sum(axis=-1) / 1.2**2)
        mean = point * np.exp(-0.5 * (np.hypot(rows, columns) * step / 0.5) ** 2)
        counts += leak * 1e4 * mean * shape * weight[node[..., 0] + largest, node[..., 1] + largest]
    counts = gaussian_filter(counts, 0.8)
    away = np.hypot(rows, columns)
    if faults:
        halo = generator.uniform(50, 400)
        counts += halo * np.exp(-away / generator.uniform(30, 90)) + generator.uniform(3, 15)
        if generator.random() < 0.5:
            radius = generator.uniform(8, 22)
            stop = away < radius
            angle = generator.uniform(0, 2 * np.pi)
            across = np.abs(rows * np.cos(angle) - columns * np.sin(angle))
            along = rows * np.sin(angle) + columns * np.cos(angle)
            stop |= (across < radius / 3) & (along > 0)
            counts *= 1 - 0.98 * gaussian_filter(stop.astype(float), 1.0)
    counts = generator.poisson(np.minimum(counts, 6e4)).astype(float)
    counts += generator.normal(scale=1.0, size=counts.shape)
    off = generator.integers(MARGIN // 4, 3 * MARGIN // 4 + 1, 2) if faults else [MARGIN // 2] * 2
    counts = counts[off[0] : off[0] + PIXELS, off[1] : off[1] + PIXELS]
    counts = np.clip(np.rint(counts), 0, 65535)
    return Simulated(counts, middle - np.array(off), step, zone, net[:, ::-1])


def crystals_of(path: Path, number: int) -> Iterator[Crystal]:
    """Yield crystals in the axes of the International Tables, at most 60 atoms, ordered by ids."""
    chosen = [one for one in read_crystals(path) if isinstance(one, Crystal)]
    chosen = [one for one in chosen if len(one.species) <= MOST_ATOMS]
    chosen.sort(key=lambda one: hashlib.sha1(one.id.encode()).hexdigest(), reverse=True)
    yielded = 0
    for one in chosen:
        standard = standardise(one, Standardise())
        if isinstance(standard, Crystal) and len(standard.species) <= MOST_ATOMS:
            yield in_reference_setting(standard)
            yielded += 1
        if yielded == number:
            return


def measure_image(
    true: Simulated, crystal: Crystal, scale_error: float
) -> tuple[dict[str, bool], Any]:
    """Return what is right of an image, and the image on the cell if it was indexed."""
    right = dict.fromkeys(("answered", "centre", "lattice", "zone"), False)
    image = Micrograph("simulated", true.counts, true.step * (1 + scale_error), 200.0)
    try:
        measured = measured_micrograph(image)
        lattice = measured.lattice
        right["answered"] = True
        right["centre"] = bool(np.linalg.norm(lattice.origin - true.centre) < 1)
        # Of a zone with absent reflections, part of its lattice.
        sums = lattice.vectors @ np.linalg.inv(true.net)
        off = np.abs(np.rint(sums) @ true.net - lattice.vectors).max(axis=1)
        lengths = np.linalg.norm(lattice.vectors, axis=1)
        whole = abs(round(np.linalg.det(np.rint(sums)))) >= 1
        right["lattice"] = bool((off < 0.01 * lengths).all() and whole)
        indexed = in_zone(measured, cell_of(crystal.lattice))
    except UserError:
        return right, None
    # Axes of one length and of one net are equivalent by the lattice, or cannot be told apart.
    length, expected = (
        np.linalg.norm(axis @ crystal.lattice) for axis in (indexed.zone.axis, true.zone)
    )
    right["zone"] = bool(abs(length / expected - 1) < 0.005)
    return right, indexed


def rank_of(patterns: list[Any], crystal: Crystal, ranker: Ranker) -> tuple[int, float]:
    """Return the rank of the true group, 0 the first, and the probability of the first."""
    given = Micrographs("", (), tuple(patterns), tuple(cell_of(crystal.lattice).tolist()))
    answer = answer_micrographs(given, ranker, "trained")
    if isinstance(answer, Rejection) or answer.ranked is None:
        return 999, 0.0
    shares = answer.ranked.ranking.shares
    order, true = list(shares), told_apart(space_group_of(crystal))
    return (order.index(true) if true in order else 999), shares[order[0]]


def share(hits: int, of: int) -> str:
    interval = binomtest(hits, of).proportion_ci(method="wilson")
    return f"{100 * hits / of:.0f} ({100 * interval.low:.0f}-{100 * interval.high:.0f})"


def table(results: list[dict[str, Any]]) -> str:
    images = [image for one in results for image in one["images"]]
    lines = ["| of images | n | right, % |", "|---|---|---|"]
    for key in ("answered", "centre", "lattice", "zone"):
        lines.append(
            f"| {key} | {len(images)} | {share(sum(one[key] for one in images), len(images))} |"
        )
    lines += [
        "",
        "| crystals | n | top 1 | top 5 | mean of the first probability |",
        "|---|---|---|---|---|",
    ]
    for key in ("one zone", "three zones"):
        ranks = np.array([one[key][0] for one in results])
        stated = np.mean([one[key][1] for one in results])
        top = " | ".join(share(int((ranks < k).sum()), len(ranks)) for k in (1, 5))
        lines.append(f"| {key} | {len(ranks)} | {top} | {100 * stated:.0f} |")
    return "\n".join(lines)


def main(
    structures: Annotated[Path, typer.Option(help="crystals as JSON lines")],
    output: Annotated[Path, typer.Option(help="each crystal's result, JSON")],
    number: Annotated[int, typer.Option(help="of crystals, three images each")] = 100,
    seed: Annotated[int, typer.Option(help="of all that is random")] = 0,
) -> None:
    """Simulate three zones of each crystal, write what was found, and print the shares."""
    ranker = read_ranker(kind="zones")
    results = []
    for place, crystal in enumerate(crystals_of(structures, number)):
        generator = np.random.default_rng([seed, place])
        images, indexed = [], []
        for zone in ZONES:
            true = simulated(crystal, np.array(zone), generator)
            right, found = measure_image(true, crystal, 0.005 * generator.standard_normal())
            images.append(right)
            indexed += [found] if found is not None else []
        ranks = {
            name: rank_of(indexed[:most], crystal, ranker) if indexed else (999, 0.0)
            for name, most in (("one zone", 1), ("three zones", 3))
        }
        results.append(
            {"id": crystal.id, "group": space_group_of(crystal), "images": images, **ranks}
        )
        console.print(results[-1]["id"], results[-1]["group"], ranks, markup=False, highlight=False)
        with written_aside(output) as aside:
            aside.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    typer.echo(table(results))


if __name__ == "__main__":
    typer.run(main)
