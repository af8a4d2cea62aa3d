"""What is checked of a run's settings when it starts, before anything is simulated.

Settings are also read to look at old runs, and by single programs, which use a few sections of
them. So what concerns only a new run as a whole is checked here: keys that it has no use for, files
that must be there, crystals that are too few for the classes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from spacegrouper.errors import UserError
from spacegrouper.settings.acquire import PrototypesSource
from spacegrouper.settings.run import Settings
from spacegrouper.settings.section import Section
from spacegrouper.settings.shape import Shape
from spacegrouper.settings.space_groups import SPACE_GROUPS


@dataclass(frozen=True)
class _Use:
    """Keys or whole sections, the runs that use them, and where these are."""

    keys: tuple[str, ...]
    is_used: Callable[[Settings], bool]
    where: str


def _technique(name: str) -> Callable[[Settings], bool]:
    return lambda settings: settings.simulate.technique == name


def _has_crystals(settings: Settings) -> bool:
    return settings.simulate.technique != "morphology" or settings.morphology.database is None


def _tells_space_groups_apart(settings: Settings) -> bool:
    return (
        settings.simulate.technique == "diffraction"
        and settings.simulate.engine == "kinematic"
        and settings.split.label == "spacegroup"
    )


# What not every run uses. A key that is not at its default and has no effect is a mistake.
_USES = (
    _Use(("powder", "diffractogram", "augment"), _technique("powder"), "with a powder engine"),
    _Use(("morphology",), _technique("morphology"), "with `simulate.engine: morphology`"),
    _Use(("shape",), _technique("diffraction"), "with a diffraction engine"),
    _Use(
        ("shape.minimum_distance",),
        lambda settings: settings.shape.method == "pixels",
        "with `shape.method: pixels`",
    ),
    _Use(
        ("acquire", "standardise.symprec", "standardise.angle_tolerance", "standardise.max_sites"),
        _has_crystals,
        "without `morphology.database`",
    ),
    _Use(
        ("morphology.drawing", "morphology.largest_index"),
        _has_crystals,
        "without `morphology.database`",
    ),
    _Use(
        ("morphology.encoding",),
        lambda settings: not _has_crystals(settings),
        "with `morphology.database`",
    ),
    _Use(
        ("augment.rotation", "augment.contrast"),
        lambda settings: settings.train.descriptor == "powder",
        "with `train.descriptor: powder`",
    ),
    _Use(
        ("train.resize",),
        lambda settings: settings.simulate.technique != "powder",
        "with images of patterns or habits",
    ),
    _Use(
        ("train.nodes",),
        lambda settings: settings.train.launcher == "srun",
        "with `train.launcher: srun`",
    ),
    _Use(
        ("train.patience",),
        lambda settings: settings.train.rotation_epochs is None,
        "without `train.rotation_epochs`",
    ),
    _Use(
        ("split.minimum_crystals",),
        lambda settings: settings.split.classes == "populated",
        "with `split.classes: populated`",
    ),
    _Use(
        tuple(
            f"workers.{key}"
            for key in ("jobs", "processes", "memory", "walltime", "partition", "account")
        ),
        lambda settings: settings.workers.cluster == "slurm",
        "with `workers.cluster: slurm`",
    ),
    _Use(
        ("robustness", "grid"),
        _tells_space_groups_apart,
        "with `simulate.engine: kinematic` and `split.label: spacegroup`",
    ),
    _Use(
        (
            "evaluate.unseen_groups",
            "evaluate.unseen_minimum_crystals",
            "evaluate.unseen_maximum_crystals",
        ),
        lambda settings: (
            settings.simulate.technique == "diffraction" and settings.split.label == "spacegroup"
        ),
        "with a diffraction engine and `split.label: spacegroup`",
    ),
    _Use(
        ("evaluate.unseen_minimum_crystals", "evaluate.unseen_maximum_crystals"),
        lambda settings: settings.evaluate.unseen_groups > 0,
        "with `evaluate.unseen_groups`",
    ),
)


def check_run(settings: Settings) -> None:
    """Raise UserError, with a line for each, for keys without effect and patterns of no use."""
    lines = list(_keys_without_effect(settings))
    if settings.simulate.technique == "diffraction" and settings.simulate.bit_depth == 32:
        lines.append(
            "`simulate.bit_depth`: 32 makes photons, but shaping takes grey levels; set it to 8 "
            "(scripts/simulate.py by itself can write photons)"
        )
    _refuse(lines)


def check_training(settings: Settings, cores: int | None) -> None:
    """Raise UserError, with a line for each reason, for a training that can never work.

    `cores`: what ranks on this machine may use; none where they run elsewhere.
    """
    lines = [*_views_of_no_image(settings), *_crystals_too_few(settings)]
    weights, train = settings.model.weights, settings.train
    if weights not in ("none", "imagenet") and not Path(weights).is_file():
        lines.append(
            f"`model.weights`: {weights}: no such file; give the path of one, `imagenet` or `none`"
        )
    if cores is not None and train.launcher == "local" and train.ranks > cores:
        lines.append(
            f"`train.ranks`: {_number(train.ranks, 'process')} train together, but the run may use "
            f"{_number(cores, 'core')}; lower it, or raise --cores"
        )
    _refuse(lines)


def _refuse(lines: list[str]) -> None:
    if lines:
        raise UserError("\n".join(f"configuration: {line}" for line in dict.fromkeys(lines)))


def _keys_without_effect(settings: Settings) -> Iterator[str]:
    for use in _USES:
        if use.is_used(settings):
            continue
        for name in use.keys:
            section, _, key = name.partition(".")
            for changed in _changed_keys(settings, section):
                if not key or changed == key:
                    yield (
                        f"`{section}.{changed}`: has no effect in this run, but only {use.where}; "
                        "leave it out"
                    )


def _changed_keys(settings: Settings, name: str) -> list[str]:
    """Return the keys of a section that are not at their defaults.

    Whether a key is written does not tell: the settings that a run writes down have all keys.
    """
    section: Section = getattr(settings, name)
    changed = [
        key
        for key, field in type(section).model_fields.items()
        if field.is_required() or getattr(section, key) != field.default
    ]
    # Its default is written out in settings that are checked.
    window = Shape().window(settings.simulate.pixels)
    if isinstance(section, Shape) and section.central_window == window:
        changed.remove("central_window")
    return changed


def _views_of_no_image(settings: Settings) -> Iterator[str]:
    wanted: tuple[int, ...] = (3,)
    key, views = "simulate.views", len(settings.simulate.views)
    if settings.simulate.technique == "powder":
        return
    if settings.simulate.technique == "morphology":
        key, views, wanted = "morphology.views", len(settings.morphology.views), (1, 3)
    if views not in wanted:
        yield (
            f"`{key}`: {_number(views, 'view')}, but images of `train.descriptor: "
            f"{settings.train.descriptor}` are made of {' or '.join(map(str, wanted))}"
        )


def _crystals_too_few(settings: Settings) -> Iterator[str]:
    """Yield classes that made-up crystals, whose number is known beforehand, cannot fill."""
    source, split = settings.acquire, settings.split
    if not (isinstance(source, PrototypesSource) and _has_crystals(settings)):
        return
    each, groups = source.crystals_per_space_group, source.space_groups
    if split.label == "spacegroup":
        if split.classes == "populated" and (groups < 2 or each < split.minimum_crystals):
            yield (
                f"`split.minimum_crystals`: {split.minimum_crystals} in each of two classes at "
                f"least, but `acquire` makes {_number(each, 'crystal')} in each of "
                f"{_number(groups, 'space group')}; lower it, or raise "
                "`acquire.crystals_per_space_group`"
            )
        listed = SPACE_GROUPS.get(str(split.classes), split.classes)
        if isinstance(listed, tuple) and len(listed) > groups:
            yield (
                f"`split.classes`: {_number(len(listed), 'space group')}, but `acquire` makes "
                f"crystals in {groups}; raise `acquire.space_groups`, or choose another source"
            )
        if each < 3 and split.classes != "populated":
            yield (
                f"`acquire.crystals_per_space_group`: {each} cannot fill the training, validation "
                "and test sets; raise it to 3 or more"
            )
    elif split.classes == "populated" and groups * each < 2 * split.minimum_crystals:
        yield (
            f"`split.minimum_crystals`: {split.minimum_crystals} in each of two classes at least, "
            f"but `acquire` makes {_number(groups * each, 'crystal')} in all; lower it"
        )


def _number(count: int, what: str) -> str:
    plural = "es" if what.endswith("s") else "s"
    return f"{count} {what}{'' if count == 1 else plural}"
