"""The sections of the configuration, in pipeline order: every key, its default and its meaning.

config/config.yaml, config/settings.schema.json and config/README.md are generated from here.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

Fraction = Annotated[float, Field(ge=0, lt=1)]
# The images that are made of a crystal's patterns, see descriptors/images.py.
Descriptor = Literal["shaped", "spot", "raw"]
SpaceGroupNumber = Annotated[int, Field(ge=1, le=230)]
ClassPreset = Literal["populated", "all", "groups_8", "groups_20", "groups_49", "groups_72"]


class Section(BaseModel):
    """A part of the configuration: unknown keys are errors, values do not change once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class PrototypesSource(Section):
    """Crystals made from the AFLOW prototypes of pymatgen; needs no network and no files."""

    source: Literal["prototypes"] = "prototypes"
    space_groups: PositiveInt = Field(8, description="how many space groups to fill")
    crystals_per_space_group: PositiveInt = Field(
        60, description="crystals made in each of them, by substituting chemically similar elements"
    )


class JsonLinesSource(Section):
    """Crystals from a file of JSON lines (see docs/structures.md)."""

    source: Literal["json_lines"]
    path: Path = Field(description="the file, `.jsonl` or `.jsonl.gz`")


class CifTreeSource(Section):
    """Crystals from a folder of CIF files, searched through all its sub-folders."""

    source: Literal["cif_tree"]
    path: Path = Field(description="the folder; every file named `*.cif` or `*.cif.gz` is read")


class MaterialsProjectSource(Section):
    """Crystals of the Materials Project, through its API; needs a key (docs/sources.md)."""

    source: Literal["materials_project"]
    filters: dict[str, Any] = Field(
        {},
        description="arguments of mp-api's `materials.summary.search` that choose the entries, "
        "such as `{num_elements: [1, 3], energy_above_hull: [0, 0.1]}`; none: all entries",
    )
    fields: tuple[str, ...] = Field(
        (),
        description="fields of the summary that are kept with each crystal, such as "
        "`energy_above_hull`",
    )
    deprecated: bool = Field(
        False, description="also take entries that the Materials Project has deprecated"
    )
    non_commercial: bool = Field(
        False, description="also take entries under CC BY-NC, those of GNoME"
    )
    attempts: PositiveInt = Field(
        6, description="times a request is made; waits of 1, 2, 4 ... 60 s, or as asked, between"
    )


class OptimadeSource(Section):
    """Crystals of any database with an OPTIMADE interface (docs/sources.md)."""

    source: Literal["optimade"]
    provider: str = Field(
        description="base URL of the database, or its alias in pymatgen: `mp`, `cod`, `oqmd`, "
        "`alexandria.pbe`, `jarvis` ..."
    )
    filter: str = Field(
        "", description='OPTIMADE filter, such as `nelements<=3 AND elements HAS "O"`; none: all'
    )
    fields: tuple[str, ...] = Field(
        (),
        description="properties that are kept with each crystal, such as "
        "`chemical_formula_reduced`",
    )
    page_size: PositiveInt | None = Field(
        None, description="entries in a page; none: as many as the provider chooses"
    )
    attempts: PositiveInt = Field(
        6, description="times a request is made; waits of 1, 2, 4 ... 60 s, or as asked, between"
    )


class Standardise(Section):
    """Standard conventional cells, space groups and identities (spglib and pymatgen)."""

    symprec: PositiveFloat = Field(
        0.1, description="distance tolerance of the symmetry search, Angstrom"
    )
    angle_tolerance: PositiveFloat = Field(
        5.0, description="angle tolerance of the symmetry search, degrees"
    )
    max_sites: PositiveInt = Field(
        500, description="crystals with more sites in the conventional cell are rejected"
    )


class Release(Section):
    """Only what changed since an earlier run is simulated (docs/releases.md)."""

    parent: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9._-]+$",
        description="the `name` of the finished run of an earlier release, in results/; none: all "
        "crystals are simulated",
    )


class Plan(Section):
    """How the crystals are cut into blocks, the units of work and of resuming."""

    block_size: PositiveInt = Field(512, description="crystals in a block: one job, one file")


