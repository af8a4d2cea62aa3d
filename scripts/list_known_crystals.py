"""List the known crystals that diffractograms are compared with, beside the network."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from spacegrouper.contract.measured_files import Measured
from spacegrouper.crystals.crystal import Crystal
from spacegrouper.crystals.json_lines import read_crystals
from spacegrouper.dataset.dataset import Dataset
from spacegrouper.errors import UserError
from spacegrouper.evaluation.model_folder import read_parts
from spacegrouper.prediction.answers import shares_of_space_groups
from spacegrouper.prediction.trained_model import TrainedModel, load_trained_model
from spacegrouper.programs.command_line import (
    Crystals,
    Model,
    Store,
    Threads,
    log,
    progress,
    run_program,
)
from spacegrouper.randomness import generators
from spacegrouper.techniques.powder.diffractograms import diffractograms
from spacegrouper.techniques.powder.known import KNOWN_CRYSTALS
from spacegrouper.techniques.powder.known.catalogue import list_crystals
from spacegrouper.techniques.powder.known.known_crystals import (
    EVIDENCE,
    FEWEST,
    KnownCrystals,
    Prior,
    compared,
    digest_of,
    fit_weights,
    probabilities,
)
from spacegrouper.techniques.powder.measured.network_axis import measured_for_network
from spacegrouper.techniques.powder.measured.scan import Scan
from spacegrouper.techniques.powder.settings import Augment, Diffractogram, Powder
from spacegrouper.training.images import UNTRAINED_EPOCH

if TYPE_CHECKING:
    import pandas as pd

_BATCH = 64
_MOST = 1000  # validation crystals, drawn at random: three weights need no more


def main(
    structures: Crystals,
    dataset: Store,
    model: Model,
    prior: Annotated[
        Prior,
        typer.Option(
            help="how frequent space groups are among what is measured: `listed`, as among the "
            "known crystals; `inorganic`, as in the Inorganic Crystal Structure Database"
        ),
    ] = "inorganic",
    threads: Threads = 1,
) -> None:
    """List known crystals, and weigh what they say against what a network of diffractograms says.

    Goes in: standardised crystals as JSON lines; the sticks of the same crystals, DATASET; and the
    network with the split, MODEL. Comes out: known_crystals.npz in MODEL, which predict.py heeds:
    the strong lines of all crystals, and three weights. These are fitted on the crystals of the
    validation part, a thousand at most, drawn as measured by the section `augment` of the network's
    settings; each is left out of the known ones while it is compared.
    """
    trained, store = load_trained_model(model), Dataset(dataset)
    labels = trained.labels
    if labels.label != "spacegroup" or "augment" not in labels.presentation.sections:
        raise UserError(f"{model}: names no space groups of powders; give a network that does")
    path = trained.folder / "split.csv"
    split = read_parts(path, store)
    validation = split[split["part"] == "validation"]
    if len(validation) > _MOST:
        validation = validation.sample(_MOST, random_state=labels.presentation.seed).sort_index()
    if trained.temperature is None:
        raise UserError(f"{model}: not calibrated; run scripts/calibrate.py first")
    if validation.empty:
        raise UserError(
            f"{path}: no crystal of the part validation, which the weights are fitted on; train "
            "again with scripts/train.py"
        )
    powder = Powder.model_validate(store.settings["powder"])
    with progress("list", None) as advance:
        catalogue, left_out = list_crystals(_usable(structures, advance), powder)
    if len(catalogue.ids) < FEWEST:
        raise UserError(
            f"{structures}: {len(catalogue.ids)} crystals have lines, but {FEWEST} are needed"
        )
    row_of = {name: row for row, name in enumerate(catalogue.ids.tolist())}
    found, likeness, true = [], [], []
    with progress("compare", len(validation)) as advance:
        for measured, shares, group in _as_measured(validation, store, trained):
            own, curve = row_of.get(measured.name), measured.arrays["measured finely"]
            matches, speaks = compared(curve, catalogue, powder, shares, threads, without=own)
            found.append(speaks)
            likeness.append(matches.likeness[0])
            true.append(group)
            advance(1)
    weights = fit_weights(found, np.array(true))
    together = probabilities(np.stack(found), weights)
    by_network = np.stack(found)[:, :, EVIDENCE.index("network")]
    right, alone = (float((of.argmax(axis=1) + 1 == true).mean()) for of in (together, by_network))
    made_with = {
        "powder": store.settings["powder"],
        "calibration": digest_of(trained.folder / "calibration.json"),
        "validation_crystals": len(true),
        "top_1_accuracy": right,
        "network_top_1_accuracy": alone,
    }
    usual = float(np.quantile(likeness, 0.01))
    KnownCrystals(catalogue, weights, prior, usual, made_with).write(
        trained.folder / KNOWN_CRYSTALS
    )
    log.info(
        "%d known crystals, %d left out; of %d validation crystals, drawn as measured, %.1f %% are "
        "named right, by the network alone %.1f %%; weights: %s",
        len(catalogue.ids),
        left_out,
        len(true),
        100 * right,
        100 * alone,
        ", ".join(f"{name} {weight:.3f}" for name, weight in zip(EVIDENCE, weights, strict=True)),
    )


def _usable(structures: Path, advance: Callable[[int], None]) -> Iterator[Crystal]:
    for crystal in read_crystals(structures):
        advance(1)
        if isinstance(crystal, Crystal):
            yield crystal


def _as_measured(
    crystals: "pd.DataFrame", store: Dataset, trained: TrainedModel
) -> Iterator[tuple[Measured, NDArray[np.float64], int]]:
    """Yield crystals as an instrument measures them, the network's shares, and their space group.

    One that shows nothing is left out.
    """
    shown = trained.labels.presentation
    powder = Powder.model_validate(store.settings["powder"])
    profile = Diffractogram.model_validate(shown.sections["diffractogram"])
    augment = Augment.model_validate(shown.sections["augment"])
    angles = powder.two_theta[0] + powder.step * np.arange(powder.angles)
    for start in range(0, len(crystals), _BATCH):
        part = crystals.iloc[start : start + _BATCH]
        names = part["material_id"].tolist()
        sticks = store.read(part["row"].to_numpy(), ["raw"])["raw"][:, 0, 0]
        random = generators(shown.seed, names, "known crystals", UNTRAINED_EPOCH)
        curves = diffractograms(sticks, powder, profile, powder.angles, augment, random)
        measured, groups = [], []
        for name, curve, group in zip(names, curves, part["spacegroup"], strict=True):
            # Where nothing is counted, as at ends that `augment.cut` takes, nothing is measured.
            counted = np.flatnonzero(curve)
            if counted.size == 0:
                continue
            inside = slice(counted[0], counted[-1] + 1)
            scan = Scan(angles[inside], curve[inside].astype(np.float64))
            try:
                measured.append(measured_for_network(scan, name, shown, None))
            except UserError as error:
                log.info("%s: left out, as its measurement %s", name, error)
                continue
            groups.append(int(group))
        if measured:
            yield from zip(measured, shares_of_space_groups(measured, trained), groups, strict=True)


if __name__ == "__main__":
    run_program(main)
