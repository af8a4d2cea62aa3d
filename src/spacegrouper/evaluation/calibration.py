"""Whether the probabilities can be believed: temperature, reliability, and refusing to answer.

C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, On calibration of modern neural networks, ICML 2017:
networks are surer than they are right; dividing their logits by one number, the temperature,
mends most of it and changes no answer.

Shapes: N crystals, C classes. The *confidence* in an answer is the probability of the class that is
named. `logits`: (N, C); `labels`, `confidence`, `correct`: (N,).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from spacegrouper.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from spacegrouper.crystals.symmetry import Integers
    from spacegrouper.evaluation.metrics import Floats

_BINS = 15
_CRYSTALS_IN_BIN = 20  # of the reliability table, at least: with fewer an interval tells little
_SHARES = np.arange(1, 21) / 20
# The range that temperatures are looked for in.
TEMPERATURES = (0.05, 20.0)


def negative_log_likelihood(logits: Floats, labels: Integers, temperature: float = 1.0) -> float:
    """Return the mean of -log(probability of the true class), in nats.

    `logits`: (N, C), which are divided by the temperature; `labels`: (N,), 0 to C - 1.
    """
    logarithms = log_softmax(logits / temperature, axis=1)
    return float(-np.take_along_axis(logarithms, labels[:, None], axis=1).mean())


def fit_temperature(logits: Floats, labels: Integers) -> float:
    """Return the temperature of the smallest `negative_log_likelihood`, between 0.05 and 20.

    `logits`, `labels`: of crystals that the network was not trained on, but may have been
    chosen by. The likelihood has one maximum only, as it is concave in 1 / temperature.
    """
    # Only here, as it is slow to import, and answers only read what was fitted.
    from scipy.optimize import minimize_scalar

    found: Any = minimize_scalar(
        lambda logarithm: negative_log_likelihood(logits, labels, np.exp(logarithm)),
        bounds=np.log(TEMPERATURES),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(found.x))


def reliability_table(confidence: Floats, correct: NDArray[np.bool_]) -> pd.DataFrame:
    """Return how often answers are right, by the confidence in them.

    Up to 15 bins of as many crystals, 20 at least, so that no point hangs on a few; equal
    confidences are in one bin. Columns: first and last confidence in the bin, crystals, probability
    (their mean confidence), accuracy, low, high.
    """
    # Only for tables, as pandas is slow to import, and answers only read the temperature.
    import pandas as pd

    from spacegrouper.evaluation.metrics import share_interval

    bins = int(np.clip(len(confidence) // _CRYSTALS_IN_BIN, 1, _BINS))
    ordered = np.sort(confidence)
    cuts = ordered[np.arange(1, bins) * len(ordered) // bins]
    places = np.searchsorted(np.unique(cuts), confidence, side="right")
    rows = []
    for place in np.unique(places):
        inside = places == place
        rows.append(
            (
                confidence[inside].min(),
                confidence[inside].max(),
                inside.sum(),
                confidence[inside].mean(),
                correct[inside].mean(),
                *share_interval(correct[inside]),
            )
        )
    columns = ["first", "last", "crystals", "probability", "accuracy", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def expected_calibration_error(confidence: Floats, correct: NDArray[np.bool_]) -> float:
    """Return the mean difference of confidence and accuracy, over 15 bins of equal width.

    Each bin counts as often as it has crystals (Guo et al., eq. 3); the first confidence of a bin
    does not belong to it, the last one does.
    """
    # Within a bin, N times the difference is the sum of confidences less the right answers.
    excess = np.bincount(_bins(confidence), weights=confidence - correct)
    return float(np.abs(excess).sum() / len(confidence))


def refusal_table(confidence: Floats, correct: NDArray[np.bool_]) -> pd.DataFrame:
    """Return the accuracy of the answers that remain when the least sure ones are refused.

    Columns: share_answered (0.05 to 1 in steps of 0.05, or more, as equally sure answers are kept
    together), answered (crystals), threshold (the smallest confidence that is answered), accuracy,
    low, high.
    """
    import pandas as pd

    from spacegrouper.evaluation.metrics import share_interval

    descending = np.sort(confidence)[::-1]
    places = np.ceil(_SHARES * len(confidence) - 1e-9).astype(int) - 1
    rows = []
    for threshold in np.unique(descending[places])[::-1]:
        answered = confidence >= threshold
        kept = correct[answered]
        interval = share_interval(kept)
        rows.append((answered.mean(), answered.sum(), threshold, kept.mean(), *interval))
    columns = ["share_answered", "answered", "threshold", "accuracy", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def calibrate(logits: Floats, labels: Integers) -> dict[str, int | float]:
    """Return what calibration.json holds, from the logits, (N, C), of the validation part.

    The temperature (1 if all answers are right: such crystals would have it fall without end), the
    number of crystals and of mistakes, and the negative log likelihood and expected calibration
    error of these crystals before and after their logits are divided by it.
    """
    correct = logits.argmax(axis=1) == labels
    temperature = 1.0 if correct.all() else fit_temperature(logits, labels)
    summary: dict[str, int | float] = {
        "temperature": temperature,
        "validation_crystals": len(labels),
        "validation_mistakes": int(np.count_nonzero(~correct)),
    }
    for when, divisor in (("before", 1.0), ("after", temperature)):
        confidence = np.exp(log_softmax(logits / divisor, axis=1).max(axis=1))
        likelihood = negative_log_likelihood(logits, labels, divisor)
        summary[f"negative_log_likelihood_{when}"] = likelihood
        summary[f"expected_calibration_error_{when}"] = expected_calibration_error(
            confidence, correct
        )
    return summary


def read_temperature(model: Path) -> float:
    """Return the temperature of a model folder's calibration.json.

    Raises UserError where there is no such file, or it does not hold one.
    """
    path = model / "calibration.json"
    try:
        temperature = json.loads(path.read_text(encoding="utf-8"))["temperature"]
        if not 0 < temperature < np.inf:
            raise ValueError
    except OSError:
        raise UserError(
            f"{path}: no such file, the network is not calibrated; "
            "make it with scripts/calibrate.py"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise UserError(
            f"{path}: holds no `temperature` above 0; make it again with scripts/calibrate.py"
        ) from None
    return float(temperature)


def _bins(confidence: Floats) -> NDArray[np.int64]:
    """Return the place of the bin of each confidence, 0 to 14."""
    places: NDArray[np.int64] = np.ceil(confidence * _BINS).astype(np.int64) - 1
    return places.clip(0, _BINS - 1)
