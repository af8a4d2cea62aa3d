"""What the page shows of a network and of what was sent to it, as JSON."""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from spacegrouper.crystals.class_names import class_name, label_noun
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.errors import UserError
from spacegrouper.figures.shares import percent
from spacegrouper.figures.toolkit import png_of
from spacegrouper.prediction.answers import Answer, answer_crystals
from spacegrouper.prediction.descriptions import calibration, model_record
from spacegrouper.prediction.inputs import Asked, answer_inputs, gathered, read_input, read_views
from spacegrouper.prediction.list_answers import ListAnswer
from spacegrouper.prediction.list_pictures import zone_figures, zone_words
from spacegrouper.prediction.micrograph_pictures import micrograph_figure
from spacegrouper.prediction.micrographs import MicrographAnswer
from spacegrouper.prediction.outputs import Said, answer_json, answer_picture, answer_words
from spacegrouper.prediction.pattern_files import VIEWS
from spacegrouper.prediction.pictures import measured_pictures, png_address, seen_pictures
from spacegrouper.settings import Simulate
from spacegrouper.techniques.patterns.indexed_figure import PATTERN_WORDS, view_figure
from spacegrouper.techniques.patterns.simulation import simulate_crystals
from spacegrouper.techniques.reflections.ranking.priors import PRIOR_WORDS, PRIORS, USUAL
from spacegrouper.techniques.reflections.ranking.ranker import read_ranker

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from spacegrouper.prediction.inputs import Input

_FILES = ("labels.json", "settings.yaml", "model.keras", "calibration.json")
_CAESIUM_CHLORIDE = Crystal(
    "CsCl", 4.12 * np.eye(3), ("Cs", "Cl"), np.array([[0, 0, 0], [0.5, 0.5, 0.5]])
)
# What predict.py calls options are fields here; numbers in their bounds.
_BOUNDS = {"wavelength": (0.05, 10.0, "Å"), "pixel_size": (1e-5, 1.0, "1/Å")}
_LABELS = {
    "cell": "Cell",
    "wavelength": "Wavelength",
    "pixel_size": "Pixel size",
    "prior": "Prior",
}
_OPTIONS = {f"--{name.replace('_', '-')}": f"“{label}”" for name, label in _LABELS.items()}
_SPOTS = 12  # that are indexed in a pattern


def warm_up(asked: Asked) -> None:
    """Answer for a small crystal, as the first answer takes longest.

    Raises UserError for a network that does not take structures.
    """
    answer_crystals([_CAESIUM_CHLORIDE], asked.network, threads=1)
    read_ranker(None)


def describe_network(asked: Asked) -> dict[str, Any]:
    """Return what the page says of a network, and the state of its files."""
    model = asked.network
    found = [model.folder / name for name in _FILES if (model.folder / name).is_file()]
    technique = model.labels.technique
    label = model.labels.label
    return {
        "classes": [class_name(label, value) for value in model.labels.classes.tolist()],
        "label": label_noun(label),
        "measures": technique.measures,
        "calibration": calibration(model),
        "ships": asked.model is None,
        "takes_diffractograms": asked.model is None or technique.measured is not None,
        "takes_patterns": asked.model is None or technique.images,
        "priors": PRIOR_WORDS,
        "folder": model.folder.as_posix(),
        "files": [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in found],
    }


def describe_upload(
    paths: Sequence[Path], fields: Mapping[str, str], asked: Asked, threshold: float | None = None
) -> dict[str, Any]:
    """Return what is shown of the files of a crystal, or why there is nothing: `refused`.

    Args:
        paths: the files.
        fields: of the form, as they were filled: `cell`, `wavelength`, `pixel_size`, `prior`.
        asked: what answers.
        threshold: the probability below which the best class decides nothing.
    """
    try:
        used = _with_fields(asked, fields)
        (answer,) = answer_inputs([_one_input(paths, used)], used)
    except UserError as error:
        return {"refused": _in_words_of_the_page(str(error))}
    if isinstance(answer, Rejection):
        return {"refused": _in_words_of_the_page(answer.reason)}
    return _shown(answer, used, threshold)


def _with_fields(asked: Asked, fields: Mapping[str, str]) -> Asked:
    filled = {name: text.strip() for name, text in fields.items() if text.strip()}
    cell = filled.get("cell")
    prior: Any = filled.get("prior", USUAL)
    if prior not in PRIORS:
        raise UserError(f"{_LABELS['prior']}: there is no {prior!r}")
    return replace(
        asked,
        cell=",".join(re.split(r"[,;\s]+", cell)) if cell else None,
        wavelength=_number("wavelength", filled),
        pixel_size=_number("pixel_size", filled),
        prior=prior,
    )


