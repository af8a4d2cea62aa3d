"""How the pattern of a copy differs from that of its crystal: tilt, turn, beam stop and dose."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from spacegrouper.randomness import generator_for
from spacegrouper.techniques.patterns.kinematic import Experiment
from spacegrouper.techniques.patterns.settings import Variation


def varied(experiment: Experiment, name: str, variation: Variation, seed: int) -> Experiment:
    """Return an experiment as it is done on a copy of a crystal.

    All that is drawn follows from the seed and the copy's id, one number after another whatever is
    on: the tilt, one for all views, about an axis uniform on the sphere; the turn about the beam,
    one for each view; and the radius of the beam stop.
    """
    random = generator_for(seed, name, "variation")
    axis = random.standard_normal(3)
    angle = variation.largest_tilt * random.random()
    tilt = _turn(axis / np.linalg.norm(axis), angle)
    turns = variation.largest_turn * random.uniform(-1, 1, len(experiment.rotations))
    along_beam = np.array([0.0, 0.0, 1.0])
    rotations = tuple(
        _turn(along_beam, turn) @ view @ tilt
        for turn, view in zip(turns, experiment.rotations, strict=True)
    )
    stop = variation.largest_beam_stop * random.random()
    pixels = experiment.shape[-1]
    from_centre = np.arange(pixels) - (pixels - 1) / 2
    radius = np.hypot(*np.meshgrid(from_centre, from_centre, indexing="ij")).ravel()
    covered = (radius <= stop) & (stop > 0)
    return replace(
        experiment, rotations=rotations, photons=np.where(covered, 0, experiment.photons)
    )


def counted(
    expected: NDArray[np.float64], name: str, counts: tuple[float, float], seed: int
) -> NDArray[np.float64]:
    """Return patterns of a copy, (views, pixels, pixels), as counts of the dose drawn for it.

    `expected`: in any unit; `counts`: the fewest and the most, on average over the views, of a
    pattern.
    """
    random = generator_for(seed, name, "counts")
    wanted = np.exp(random.uniform(*np.log(counts)))
    mean = expected.sum(axis=(1, 2)).mean()
    scale = wanted / mean if mean > 0 else 0.0
    return random.poisson(scale * expected).astype(np.float64)


def _turn(axis: NDArray[np.float64], angle: float) -> NDArray[Any]:
    matrix: NDArray[Any] = Rotation.from_rotvec(np.radians(angle) * axis).as_matrix()
    return matrix
