"""The page of sample crystals: one HTML file that holds its images and needs nothing else."""

import base64
from collections.abc import Mapping, Sequence
from io import BytesIO
from itertools import groupby
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from numpy.typing import NDArray
from PIL import Image

from spacegrouper.config.sections import Settings
from spacegrouper.evaluation.figures import space_group_name
from spacegrouper.evaluation.model_folder import Labels
from spacegrouper.evaluation.samples import Sample, raw_image, shaped_images, spot_image


def samples_page(
    samples: Sequence[Sample],
    per_space_group: int,
    metrics: Mapping[str, Any],
    labels: Labels,
    settings: Settings,
) -> str:
    """Return the page as HTML.

    `samples`: in order of space group, up to `per_space_group` of each; `metrics`: as
    metrics.summarise returns them; `labels`: of the network; `settings`: they name run and views.
    """
    environment = Environment(
        loader=PackageLoader("spacegrouper.evaluation", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    space_groups = [
        {
            "number": number,
            "name": space_group_name(number),
            "samples": [_describe(sample, settings) for sample in members],
        }
        for number, members in groupby(samples, key=lambda sample: sample.spacegroup)
    ]
    return environment.get_template("samples_page.html.jinja").render(
        space_groups=space_groups,
        per_space_group=per_space_group,
        metrics=metrics,
        labels=labels,
        name=settings.name,
    )


def _describe(sample: Sample, settings: Settings) -> dict[str, Any]:
    views = [f"{view.axis} view" for view in settings.simulate.views]
    images = [
        (f"raw, {views[0]}", raw_image(sample)),
        ("spot: raw views as red, green, blue", spot_image(sample)),
    ]
    colours = ("red", "green", "blue")
    for view, colour, image in zip(views, colours, shaped_images(sample), strict=True):
        images.append((f"shaped, {view}: shape in {colour}", image))
    return {
        "material_id": sample.material_id,
        "right": sample.right,
        "predicted": space_group_name(sample.predicted),
        "percent": f"{100 * sample.probability:.1f}",
        "images": [(caption, _png_address(image)) for caption, image in images],
    }


def _png_address(image: NDArray[np.uint8]) -> str:
    """Return the image as a `data:` address that a page can hold."""
    file = BytesIO()
    Image.fromarray(image).save(file, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")
