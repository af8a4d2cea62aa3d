"""What is checked of a run's settings when it starts, before anything is simulated.

Settings are also read to look at old runs, and by single programs, which use a few sections of
them. So what concerns only a new run as a whole is checked here: keys that it has no use for, files
that must be there, crystals that are too few for the classes.
"""

from collections.abc import Iterator
from pathlib import Path

from spacegrouper.contract.descriptor import DESCRIPTORS
from spacegrouper.contract.source import SOURCES
from spacegrouper.contract.technique import TECHNIQUES, Use
from spacegrouper.errors import UserError
from spacegrouper.settings.messages import number
from spacegrouper.settings.run import Settings
from spacegrouper.settings.section import Section
from spacegrouper.settings.split import PARTS


def _tells_space_groups_apart(settings: Settings) -> bool:
    return settings.technique.in_paper and settings.split.label == "spacegroup"


# What not every run uses, whatever its technique. A key that is not at its default and has no
# effect is a mistake.
_USES = (
    Use(
        ("standardise.metric_tolerance",),
        lambda settings: settings.standardise.setting == "reduced",
        "with `standardise.setting: reduced`",
    ),
    Use(
        ("train.nodes",),
        lambda settings: settings.train.launcher == "srun",
        "with `train.launcher: srun`",
    ),
    Use(
        ("train.patience",),
        lambda settings: settings.train.rotation_epochs is None,
        "without `train.rotation_epochs`",
    ),
    Use(
        ("split.minimum_crystals",),
        lambda settings: settings.split.classes == "populated",
        "with `split.classes: populated`",
    ),
    Use(
        tuple(
            f"workers.{key}"
            for key in ("jobs", "processes", "memory", "walltime", "partition", "account")
        ),
        lambda settings: settings.workers.cluster == "slurm",
        "with `workers.cluster: slurm`",
    ),
    Use(
        ("robustness", "grid"),
        lambda settings: (
            settings.engine.knows_perturbations and _tells_space_groups_apart(settings)
        ),
        "with `simulate.engine: kinematic` and `split.label: spacegroup`",
    ),
    Use(
        (
            "evaluate.unseen_groups",
            "evaluate.unseen_minimum_crystals",
            "evaluate.unseen_maximum_crystals",
        ),
        _tells_space_groups_apart,
        "with an engine of diffraction patterns and `split.label: spacegroup`",
    ),
    Use(
        ("evaluate.unseen_minimum_crystals", "evaluate.unseen_maximum_crystals"),
        lambda settings: settings.evaluate.unseen_groups != 0,
        "with `evaluate.unseen_groups`",
    ),
)


def check_run(settings: Settings) -> None:
    """Raise UserError, with a line for each, for keys without effect and patterns of no use."""
    lines = list(_keys_without_effect(settings))
    if settings.technique.derived and settings.simulate.bit_depth == 32:
        lines.append(
            "`simulate.bit_depth`: 32 makes photons, but shaping takes grey levels; set it to 8 "
            "or 16 (scripts/simulate.py by itself can write photons)"
        )
    _refuse(lines)


def check_training(settings: Settings, cores: int | None) -> None:
    """Raise UserError, with a line for each reason, for a training that can never work.

    `cores`: what ranks on this machine may use; none where they run elsewhere.
    """
    lines = list(_views_of_no_image(settings))
    if settings.engine.crystals:
        lines += SOURCES[settings.acquire.source].check(settings.acquire, settings)
        lines += _too_thin(settings)
    weights, train = settings.model.weights, settings.train
    if weights not in ("none", "imagenet") and not Path(weights).is_file():
        lines.append(
            f"`model.weights`: {weights}: no such file; give the path of one, `imagenet` or `none`"
        )
    if cores is not None and train.launcher == "local" and train.ranks > cores:
        lines.append(
            f"`train.ranks`: {number(train.ranks, 'process')} train together, but the run may use "
            f"{number(cores, 'core')}; lower it, or raise --cores"
        )
    _refuse(lines)


def _too_thin(settings: Settings) -> Iterator[str]:
    """Yield why so few crystals of each space group cannot fill the classes."""
    counts, split = settings.thin.counts, settings.split
    if counts is None or split.label != "spacegroup":
        return
    if split.classes == "populated":
        enough = [group for group, crystals in counts.items() if crystals >= split.fewest]
        if len(enough) < 2:
            yield (
                f"`thin.crystals_per_space_group`: {number(len(enough), 'space group')} of at "
                f"least {split.fewest} crystals (`split.minimum_crystals`), but two classes are "
                "needed; raise it"
            )
    elif split.listed is not None:
        most = {group: counts.get(int(group), 0) for group in split.listed}
        if few := [group for group, crystals in most.items() if crystals < PARTS]:
            yield (
                f"`thin.crystals_per_space_group`: of space group {few[0]}, a class, there are at "
                f"most {number(most[few[0]], 'crystal')}, but the training, validation and test "
                f"sets need {PARTS}; raise it"
            )


def _refuse(lines: list[str]) -> None:
    if lines:
        raise UserError("\n".join(f"configuration: {line}" for line in dict.fromkeys(lines)))


def _keys_without_effect(settings: Settings) -> Iterator[str]:
    for use in _uses(settings):
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


def _uses(settings: Settings) -> Iterator[Use]:
    yield from _USES
    for technique in TECHNIQUES:
        mine = technique is settings.technique
        if not mine and technique.sections:
            keys = tuple(section.key() for section in technique.sections)
            engines = " or ".join(technique.engines)
            yield Use(keys, lambda _: False, f"with `simulate.engine: {engines}`")
        if mine:
            yield from technique.uses


def _changed_keys(settings: Settings, name: str) -> list[str]:
    """Return the keys of a section that are not at their defaults.

    Whether a key is written does not tell: the settings that a run writes down have all keys.
    """
    section: Section = getattr(settings, name)
    default: Section = type(settings).model_fields[name].get_default(call_default_factory=True)
    if type(section) is not type(default):
        return list(type(section).model_fields)
    return [
        key for key in type(section).model_fields if getattr(section, key) != getattr(default, key)
    ]


def _views_of_no_image(settings: Settings) -> Iterator[str]:
    wanted = DESCRIPTORS[settings.train.descriptor].views
    if settings.technique.views is None or not wanted:
        return
    key, views = settings.technique.views(settings)
    if views not in wanted:
        yield (
            f"`{key}`: {number(views, 'view')}, but images of `train.descriptor: "
            f"{settings.train.descriptor}` are made of {' or '.join(map(str, wanted))}"
        )
