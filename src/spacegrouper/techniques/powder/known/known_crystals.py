"""What known crystals and a network together say of a measured powder.

Three numbers speak for a space group: how alike its most alike crystal is, how many of its crystals
are nearly as alike as the best of all, and the network's probability. Their weights are those under
which the true groups of simulated measurements are likeliest (conditional logit: McFadden, in
Frontiers in Econometrics, 1974), of crystals that are left out of the known ones as they are
measured.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from spacegrouper.atomic import written_aside
from spacegrouper.contract.technique import AlikeCrystal, Comparison
from spacegrouper.errors import UserError
from spacegrouper.techniques.powder.known.catalogue import Catalogue, catalogue_of_arrays
from spacegrouper.techniques.powder.known.matching import Matches, line_places, match
from spacegrouper.techniques.powder.known.peaks import find_peaks
from spacegrouper.techniques.powder.known.strong_lines import cell_of_metric
from spacegrouper.techniques.powder.settings import Powder

EVIDENCE = ("most alike", "together", "network")

_FORMAT = 1
_GROUPS = 230
_LIKENESS = 0.05  # unit of the first kind of evidence
_NEARLY = 0.02  # less alike than the best, and still counted by 1/e in the second
_NONE_ALIKE = 1e-3  # of the second kind, of a group without crystals among the matches
_LEAST_SHARE = 1e-5  # of the network
_LEAST_LIKENESS = 0.02  # below the last match, of a group without one
_SHOWN = 3


@dataclass(frozen=True, eq=False)
class KnownCrystals:
    """Crystals that diffractograms are compared with, and the weights of what they say.

    Args:
        catalogue: the crystals.
        weights: (3,), of EVIDENCE.
        usual_likeness: that of the most alike crystal is at least so high for 99 % of simulated
            measurements.
        made_with: the section `powder`, and scores.
    """

    catalogue: Catalogue
    weights: NDArray[np.float64]
    usual_likeness: float
    made_with: dict[str, Any]

    def compare(
        self, curve: NDArray[np.floating[Any]], powder: Powder, shares: NDArray[np.float64]
    ) -> Comparison:
        """Return what a measured curve is like, and the probabilities of the space groups.

        Args:
            curve: (points,), as find_peaks takes it.
            powder: the section that network and crystals have in common.
            shares: (230,), the network's probabilities.
        """
        matches = match(find_peaks(curve, powder), self.catalogue.lines, powder)
        found = evidence(matches, self.catalogue.groups, shares)
        return Comparison(
            shares=probabilities(found, self.weights),
            alike=tuple(self._alike(matches, place) for place in range(_SHOWN)),
            arrays={"alike_lines": line_places(self.catalogue.lines, matches, 0, powder)},
            warning=self._warning(float(matches.likeness[0])),
        )

    def _warning(self, likeness: float) -> str:
        if likeness >= self.usual_likeness:
            return ""
        return (
            f"like no known crystal: the most alike has a likeness of {likeness:.2f}, and 99 % "
            f"of simulated measurements have one above {self.usual_likeness:.2f}; it may be a "
            "mixture, or no powder, and the probabilities mean little"
        )

    def _alike(self, matches: Matches, place: int) -> AlikeCrystal:
        row = matches.rows[place]
        cell = cell_of_metric(matches.metrics[place], self.catalogue.lines.families[row])
        return AlikeCrystal(
            name=str(self.catalogue.ids[row]),
            formula=str(self.catalogue.formulas[row]),
            space_group=int(self.catalogue.groups[row]),
            likeness=float(matches.likeness[place]),
            cell=tuple(cell.tolist()),
        )

    def write(self, path: Path) -> None:
        """Write it as arrays of NumPy and JSON; nothing in the file is a program."""
        made = json.dumps({**self.made_with, "format": _FORMAT}).encode()
        arrays = self.catalogue.arrays() | {
            "weights": self.weights,
            "usual_likeness": np.array(self.usual_likeness),
            "made_with": np.frombuffer(made, dtype=np.uint8),
        }
        with written_aside(path) as aside, aside.open("wb") as file:
            np.savez_compressed(file, **arrays)


@cache
def read_known_crystals(path: Path) -> KnownCrystals:
    """Read a file that KnownCrystals.write wrote.

    Raises:
        UserError: it is damaged, or of another version.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        made = json.loads(arrays["made_with"].tobytes())
        version = made.pop("format")
        if version != _FORMAT:
            raise ValueError(version)
        usual = float(arrays["usual_likeness"])
        return KnownCrystals(catalogue_of_arrays(arrays), arrays["weights"], usual, made)
    except (BadZipFile, EOFError, OSError, ValueError, KeyError, TypeError, AttributeError):
        raise UserError(
            f"{path}: damaged, or made by another version; make it again with "
            "scripts/list_known_crystals.py"
        ) from None


def evidence(
    matches: Matches, groups: NDArray[np.int64], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return what speaks for each space group, (230, 3), by EVIDENCE.

    Args:
        matches: of a measured powder.
        groups: (n,), the space groups of all known crystals.
        shares: (230,), the network's probabilities.
    """
    found = groups[matches.rows] - 1
    best = np.full(_GROUPS, matches.likeness[-1] - _LEAST_LIKENESS)
    np.maximum.at(best, found, matches.likeness)
    below = matches.likeness - matches.likeness[0]
    together = np.bincount(found, np.exp(below / _NEARLY), _GROUPS)
    return np.stack(
        [
            (best - matches.likeness[0]) / _LIKENESS,
            np.log(together + _NONE_ALIKE),
            np.log(shares + _LEAST_SHARE),
        ],
        axis=1,
    )


def probabilities(found: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probabilities of the groups, (..., 230), of their evidence (..., 230, 3)."""
    shares: NDArray[np.float64] = softmax(found @ weights, axis=-1)
    return shares


def fit_weights(
    found: Sequence[NDArray[np.float64]], groups: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the weights under which the true groups (n,) are likeliest.

    `found`: the evidence of each measurement, (230, 3).
    """
    of_all, true = np.stack(found), groups - 1
    rows = np.arange(len(true))

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logarithms = log_softmax(of_all @ weights, axis=1)
        expected = np.einsum("ng,nge->ne", np.exp(logarithms), of_all)
        return -logarithms[rows, true].mean(), (expected - of_all[rows, true]).mean(axis=0)

    best: NDArray[np.float64] = minimize(loss, np.full(len(EVIDENCE), 0.5), jac=True).x
    return best
