"""A trained network as it ships: small, without what only its training needs, and with a card."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import yaml

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.class_names import label_noun
from spacegrouper.errors import UserError
from spacegrouper.evaluation.model_folder import Labels, read_labels
from spacegrouper.networks.shared.keras_file import read_keras_file, with_rounded_weights
from spacegrouper.settings import Settings, load_settings

# What a card lists of an evaluation, as in metrics.json.
_SCORES = {
    "top_1": "top-1",
    "top_3": "top-3",
    "top_5": "top-5",
    "extinction_class": "extinction class",
    "laue_class": "Laue class",
    "physics_line_top_1": "naming the most frequent group of the true extinction class",
}

CARD = """\
# {network}: {noun} from {measures}

Tells {count} classes apart, from the descriptor `{descriptor}`.

**Trained on** {data}

**Scores** on test crystals, with 95 % intervals. `random`: any crystals; `prototype`: crystals of
structure types that were not trained on. Each split has a training of its own; the first is this
network's.

{table}

**On measured data**: {measured}

**What it cannot do.** It was trained on simulations of ordered crystals, and names one of its
classes whatever it is shown. Space groups of one extinction class have the same symmetry of
intensities and the same absences: which of them it names rests on how frequent they are among the
crystals that it was trained on.

**Classes**: {classes}

{digests}

**To train it again**, give settings.yaml beside this file to Snakemake as its configuration, with a
file of your own that says where the crystals come from:

    snakemake --profile cluster/local --configfile settings.yaml own.yaml \\
        -- results/{name}/packed/CARD.md
"""


def pack_model(
    model: Path, evaluations: Mapping[str, Path], data: str, measured: str, output: Path
) -> None:
    """Write the folder of a network that predict.py takes, a few megabytes.

    Weights are rounded to nine significant bits.

    Args:
        model: a folder that scripts/train.py wrote and scripts/calibrate.py completed.
        evaluations: metrics.json by what was held out, as `random` or `prototype`.
        data: what it was trained on, and its licence; for the card.
        measured: how well it does on measured data; for the card.
        output: the folder. Known crystals that lie beside the network go with it.

    Raises:
        UserError: a file is missing or damaged.
    """
    labels = read_labels(model)
    read_keras_file(model / "model.keras")  # refuses what is damaged
    scores = {name: _scores(path) for name, path in evaluations.items()}
    with written_aside(output) as aside:
        aside.mkdir()
        packed = with_rounded_weights((model / "model.keras").read_bytes())
        (aside / "model.keras").write_bytes(packed)
        for name in ("labels.json", "calibration.json"):
            if not (model / name).is_file():
                raise UserError(f"{model / name}: no such file; run scripts/calibrate.py first")
            shutil.copyfile(model / name, aside / name)
        settings = load_settings(model / "settings.yaml")
        # Where crystals came from is a path of the machine that trained.
        kept = settings.model_dump(mode="json", exclude={"acquire"})
        (aside / "settings.yaml").write_text(yaml.safe_dump(kept, sort_keys=False), "utf-8")
        digests = {"model.keras": hashlib.sha256(packed).hexdigest()}
        known = labels.technique.measured and labels.technique.measured.known
        if known and (model / known).is_file():
            content = (model / known).read_bytes()
            (aside / known).write_bytes(content)
            digests[known] = hashlib.sha256(content).hexdigest()
        card = _card(labels, settings, data, measured, scores, digests)
        (aside / "CARD.md").write_text(card, "utf-8")


def _scores(path: Path) -> dict[str, str]:
    """Return what a card says of an evaluation: shares, with their intervals."""
    try:
        metrics = json.loads(path.read_text("utf-8"))
        found = {"crystals": f"{metrics['test_crystals']:,}"}
        for key, name in _SCORES.items():
            if f"{key}_accuracy" in metrics:
                low, high = metrics[f"{key}_interval_95"]
                share = metrics[f"{key}_accuracy"]
                found[name] = f"{share:.1%} ({low:.1%} to {high:.1%})"
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(f"{path}: no metrics.json; make it with scripts/evaluate.py") from None
    return found


def _card(
    labels: Labels,
    settings: Settings,
    data: str,
    measured: str,
    scores: Mapping[str, Mapping[str, str]],
    digests: Mapping[str, str],
) -> str:
    """Return a model card, Markdown."""
    heads = [*scores]
    rows = [name for name in ("crystals", *_SCORES.values()) if name in scores[heads[0]]]
    table = [
        f"| | {' | '.join(f'{head} split' for head in heads)} |",
        f"|---|{'---|' * len(heads)}",
        *(f"| {row} | {' | '.join(scores[head].get(row, '') for head in heads)} |" for row in rows),
    ]
    noun = label_noun(labels.label)
    names = ", ".join(map(str, labels.classes.tolist()))
    technique, descriptor = labels.technique, labels.presentation.descriptor
    return CARD.format(
        network=settings.model.name,
        name=settings.name,
        noun=noun,
        count=len(labels.classes),
        measures=technique.measures,
        descriptor=descriptor,
        data=data,
        measured=measured,
        table="\n".join(table),
        classes=names,
        digests="\n\n".join(
            f"**SHA-256** of {name}: `{digest}`" for name, digest in digests.items()
        ),
    )
