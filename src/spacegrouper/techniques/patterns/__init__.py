"""Single-crystal diffraction patterns, raw and shaped."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from spacegrouper.contract.descriptor import Sections
from spacegrouper.contract.technique import TECHNIQUES, Description, Technique, Use
from spacegrouper.settings.run import Settings
from spacegrouper.settings.simulate import Simulate
from spacegrouper.techniques.patterns.pictures import pictures_of, samples_of, view_names
from spacegrouper.techniques.patterns.report import FIGURES, TABLES
from spacegrouper.techniques.patterns.settings import Shape, Variation, check

if TYPE_CHECKING:
    from spacegrouper.dataset.dataset import Dataset

_DEFAULTS = Simulate()


def _record(settings: Settings) -> dict[str, Any]:
    simulate = settings.simulate
    variation = settings.of(Variation)
    seed = {"seed": settings.seed} if simulate.uses_seed or variation.copies else {}
    varied = {"variation": variation.model_dump(mode="json")} if variation.copies else {}
    # Products of versions without these keys are those of their defaults, and stay the same.
    newer = {"form_factors", "grey_scale", "decades", "envelope"}
    without = {key for key in newer if getattr(simulate, key) == getattr(_DEFAULTS, key)}
    if simulate.grey_scale == "logarithmic":
        without.discard("decades")
    return {"simulate": simulate.model_dump(mode="json", exclude=without)} | varied | seed


def _units(made_with: Sections) -> str:
    radiation = made_with.get("simulate", {}).get("form_factors", "xray")
    return {"xray": "photons", "electron": "electrons", "neutron": "neutrons"}[radiation] + "/pixel"


def _record_shape(settings: Settings, pixels: int) -> dict[str, Any]:
    shape = settings.of(Shape).written_out(pixels)
    return {"shape": shape.model_dump(mode="json")}


def _shape(raw: NDArray[Any], made_with: Sections) -> dict[str, NDArray[Any]]:
    # Only here: the compiler is slow to import.
    from spacegrouper.techniques.patterns.shaping import shape_patterns

    return {"shaped": shape_patterns(raw, Shape.model_validate(made_with["shape"]))}


def _describe(dataset: "Dataset", threads: int, advance: Callable[[int], None]) -> Description:
    from spacegrouper.techniques.patterns.description import describe

    return describe(dataset, threads, advance)


TECHNIQUES.register(
    Technique(
        name="patterns",
        measures="diffraction patterns",
        sections=(Shape, Variation),
        record=_record,
        caption=(
            "Raw and spot images of a linear grey scale are brightened (cube root of the grey "
            "level), or most spots could not be seen. A spot image has the raw patterns of the "
            "three views, a shaped image the shapes of one: the first in orange, the second in "
            "blue, the third in purple, where the network takes red, green and blue."
        ),
        units=_units,
        derived=("shaped",),
        derive=_shape,
        derived_from=("shape",),
        record_derived=_record_shape,
        copies=lambda settings: settings.of(Variation).copies,
        views=lambda settings: ("simulate.views", len(settings.simulate.views)),
        view_names=view_names,
        tables=TABLES,
        figures=FIGURES,
        describe=_describe,
        pictures=pictures_of,
        samples=samples_of,
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