class View(Section):
    """A turn of the crystal before the beam, right-handed, about an axis of the laboratory."""

    axis: Literal["x", "y", "z"] = Field(description="the axis; the beam runs along +z")
    angle: float | tuple[float, ...] = Field(
        description="degrees; the patterns of several angles are added up"
    )

    @property
    def angles(self) -> tuple[float, ...]:
        """The angles, even if there is but one."""
        return self.angle if isinstance(self.angle, tuple) else (self.angle,)


# What `views` may name instead of listing turns, and the values that go with it.
VIEW_PRESETS: dict[str, dict[str, Any]] = {
    "paper": {"views": [{"axis": axis, "angle": 45} for axis in "xyz"]},
    # These turns bring x, y and z of the crystal's frame into the beam.
    "zone_axes": {
        "views": [
            {"axis": "y", "angle": -90},
            {"axis": "x", "angle": 90},
            {"axis": "z", "angle": 0},
        ]
    },
    # Ziletti, Kumar, Scheffler, Ghiringhelli, Nat. Commun. 9, 2775 (2018), as in their program,
    # but for its scaling of all crystals to one distance between neighbours.
    "ziletti": {
        "views": [{"axis": axis, "angle": [-45, 45]} for axis in "xyz"],
        "wavelength": 5e-12,
        "pixel_size": 4e-4,
        "pixels": 64,
        "beam_stop": 10,
        "aperture": 30,
    },
}


class Disorder(Section):
    """Defects of the crystal, which end its periodicity; drawn from the seed and the id."""

    vacancies: Fraction = Field(0, description="share of the atoms that are missing")
    displacement: Annotated[float, Field(ge=0)] = Field(
        0, description="of the atoms, root mean square along each direction, Angstrom"
    )


class Simulate(Section):
    """The diffraction experiment (docs/physics.md); defaults are the paper's."""

    engine: Literal["kinematic", "condor"] = Field(
        "kinematic",
        description="`kinematic` is ours; `condor` calls an installed Condor (docs/condor.md)",
    )
    wavelength: PositiveFloat = Field(3.5e-12, description="wavelength of the beam, m")
    detector_distance: PositiveFloat = Field(0.1, description="crystal to detector, m")
    pixel_size: PositiveFloat = Field(4e-5, description="edge of a detector pixel, m")
    pixels: PositiveInt = Field(256, description="pixels along each edge of the detector")
    cells: tuple[PositiveInt, PositiveInt, PositiveInt] = Field(
        (10, 10, 10), description="conventional cells in the crystal along a, b and c"
    )
    views: tuple[View, ...] = Field(
        (View(axis="x", angle=45), View(axis="y", angle=45), View(axis="z", angle=45)),
        min_length=1,
        description="one pattern is made for each view; networks take three, as red, green, blue. "
        "A list of turns, or the name of a preset: `paper`, `zone_axes` (beam along x, y, z) or "
        "`ziletti` (which also sets wavelength, detector and ring mask, unless these are given)",
    )
    pulse_energy: PositiveFloat = Field(1e-6, description="energy of a pulse of the beam, J")
    focus_diameter: PositiveFloat = Field(
        1e-6, description="diameter of the beam at the crystal, m"
    )
    bit_depth: Literal[8, 32] = Field(
        8,
        description="`8`: grey levels floor(255 I / max I), which shaping takes; "
        "`32`: photons per pixel as floating-point numbers",
    )
    debye_waller_b: Annotated[float, Field(ge=0)] = Field(
        0, description="isotropic displacement parameter B of all atoms, Angstrom^2"
    )
    ewald_sphere: Literal["curved", "flat"] = Field(
        "curved", description="`flat` leaves out the part of s along the beam"
    )
    beam_stop: Annotated[float, Field(ge=0)] = Field(
        0, description="pixels up to this far from the centre record nothing; pixels"
    )
    aperture: PositiveFloat | None = Field(
        None, description="pixels from this far from the centre on record nothing; pixels"
    )
    poisson_noise: bool = Field(
        False, description="count photons, as pulse_energy and focus_diameter give them"
    )
    disorder: Disorder = Field(
        Disorder(), description="defects of the crystal, which make patterns slower to compute"
    )

    @property
    def uses_seed(self) -> bool:
        """Whether patterns depend on random numbers."""
        return self.poisson_noise or self.disorder != Disorder()

    @model_validator(mode="before")
    @classmethod
    def _fill_in_preset(cls, content: Any) -> Any:
        if not (isinstance(content, dict) and isinstance(content.get("views"), str)):
            return content
        name = content["views"]
        if name not in VIEW_PRESETS:
            raise ValueError(f"`views` must be turns or one of: {', '.join(VIEW_PRESETS)}")
        return VIEW_PRESETS[name] | {k: v for k, v in content.items() if k != "views"}

    @model_validator(mode="after")
    def _condor_has_no_options_of_ours(self) -> Self:
        plain = self.debye_waller_b == 0 and self.ewald_sphere == "curved"
        if self.engine == "condor" and not (plain and self.disorder == Disorder()):
            raise ValueError(
                "`debye_waller_b`, `ewald_sphere` and `disorder` need `engine: kinematic`"
            )
        return self