def _number(name: str, filled: Mapping[str, str]) -> float | None:
    if name not in filled:
        return None
    low, high, unit = _BOUNDS[name]
    try:
        value = float(filled[name])
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise UserError(
            f"“{_LABELS[name]}” {filled[name]!r}: give a number from {low:g} to {high:g}, {unit}"
        )
    return value


def _one_input(paths: Sequence[Path], asked: Asked) -> "Input":
    """Read what files are together.

    Raises:
        UserError: they are of several crystals.
    """
    views = sorted(paths, key=lambda path: path.stem.lower())
    if tuple(path.stem.lower() for path in views) == VIEWS:
        return read_views(views, asked)
    together = gathered(paths, asked)
    if len(together) > 1:
        names = ", ".join(str(group[0]) for group in together)
        raise UserError(f"{names} do not belong together; give the files of one crystal at a time")
    found = list(read_input(together[0], asked))
    if len(found) > 1:
        raise UserError(f"the file holds {len(found)} structures; give a file with one of them")
    return found[0]


def _in_words_of_the_page(reason: str) -> str:
    for option, field in _OPTIONS.items():
        reason = reason.replace(option, field)
    return reason.replace("--model", "spacegrouper serve --model")


def _shown(
    answer: Answer | ListAnswer | MicrographAnswer, asked: Asked, threshold: float | None
) -> dict[str, Any]:
    network = asked.network_of(answer)
    document = {
        "model": model_record(network) if network else None,
        "results": [answer_json(answer, network, threshold) | {"picture": None}],
        "errors": [],
    }
    pdf = BytesIO()
    answer_picture(answer, network, threshold).savefig(pdf, format="pdf")
    text = json.dumps(document, indent=2, ensure_ascii=False).encode()
    return {
        "parts": [_part(said, answer.name) for said in answer_words(answer, network, threshold)],
        "rows": list(_rows(answer, asked)),
        "downloads": [
            {"ending": "pdf", "address": _address("application/pdf", pdf.getvalue())},
            {"ending": "json", "address": _address("application/json", text)},
        ],
    }


def _part(said: Said, name: str) -> dict[str, Any]:
    guesses = [
        {"name": guess, "percent": percent(share), "share": share} for guess, share in said.guesses
    ]
    title = said.title.removeprefix(name).removeprefix(": ")
    return asdict(said) | {"title": title, "guesses": guesses}


def _rows(answer: Answer | ListAnswer | MicrographAnswer, asked: Asked) -> Iterable[dict[str, Any]]:
    """Yield rows of pictures: a heading, a note and the pictures of each."""
    if isinstance(answer, ListAnswer):
        yield _row("Zones, in the standard axes", _drawn(zone_figures(answer)), zone_words(answer))
        return
    if isinstance(answer, MicrographAnswer):
        yield _row("Micrographs", _drawn([("all of them", micrograph_figure(answer))], "wide"))
        return
    if answer.crystal is not None:
        yield _row("Simulated patterns, indexed", _drawn(_indexed(answer.crystal)), PATTERN_WORDS)
    model = asked.network_of(answer)
    assert model is not None
    pictures = {
        **measured_pictures(answer, model),
        "What the network saw": seen_pictures(answer, model),
    }
    for heading, of_heading in pictures.items():
        yield _row(
            heading,
            [
                {
                    "caption": picture.caption,
                    "address": png_address(picture),
                    "kind": "pixels" if picture.range is None else "wide",
                }
                for picture in of_heading
            ],
        )


def _row(heading: str, pictures: Sequence[dict[str, Any]], note: str = "") -> dict[str, Any]:
    return {"heading": heading, "note": note, "pictures": pictures}


def _indexed(crystal: Crystal) -> Iterable[tuple[str, "Figure"]]:
    """Yield the patterns along the axes of a crystal in its standard cell."""
    settings = Simulate.model_validate({"views": "zone_axes"})
    (patterns,) = simulate_crystals([crystal], settings, seed=0, threads=1)
    if patterns.reasons[0]:
        return
    for axis, view, raw in zip(VIEWS, settings.views, patterns.values[0], strict=True):
        yield (
            f"beam along {axis}",
            view_figure(settings, view, raw, crystal.lattice, _SPOTS),
        )


def _drawn(figures: Iterable[tuple[str, "Figure"]], kind: str = "square") -> list[dict[str, Any]]:
    return [
        {
            "caption": caption,
            "address": _address("image/png", png_of(figure)),
            "kind": kind,
        }
        for caption, figure in figures
    ]


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{b64encode(content).decode('ascii')}"
