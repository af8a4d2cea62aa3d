"""The page of sample crystals: one HTML file that holds its images and needs nothing else."""

import base64
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from spacegrouper.contract.descriptor import DESCRIPTORS
from spacegrouper.contract.picture import Picture
from spacegrouper.crystals.class_names import class_name, label_noun
from spacegrouper.evaluation.model_folder import Labels
from spacegrouper.figures.page_template import page_template
from spacegrouper.figures.samples import Sample
from spacegrouper.figures.shares import percent


def samples_page(
    samples: Sequence[Sample],
    per_class: int,
    metrics: Mapping[str, Any],
    labels: Labels,
    run: str,
) -> str:
    """Return the page as HTML.

    `samples`: in order of class, up to `per_class` of each; `metrics`: as metrics.summarise returns
    them; `labels`: of the network; `run`: the name of the run.
    """
    classes = [
        {
            "name": class_name(labels.label, name),
            "samples": [describe_sample(sample, labels.label, _as_it_is) for sample in members],
        }
        for name, members in groupby(samples, key=lambda sample: sample.true)
    ]
    return page_template("spacegrouper.figures", "samples_page.html.jinja").render(
        classes=classes,
        noun=label_noun(labels.label),
        per_class=per_class,
        metrics=metrics,
        shown=labels.presentation,
        descriptor=DESCRIPTORS[labels.presentation.descriptor],
        caption=labels.technique.caption,
        run=run,
    )


def describe_sample(
    sample: Sample, label: str, pixels: Callable[[Picture], NDArray[np.uint8]]
) -> dict[str, Any]:
    """Return what a page shows of a crystal.

    `label`: what is told apart, as split.label; `pixels`: what is shown of a picture.
    """
    return {
        "material_id": sample.material_id,
        "right": sample.right,
        "true": class_name(label, sample.true),
        "predicted": class_name(label, sample.predicted),
        "percent": percent(sample.probability),
        "images": [(picture.caption, _png_address(pixels(picture))) for picture in sample.pictures],
    }


def _as_it_is(picture: Picture) -> NDArray[np.uint8]:
    return picture.values


def _png_address(image: NDArray[np.uint8]) -> str:
    """Return the image as a `data:` address that a page can hold."""
    file = BytesIO()
    Image.fromarray(image).save(file, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")