class Shape(Section):
    """From spots to shapes (docs/shaping.md); defaults are the released program's."""

    method: Literal["pixels", "nodes"] = Field(
        "pixels",
        description="what lines join: bright `pixels` (the released program, which made the "
        "paper's data), or `nodes`, whole spots (the text of the paper)",
    )
    threshold: PositiveFloat = Field(
        50, description="normalised value from which a pixel is bright (the brightest is 256)"
    )
    minimum_distance: PositiveFloat = Field(
        10,
        description="pixels; bright pixels closer than this belong to one spot (unused by `nodes`)",
    )
    reach: PositiveFloat = Field(
        1.7, description="pairs are joined up to this multiple of the smallest distance"
    )
    restore_above: float = Field(
        5, description="pixels with a normalised value above this keep it, over the lines"
    )
    central_window: tuple[int, int] = Field(
        (116, 137),
        description="first and last row and column left out of the normalisation: the direct beam",
    )


class Dataset(Section):
    """The Zarr store of all patterns."""

    chunk_crystals: PositiveInt = Field(
        8, description="crystals in a chunk, the unit of reading; a block is one shard of chunks"
    )
    compression_level: Annotated[int, Field(ge=1, le=22)] = Field(
        9, description="level of Zstandard: higher is smaller and slower to write"
    )


class Workers(Section):
    """The dask workers that shape the patterns; what they make does not depend on them."""

    cluster: Literal["local", "slurm"] = Field(
        "local",
        description="`local`: processes of the machine that shapes; `slurm`: SLURM jobs, by "
        "dask-jobqueue; the keys below are for these",
    )
    jobs: PositiveInt = Field(8, description="SLURM jobs at most; their number follows the work")
    processes: PositiveInt = Field(4, description="workers in a job, one core each")
    memory: str = Field("8GB", description="memory of a job")
    walltime: str = Field(
        "01:00:00",
        pattern=r"^(\d+-)?\d+:\d\d:\d\d$",
        description="time limit of a job, [days-]hours:minutes:seconds",
    )
    partition: str | None = Field(None, description="SLURM partition; none: the site's default")
    account: str | None = Field(None, description="SLURM account; none: the user's default")


