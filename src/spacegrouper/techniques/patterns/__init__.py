"""Single-crystal diffraction patterns, raw and shaped."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from spacegrouper.contract.technique import (
    TECHNIQUES,
    Arrays,
    Description,
    Picture,
    Presentation,
    Sections,
    Technique,
    Use,
)
from spacegrouper.settings.run import Settings
from spacegrouper.settings.simulate import Simulate
from spacegrouper.techniques.patterns.report import FIGURES, TABLES
from spacegrouper.techniques.patterns.settings import Shape, check

if TYPE_CHECKING:
    from spacegrouper.dataset.dataset import Dataset


def _record(settings: Settings) -> dict[str, Any]:
    simulate = settings.simulate
    seed = {"seed": settings.seed} if simulate.uses_seed else {}
    return {"simulate": simulate.model_dump(mode="json")} | seed


def _record_shape(settings: Settings, pixels: int) -> dict[str, Any]:
    shape = settings.of(Shape).written_out(pixels)
    return {"shape": shape.model_dump(mode="json")}


def _shape(raw: NDArray[Any], made_with: Sections) -> dict[str, NDArray[Any]]:
    # Only here: the compiler is slow to import.
    from spacegrouper.techniques.patterns.shaping import shape_patterns

    return {"shaped": shape_patterns(raw, Shape.model_validate(made_with["shape"]))}


def _describe(dataset: "Dataset", threads: int, advance: Callable[[int], None]) -> Description:
    from spacegrouper.techniques.patterns.statistics import describe

    return describe(dataset, threads, advance)


def _pictures(arrays: Arrays, made_with: Sections) -> Mapping[str, Sequence[Picture]]:
    from spacegrouper.techniques.patterns.pictures import pictures_of

    return pictures_of(arrays, made_with)


def _samples(arrays: Arrays, name: str, presentation: Presentation) -> tuple[Picture, ...]:
    from spacegrouper.techniques.patterns.pictures import samples_of

    return samples_of(arrays, presentation)


TECHNIQUES.register(
    Technique(
        name="patterns",
        measures="diffraction patterns",
        sections=(Shape,),
        record=_record,
        caption=(
            "Raw and spot images are brightened (square root of the grey level), or most spots "
            "could not be seen; a spot image has the raw patterns of the three views as red, "
            "green and blue, a shaped image its shapes in the view's own colour."
        ),
        units="photons/pixel",
        derived=("shaped",),
        derive=_shape,
        derived_from=("shape",),
        record_derived=_record_shape,
        views=lambda settings: ("simulate.views", len(settings.simulate.views)),
        view_names=lambda made_with: [
            view.axis for view in Simulate.model_validate(made_with.get("simulate", {})).views
        ],
        tables=TABLES,
        figures=FIGURES,
        describe=_describe,
        pictures=_pictures,
        samples=_samples,
        check=check,
        uses=(
            Use(
                ("shape.minimum_distance",),
                lambda settings: settings.of(Shape).method == "pixels",
                "with `shape.method: pixels`",
            ),
        ),
        images=True,
        in_paper=True,
    )
)
