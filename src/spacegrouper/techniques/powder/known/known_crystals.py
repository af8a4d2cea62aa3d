"""What known crystals and a network together say of a measured powder.

Three numbers speak for a space group: how alike its most alike crystal is, how many of its crystals
are nearly as alike as the best of all, and the network's probability. Their weights are those under
which the true groups of simulated measurements are likeliest (conditional logit: McFadden, in
Frontiers in Econometrics, 1974), of crystals that are left out of the known ones as they are
measured. Where the known crystals were computed, Bayes' theorem then makes space groups as frequent
as they are among crystals that were measured.
"""

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, get_args
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from spacegrouper.atomic import written_aside
from spacegrouper.contract.measured_files import AlikeCrystal, Comparison
from spacegrouper.crystals.group_frequencies import INORGANIC
from spacegrouper.errors import UserError
from spacegrouper.techniques.powder.known import KNOWN_CRYSTALS
from spacegrouper.techniques.powder.known.catalogue import Catalogue, catalogue_of_arrays
from spacegrouper.techniques.powder.known.matching import Matches, line_places, match
from spacegrouper.techniques.powder.known.peaks import find_peaks
from spacegrouper.techniques.powder.known.strong_lines import cell_of_metric
from spacegrouper.techniques.powder.settings import Powder

EVIDENCE = ("most alike", "together", "network")

# How frequent space groups are taken for: as among measured inorganic crystals, or the known ones.
Prior = Literal["inorganic", "listed"]

FEWEST = 10  # crystals: fewer are no catalogue

_NOTE = "space groups are taken for as frequent as among measured inorganic crystals"
_AGAIN = "make it again with scripts/list_known_crystals.py"
_FORMAT = 2
_GROUPS = 230
_LIKENESS = 0.05  # unit of the first kind of evidence
_NEARLY = 0.02  # less alike than the best, and still counted by 1/e in the second
_NONE_ALIKE = 1e-3  # of the second kind, of a group without crystals among the matches
_LEAST_SHARE = 1e-5  # of the network
_LEAST_LIKENESS = 0.02  # below the last match, of a group without one
_SHOWN = 3
_RIDGE = 1e-3  # on the weights, so that few examples leave them finite


@dataclass(frozen=True, eq=False)
class KnownCrystals:
    """Crystals that diffractograms are compared with, and the weights of what they say.

    Args:
        catalogue: the crystals.
        weights: (3,), of EVIDENCE.
        prior: how frequent space groups are taken for.
        usual_likeness: that of the most alike crystal is at least so high for 99 % of simulated
            measurements.
        made_with: the section `powder`, the SHA-256 of the network's calibration, and scores.
    """

    catalogue: Catalogue
    weights: NDArray[np.float64]
    prior: Prior
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
        matches, found = compared(curve, self.catalogue, powder, shares)
        return Comparison(
            shares=probabilities(found, self.weights, self.log_odds),
            alike=tuple(self._alike(matches, rank) for rank in range(_SHOWN)),
            arrays={"alike_lines": line_places(self.catalogue.lines, matches, 0, powder)},
            note=_NOTE if self.prior == "inorganic" else "",
            warning=self._warning(float(matches.likeness[0])),
        )

    @cached_property
    def log_odds(self) -> NDArray[np.float64]:
        """How much more frequent each group is than among the known crystals: (230,) logarithms."""
        if self.prior == "listed":
            return np.zeros(_GROUPS)
        # As if there were one more of each.
        listed = 1 + np.bincount(self.catalogue.groups - 1, minlength=_GROUPS)
        measured = np.array([1 + INORGANIC.get(1 + place, 0) for place in range(_GROUPS)])
        odds: NDArray[np.float64] = np.log(measured / measured.sum()) - np.log(
            listed / listed.sum()
        )
        return odds

    def _warning(self, likeness: float) -> str:
        if likeness >= self.usual_likeness:
            return ""
        return (
            f"like no known crystal: the most alike has a likeness of {likeness:.2f}, and 99 % "
            f"of simulated measurements have one above {self.usual_likeness:.2f}; it may be a "
            "mixture, or no powder, and the probabilities mean little"
        )

    def _alike(self, matches: Matches, rank: int) -> AlikeCrystal:
        row = matches.rows[rank]
        cell = cell_of_metric(matches.metrics[rank], self.catalogue.lines.families[row])
        return AlikeCrystal(
            name=str(self.catalogue.ids[row]),
            formula=str(self.catalogue.formulas[row]),
            space_group=int(self.catalogue.groups[row]),
            likeness=float(matches.likeness[rank]),
            cell=tuple(cell.tolist()),
        )

    def write(self, path: Path) -> None:
        """Write it as arrays of NumPy and JSON; nothing in the file is a program."""
        made = json.dumps({**self.made_with, "format": _FORMAT, "prior": self.prior}).encode()
        arrays = self.catalogue.arrays() | {
            "weights": self.weights,
            "usual_likeness": np.array(self.usual_likeness),
            "made_with": np.frombuffer(made, dtype=np.uint8),
        }
        with written_aside(path) as aside, aside.open("wb") as file:
            np.savez_compressed(file, **arrays)