class Split(Section):
    """Which space groups are classes, and which crystals teach, validate and test."""

    classes: ClassPreset | tuple[SpaceGroupNumber, ...] = Field(
        "populated",
        description="the space groups told apart: `populated`, those with minimum_crystals; `all` "
        "that are present; `groups_8`, `groups_20`, `groups_49`, `groups_72` "
        "(config/space_groups.py); or a list of numbers",
    )
    minimum_crystals: PositiveInt = Field(
        295,
        description="`populated`: space groups with fewer crystals are no classes (the paper's 72: "
        "295)",
    )
    maximum_crystals: PositiveInt | None = Field(
        None, description="crystals of each class that are used; none: all"
    )
    method: Literal["random", "prototype"] = Field(
        "random",
        description="`random`, the paper's, or `prototype`: all crystals of one prototype are in "
        "one part, so that test crystals are of kinds never learnt from",
    )
    train: Fraction = Field(0.8, gt=0, description="share of each class that is learnt from")
    validation: Fraction = Field(
        0.1, gt=0, description="share of each class that decides when to stop"
    )
    test: Fraction = Field(0.1, gt=0, description="share of each class that is only tested")

    @field_validator("classes", mode="wrap")
    @classmethod
    def _presets_or_different_groups(cls, value: Any, validate: Any) -> Any:
        try:
            classes = validate(value)
        except ValidationError:
            # Otherwise there would be a line for each of the two kinds.
            names = ", ".join(get_args(ClassPreset))
            raise ValueError(
                f"must be one of {names}, or a list of space-group numbers, 1 to 230"
            ) from None
        if not isinstance(classes, str) and not len(set(classes)) == len(classes) > 1:
            raise ValueError("must be two or more different space groups")
        return classes

    @model_validator(mode="after")
    def _shares_fill_the_whole(self) -> Self:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"train + validation + test must be 1, not {total:g}")
        return self


class Model(Section):
    """The network (docs/networks.md); defaults are the checkpoint of the paper's authors."""

    name: Literal["msdn", "msvgg", "alexnet", "densenet", "resnet", "vgg", "ziletti"] = Field(
        "msdn",
        description="`msdn`, the multistream DenseNet, or `msvgg`: three images, one for each "
        "view; `alexnet`, `densenet`, `resnet`, `vgg` or `ziletti`: one image, "
        "`train.descriptor: spot`",
    )
    image_size: PositiveInt = Field(224, description="pixels along each edge of an input image")
    stem_kernel: PositiveInt = Field(
        7, description="`msdn`: edge of the first convolution, pixels (the paper's table: 3)"
    )
    stem_stride: PositiveInt = Field(
        2,
        description="`msdn`: stride of the first convolution, pixels (the paper does not state it)",
    )
    blocks: tuple[PositiveInt, ...] = Field(
        (3, 6, 12, 8),
        min_length=1,
        description="`msdn`: layers of each dense block (the paper's table: 3, 6, 8, 6)",
    )
    growth: PositiveInt = Field(32, description="`msdn`: channels that each dense layer adds")
    dropout: Fraction = Field(
        0.1,
        description="`msdn`: share of a dense layer's output dropped (the paper does not state it)",
    )

    @property
    def images(self) -> int:
        """How many images of a crystal the network takes."""
        return 3 if self.name in ("msdn", "msvgg") else 1

    @model_validator(mode="after")
    def _other_networks_are_fixed(self) -> Self:
        for key in ("stem_kernel", "stem_stride", "blocks", "growth", "dropout"):
            if self.name != "msdn" and getattr(self, key) != type(self).model_fields[key].default:
                raise ValueError(f"`{key}` is a key of `msdn` alone; leave it out for {self.name}")
        return self


