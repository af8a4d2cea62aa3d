"""Bitmaps of the habits of crystals."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from spacegrouper.contract.descriptor import Arrays, Presentation, Sections
from spacegrouper.contract.picture import Picture
from spacegrouper.contract.technique import TECHNIQUES, Description, Technique, Use
from spacegrouper.settings.run import Settings
from spacegrouper.techniques.morphology.report import FIGURES, TABLES
from spacegrouper.techniques.morphology.settings import Morphology, check

if TYPE_CHECKING:
    from spacegrouper.dataset.dataset import Dataset


def _record(settings: Settings) -> dict[str, Any]:
    # The address of a database may hold what is nobody's business.
    return {
        "simulate": {"engine": settings.simulate.engine},
        "morphology": settings.of(Morphology).model_dump(mode="json", exclude={"database"}),
    }


def _describe(dataset: "Dataset", threads: int, advance: Callable[[int], None]) -> Description:
    from spacegrouper.techniques.morphology.statistics import describe

    return describe(dataset, threads, advance)


def _pictures(arrays: Arrays, made_with: Sections) -> dict[str, list[Picture]]:
    return {"Bitmaps": list(_bitmaps(arrays))}


def _samples(arrays: Arrays, name: str, presentation: Presentation) -> tuple[Picture, ...]:
    return _bitmaps(arrays)


def _bitmaps(arrays: Arrays) -> tuple[Picture, ...]:
    return tuple(
        Picture(f"direction {place}", bitmap) for place, bitmap in enumerate(arrays["raw"], start=1)
    )


def _are_drawn(settings: Settings) -> bool:
    return settings.engine.crystals


TECHNIQUES.register(
    Technique(
        name="morphology",
        measures="bitmaps of habits",
        sections=(Morphology,),
        record=_record,
        views=lambda settings: ("morphology.views", len(settings.of(Morphology).views)),
        tables=TABLES,
        figures=FIGURES,
        describe=_describe,
        pictures=_pictures,
        samples=_samples,
        check=check,
        uses=(
            Use(
                (
                    "acquire",
                    "standardise.symprec",
                    "standardise.angle_tolerance",
                    "standardise.setting",
                    "standardise.max_sites",
                    "thin",
                    "morphology.drawing",
                    "morphology.largest_index",
                ),
                _are_drawn,
                "with `simulate.engine: morphology`",
            ),
            Use(
                (
                    "morphology.database",
                    "morphology.table",
                    "morphology.id_column",
                    "morphology.bitmap_column",
                    "morphology.spacegroup_column",
                    "morphology.encoding",
                ),
                lambda settings: not _are_drawn(settings),
                "with `simulate.engine: bitmap_database`",
            ),
        ),
    )
)