def compared(
    curve: NDArray[np.floating[Any]],
    catalogue: Catalogue,
    powder: Powder,
    shares: NDArray[np.float64],
    threads: int = 1,
    without: int | None = None,
) -> tuple[Matches, NDArray[np.float64]]:
    """Compare a measured curve with known crystals; return what it is like, and the evidence.

    Args:
        curve: (points,), as find_peaks takes it.
        catalogue: the crystals.
        powder: the section that network and crystals have in common.
        shares: (230,), the network's probabilities.
        threads, without: as of `match`.
    """
    matches = match(find_peaks(curve, powder), catalogue.lines, powder, threads, without)
    return matches, evidence(matches, catalogue.groups, shares)


def known_crystals_of(folder: Path, powder: Powder) -> KnownCrystals:
    """Read those that lie beside a network.

    Args:
        folder: of the network.
        powder: the section that its data were made with.

    Raises:
        UserError: as `read_known_crystals`, or they were weighed against another network, or are of
            another range or wavelength.
    """
    path = folder / KNOWN_CRYSTALS
    found = _read_once(path, path.stat().st_mtime_ns)
    if found.made_with["calibration"] != digest_of(folder / "calibration.json"):
        raise UserError(f"{path}: weighed against another network; {_AGAIN}")
    if Powder.model_validate(found.made_with["powder"]) != powder:
        raise UserError(f"{path}: `powder` is not that of the network; {_AGAIN}")
    return found


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, or "" where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


@cache
def _read_once(path: Path, modified: int) -> KnownCrystals:
    return read_known_crystals(path)


def read_known_crystals(path: Path) -> KnownCrystals:
    """Read a file that KnownCrystals.write wrote.

    Raises:
        UserError: it is damaged, or of another version.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        made = json.loads(arrays["made_with"].tobytes())
        version, prior = made.pop("format"), made.pop("prior")
        catalogue, usual = catalogue_of_arrays(arrays), float(arrays["usual_likeness"])
        if version != _FORMAT or prior not in get_args(Prior) or len(catalogue.ids) < FEWEST:
            raise ValueError(version)
        return KnownCrystals(catalogue, arrays["weights"], prior, usual, made)
    # What a damaged archive ends in depends on where it is damaged.
    except (
        *(AttributeError, BadZipFile, EOFError, LookupError, NotImplementedError, OSError),
        *(TypeError, ValueError, zlib.error),
    ):
        raise UserError(f"{path}: damaged, or made by another version; {_AGAIN}") from None


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


def probabilities(
    found: NDArray[np.float64],
    weights: NDArray[np.float64],
    log_odds: NDArray[np.float64] | float = 0.0,
) -> NDArray[np.float64]:
    """Return the probabilities of the groups, (..., 230), of their evidence (..., 230, 3).

    `log_odds`: (230,), of each before, beside its frequency among the known crystals.
    """
    shares: NDArray[np.float64] = softmax(found @ weights + log_odds, axis=-1)
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
        slope = (expected - of_all[rows, true]).mean(axis=0) + 2 * _RIDGE * weights
        return -logarithms[rows, true].mean() + _RIDGE * weights @ weights, slope

    best: NDArray[np.float64] = minimize(loss, np.full(len(EVIDENCE), 0.5), jac=True).x
    return best