class Train(Section):
    """The training, data-parallel over Horovod ranks."""

    descriptor: Descriptor = Field(
        "shaped",
        description="the images learnt from: `shaped` (one for each view), `raw` (one for each "
        "view, grey) or `spot` (one for all views)",
    )
    resize: Literal["nearest", "maximum"] = Field(
        "nearest",
        description="patterns to image_size: `nearest` pixel (the paper's), or the `maximum` of "
        "the pixels that fall together, which keeps every spot of a much smaller image",
    )
    launcher: Literal["local", "srun"] = Field(
        "local",
        description="`local`: the ranks are processes of this machine; `srun`: tasks of the SLURM "
        "allocation it runs in, on all its nodes",
    )
    ranks: PositiveInt = Field(2, description="processes that train together")
    nodes: PositiveInt = Field(
        1, description="`srun`: nodes of the allocation, which share the ranks evenly"
    )
    batch_size: PositiveInt = Field(
        16, description="crystals a rank takes in a step (the paper does not state it)"
    )
    shuffle_crystals: PositiveInt = Field(
        8192,
        description="crystals shuffled together, over all ranks; if there are more, the dataset is "
        "streamed, with twice as many in memory (0.3 MB each at 224 pixels)",
    )
    epochs: PositiveInt = Field(1000, description="passes over the learning set, at most")
    patience: PositiveInt = Field(
        50, description="epochs without a better validation loss before training stops"
    )
    rotation_epochs: PositiveInt | None = Field(
        None,
        description="after so many epochs another group of crystals of the learning and validation "
        "sets validates, each as large as the validation set (the paper's ten groups: 100 epochs, "
        "and shares of 0.72, 0.08 and 0.2); training then lasts all epochs, and the last one's "
        "network is kept (the paper does not state which); none: one validation set for all",
    )
    learning_rate: PositiveFloat = Field(1e-5, description="learning rate of Adam")
    learning_rate_scaling: Literal["none", "linear"] = Field(
        "none", description="`linear`: the learning rate is multiplied by the number of ranks"
    )
    warmup_epochs: NonNegativeInt = Field(
        0, description="epochs in which the learning rate rises, step by step, to its full value"
    )
    schedule: Literal["constant", "cosine"] = Field(
        "constant",
        description="`cosine`: after the warm-up the learning rate falls to 0 at the last epoch",
    )
    weight_decay: Annotated[float, Field(ge=0)] = Field(
        1e-7, description="decoupled weight decay of Adam (the paper does not state which kind)"
    )
    label_smoothing: Fraction = Field(
        0.0, description="share of each label's weight spread over all classes"
    )
    class_weights: Literal["none", "balanced"] = Field(
        "none",
        description="`balanced`: a crystal's loss is weighted by the mean size of the classes over "
        "the size of its own",
    )
    precision: Literal["float32", "mixed_bfloat16"] = Field(
        "float32",
        description="`mixed_bfloat16`: layers compute in bfloat16 where there is a GPU (Ampere or "
        "newer); variables, and everything on a CPU, stay float32",
    )


class Evaluate(Section):
    """What is measured on the test crystals."""

    batch_size: PositiveInt = Field(32, description="crystals predicted at a time")


class Settings(Section):
    """Everything a run depends on."""

    name: str = Field(
        "full", pattern=r"^[A-Za-z0-9._-]+$", description="products go to results/<name>"
    )
    seed: Annotated[int, Field(ge=0)] = Field(
        0, description="seed of every random choice: same seed, same result"
    )
    acquire: (
        PrototypesSource | JsonLinesSource | CifTreeSource | MaterialsProjectSource | OptimadeSource
    ) = Field(
        PrototypesSource(), discriminator="source", description="where the crystals come from"
    )
    standardise: Standardise = Standardise()
    release: Release = Release()
    plan: Plan = Plan()
    simulate: Simulate = Simulate()
    shape: Shape = Shape()
    dataset: Dataset = Dataset()
    workers: Workers = Workers()
    split: Split = Split()
    model: Model = Model()
    train: Train = Train()
    evaluate: Evaluate = Evaluate()

    @field_validator("train")
    @classmethod
    def _settings_agree(cls, train: Train, info: ValidationInfo) -> Train:
        model, split = info.data.get("model"), info.data.get("split")
        # Both are absent where they have a mistake themselves.
        if model is not None and (model.images == 1) != (train.descriptor == "spot"):
            takes = (
                "a single image: take `train.descriptor: spot`"
                if model.images == 1
                else "three images: take `train.descriptor: shaped` or `raw`"
            )
            raise ValueError(f"the network `model.name: {model.name}` takes {takes}")
        if train.ranks % train.nodes:
            raise ValueError(
                f"`train.ranks` must be a multiple of `train.nodes`, but they are {train.ranks} "
                f"and {train.nodes}"
            )
        if split is not None and train.rotation_epochs:
            groups = (split.train + split.validation) / split.validation
            if abs(groups - round(groups)) > 1e-6:
                raise ValueError(
                    "`train.rotation_epochs` needs split.train to be a multiple of "
                    f"split.validation, but they are {split.train:g} and {split.validation:g}"
                )
        return train
