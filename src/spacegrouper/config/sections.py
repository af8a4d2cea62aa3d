"""The sections of the configuration, in pipeline order: every key, its default and its meaning.

config/config.yaml, config/settings.schema.json and config/README.md are generated from here.
"""

import math
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

from spacegrouper.config.database_url import holds_password

Fraction = Annotated[float, Field(ge=0, lt=1)]
# The images that are made of a crystal's patterns, see descriptors/images.py.
Descriptor = Literal["shaped", "spot", "raw", "powder", "diffractogram", "morphology"]
# What is simulated of a crystal, and the descriptors that can be made of it.
Technique = Literal["diffraction", "powder", "morphology"]
DESCRIPTORS: dict[Technique, tuple[Descriptor, ...]] = {
    "diffraction": ("shaped", "spot", "raw"),
    "powder": ("powder", "diffractogram"),
    "morphology": ("morphology", "raw"),
}
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
    labels: tuple[Annotated[str, Field(pattern=r"^\w[\w.+-]*$")], ...] = Field(
        (),
        description="further keys of the source's records that the dataset keeps as text, such as "
        "`material_group`: `split.label` may name one",
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

    engine: Literal["kinematic", "condor", "xrayutilities", "pymatgen", "morphology"] = Field(
        "kinematic",
        description="`kinematic` is ours; `condor` calls an installed Condor (docs/condor.md); "
        "`xrayutilities` and `pymatgen` compute powder reflections (section `powder`), "
        "`morphology` draws the crystal's habit or takes it from a database (section "
        "`morphology`), and neither uses the keys below",
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
    def technique(self) -> Technique:
        """What is simulated: single-crystal diffraction, powder reflections or morphology."""
        if self.engine in ("kinematic", "condor"):
            return "diffraction"
        return "morphology" if self.engine == "morphology" else "powder"

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
        if self.engine != "kinematic" and not (plain and self.disorder == Disorder()):
            raise ValueError(
                "`debye_waller_b`, `ewald_sphere` and `disorder` need `engine: kinematic`"
            )
        return self


class Powder(Section):
    """The reflections of a powder, for the engines `xrayutilities` and `pymatgen`."""

    wavelength: PositiveFloat = Field(
        1.5406e-10, description="wavelength of the X-rays, m (copper K-alpha 1)"
    )
    two_theta: tuple[PositiveFloat, PositiveFloat] = Field(
        (5, 90), description="first and last diffraction angle, degrees"
    )
    step: PositiveFloat = Field(
        0.01, description="angles are kept to the nearest multiple of this, degrees"
    )

    @field_validator("two_theta")
    @classmethod
    def _angles_ascend(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not value[0] < value[1] < 180:
            raise ValueError("must be two ascending angles below 180 degrees")
        return value

    @property
    def angles(self) -> int:
        """How many angles are told apart."""
        return round((self.two_theta[1] - self.two_theta[0]) / self.step) + 1


class Morphology(Section):
    """Bitmaps of the habits of crystals, for the engine `morphology` (docs/morphology.md)."""

    database: str | None = Field(
        None,
        description="SQLAlchemy URL of a database of bitmaps, such as `sqlite:///habits.db` or "
        "`postgresql+psycopg://host/name`, without a password (docs/morphology.md); none: one is "
        "made of the run's crystals, by the rule of Bravais, Friedel, Donnay and Harker",
    )
    table: str = Field("morphology", description="the table, or `schema.table`")
    id_column: str = Field("id", description="column of the identifier, different in each row")
    bitmap_column: str = Field("bitmap", description="column of the encoded bitmap")
    spacegroup_column: str = Field(
        "spacegroup", description="column of the space-group number, 1 to 230"
    )
    encoding: Literal["auto", "image", "bits", "bytes", "run_length"] = Field(
        "auto",
        description="of the bitmaps, bare or as base64 or hexadecimal text: `image` (PNG or JPEG), "
        "`bits` (eight pixels a byte), `bytes` (a pixel a byte), `run_length`; `auto`: found from "
        "the first rows",
    )
    pixels: PositiveInt = Field(
        128, description="pixels along each edge of a view, of bitmaps drawn or read"
    )
    views: tuple[tuple[float, float, float], ...] = Field(
        ((1.0, 0.12, 0.07), (0.07, 1.0, 0.12), (0.12, 0.07, 1.0)),
        min_length=1,
        description="directions from which a crystal is drawn, in its Cartesian frame; bitmaps "
        "from a database that hold several views hold them one below the other",
    )
    drawing: Literal["silhouette", "shaded"] = Field(
        "shaded", description="white on black, or each face as bright as it faces the light"
    )
    largest_index: PositiveInt = Field(
        3, description="faces with Miller indices up to this are considered"
    )

    @field_validator("database")
    @classmethod
    def _database_needs_no_password(cls, value: str | None) -> str | None:
        if value is not None and holds_password(value):
            raise ValueError(
                "the URL holds a password; leave it out and give it in the driver's own file or "
                "environment variable (docs/morphology.md)"
            )
        return value

    @field_validator("views")
    @classmethod
    def _directions_have_a_length(
        cls, value: tuple[tuple[float, float, float], ...]
    ) -> tuple[tuple[float, float, float], ...]:
        for direction in value:
            if not 0 < math.hypot(*direction) < math.inf:
                raise ValueError(f"{list(direction)} is no direction to look from")
        return value


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

    label: str = Field(
        "spacegroup",
        description="what is told apart: `spacegroup`, `crystal_system`, or one of "
        "standardise.labels",
    )
    classes: ClassPreset | tuple[SpaceGroupNumber, ...] | tuple[str, ...] = Field(
        "populated",
        description="the classes told apart: `populated`, those with minimum_crystals; `all` "
        "that are present; `groups_8`, `groups_20`, `groups_49`, `groups_72` "
        "(config/space_groups.py); or a list of space-group numbers, or names of the label's",
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
                f"must be one of {names}, or a list of space-group numbers, 1 to 230, or of names"
            ) from None
        if not isinstance(classes, str) and not len(set(classes)) == len(classes) > 1:
            raise ValueError("must be two or more different classes")
        return classes

    @model_validator(mode="after")
    def _classes_are_of_the_label(self) -> Self:
        if self.classes in ("populated", "all"):
            return self
        numbers = isinstance(self.classes, str) or isinstance(self.classes[0], int)
        if numbers != (self.label == "spacegroup"):
            kind = "space groups" if numbers else "names"
            raise ValueError(f"`classes` are {kind}, but `label` is {self.label}")
        return self

    @model_validator(mode="after")
    def _shares_fill_the_whole(self) -> Self:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"train + validation + test must be 1, not {total:g}")
        return self


class Model(Section):
    """The network (docs/networks.md); defaults are the checkpoint of the paper's authors."""

    name: Literal[
        "msdn",
        "msvgg",
        "alexnet",
        "densenet",
        "resnet",
        "vgg",
        "vgg16",
        "ziletti",
        "powder_cnn",
    ] = Field(
        "msdn",
        description="`msdn`, the multistream DenseNet, or `msvgg`: three images, one for each "
        "view; `alexnet`, `densenet`, `resnet`, `vgg`, `vgg16` (convolutions that may have been "
        "trained on ImageNet) or `ziletti`: one image; `powder_cnn`: a diffractogram, of one "
        "dimension",
    )
    image_size: PositiveInt = Field(
        224,
        description="pixels along each edge of an input image; of `powder_cnn` the points of the "
        "diffractogram",
    )
    weights: str = Field(
        "none",
        description="`vgg16`: `imagenet`, or a file of its weights, of which the last "
        "convolutional block goes on learning and the others stay; `none`: all start untrained",
    )
    hidden: tuple[PositiveInt, ...] = Field(
        (256,), description="`vgg16`: units of each dense layer before the last"
    )
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

    @property
    def descriptors(self) -> tuple[Descriptor, ...]:
        """What the network can learn from."""
        if self.images == 3:
            return ("shaped", "raw")
        return ("diffractogram",) if self.name == "powder_cnn" else ("spot", "powder", "morphology")

    @model_validator(mode="after")
    def _other_networks_are_fixed(self) -> Self:
        for owner, keys in (
            ("msdn", ("stem_kernel", "stem_stride", "blocks", "growth", "dropout")),
            ("vgg16", ("weights", "hidden")),
        ):
            for key in keys:
                default = type(self).model_fields[key].default
                if self.name != owner and getattr(self, key) != default:
                    raise ValueError(
                        f"`{key}` is a key of `{owner}` alone; leave it out for {self.name}"
                    )
        return self


class Diffractogram(Section):
    """How reflections become a diffractogram, when it is learnt from (docs/powder.md)."""

    lorentzian: Annotated[float, Field(ge=0, le=1)] = Field(
        0.5, description="share of the Lorentzian in the pseudo-Voigt profile of a peak"
    )
    caglioti: tuple[float, float, float] = Field(
        (0.0, 0.0, 0.01),
        description="U, V, W of the instrument's width: FWHM^2 = U tan^2 + V tan + W, degrees^2",
    )
    crystallite_size: PositiveFloat | None = Field(
        50.0, description="of the Scherrer equation, nm; none: it broadens nothing"
    )
    microstrain: Annotated[float, Field(ge=0)] = Field(
        0.0, description="spread of the lattice spacings, relative"
    )
    k_alpha_2: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, description="intensity of copper K-alpha 2 (1.5444 Angstrom), K-alpha 1 being 1"
    )
    background: Annotated[float, Field(ge=0)] = Field(
        0.0, description="constant background, the highest peak being 1"
    )
    counts: PositiveFloat | None = Field(
        None, description="photons counted at the highest peak, with their noise; none: no noise"
    )


class Augment(Section):
    """Changes of each diffractogram that is learnt from, new in every epoch (docs/powder.md).

    None of them is stored; they follow from the seed, the epoch and the crystal's id.
    """

    peak_area: Annotated[float, Field(ge=0)] = Field(
        0.0, description="spread of the peaks' areas, as the standard deviation of their logarithm"
    )
    step: Fraction = Field(
        0.0, description="largest relative change of the step of the diffraction angle"
    )
    zero_shift: Annotated[float, Field(ge=0)] = Field(
        0.0, description="largest shift of all angles, degrees"
    )
    sample_displacement: Annotated[float, Field(ge=0)] = Field(
        0.0, description="largest shift that falls as the cosine of theta, degrees at angle 0"
    )
    strain: Fraction = Field(0.0, description="largest relative change of all lattice spacings")
    rotation: Annotated[float, Field(ge=0)] = Field(
        0.0, description="`powder`: largest rotation of the image, degrees"
    )
    contrast: Fraction = Field(
        0.0, description="`powder`: largest relative change of the image's contrast"
    )


class Train(Section):
    """The training, data-parallel over Horovod ranks."""

    descriptor: Descriptor = Field(
        "shaped",
        description="the images learnt from: `shaped` (one for each view), `raw` (one for each "
        "view, grey), `spot` (one for all views); of powders, `powder` (an image of the "
        "diffractogram) or `diffractogram` (its numbers); `morphology` (one for all views)",
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
    unseen_groups: NonNegativeInt = Field(
        30,
        description="space groups never trained on that the network's embeddings are tested with, "
        "the most populous ones, two or more (the paper: 30); 0: none",
    )
    unseen_minimum_crystals: Annotated[int, Field(ge=2)] = Field(
        20, description="crystals that such a space group has at least; half are the reference"
    )
    unseen_maximum_crystals: PositiveInt = Field(
        100, description="crystals that are taken of such a space group at most"
    )

    @field_validator("unseen_groups")
    @classmethod
    def _none_or_several(cls, value: int) -> int:
        if value == 1:
            raise ValueError("must be 0, or two or more: one group is told apart from nothing")
        return value


class Robustness(Section):
    """What becomes of the accuracy when crystals and experiment are not perfect."""

    crystals: PositiveInt = Field(200, description="test crystals that are simulated again")
    vacancies: tuple[Fraction, ...] = Field(
        (0.0, 0.05, 0.1, 0.2, 0.4), description="shares of the atoms that are missing"
    )
    displacement: tuple[Annotated[float, Field(ge=0)], ...] = Field(
        (0.0, 0.05, 0.1, 0.2, 0.4), description="of the atoms, root mean square, Angstrom"
    )
    photons: tuple[PositiveFloat, ...] = Field(
        (1e2, 1e3, 1e4, 1e5, 1e6), description="photons counted in a pattern, on average"
    )
    misorientation: tuple[Annotated[float, Field(ge=0)], ...] = Field(
        (0.0, 0.5, 1.0, 2.0, 5.0), description="turns about random axes, degrees"
    )
    beam_stop: tuple[Annotated[float, Field(ge=0)], ...] = Field(
        (0.0, 4.0, 8.0, 16.0, 32.0), description="radii of the beam stop, pixels"
    )


class GridNetwork(Section):
    """A network of the grid, and what differs from the sections `model` and `train` for it."""

    name: str = Field(pattern=r"^[A-Za-z0-9._]+$", description="its name in figures and paths")
    model: dict[str, Any] = Field(description="keys of `model`")
    train: dict[str, Any] = Field({}, description="keys of `train`")


# Tiong et al. train the networks they compare with at these values.
_SPOT = {"descriptor": "spot", "learning_rate": 1e-4, "weight_decay": 1e-6}


class Grid(Section):
    """The experiments of `snakemake paper`: networks x sets of classes x ways of splitting."""

    networks: tuple[GridNetwork, ...] = Field(
        (
            GridNetwork(name="msdn", model={"name": "msdn"}, train={"descriptor": "shaped"}),
            GridNetwork(name="msdn_raw", model={"name": "msdn"}, train={"descriptor": "raw"}),
            GridNetwork(name="msvgg", model={"name": "msvgg"}, train={"descriptor": "shaped"}),
            GridNetwork(name="alexnet", model={"name": "alexnet"}, train=_SPOT),
            GridNetwork(name="densenet", model={"name": "densenet"}, train=_SPOT),
            GridNetwork(name="resnet", model={"name": "resnet"}, train=_SPOT),
            GridNetwork(name="vgg", model={"name": "vgg"}, train=_SPOT),
            GridNetwork(name="ziletti", model={"name": "ziletti"}, train=_SPOT),
        ),
        min_length=1,
        description="the networks; the first is drawn in detail, beside the best of those on "
        "`spot` images",
    )
    classes: dict[str, ClassPreset | tuple[SpaceGroupNumber, ...]] = Field(
        {name: name for name in ("groups_8", "groups_20", "groups_49", "groups_72")},
        min_length=1,
        description="the sets of classes by name, as in `split.classes`, fewest first",
    )
    splits: tuple[Literal["random", "prototype"], ...] = Field(
        ("random", "prototype"),
        min_length=1,
        description="the methods of splitting, as in `split.method`; figures show the first",
    )


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
    powder: Powder = Powder()
    morphology: Morphology = Morphology()
    shape: Shape = Shape()
    dataset: Dataset = Dataset()
    workers: Workers = Workers()
    split: Split = Split()
    model: Model = Model()
    diffractogram: Diffractogram = Diffractogram()
    augment: Augment = Augment()
    train: Train = Train()
    evaluate: Evaluate = Evaluate()
    robustness: Robustness = Robustness()
    grid: Grid = Grid()

    @field_validator("morphology")
    @classmethod
    def _a_database_has_no_parent(cls, morphology: Morphology, info: ValidationInfo) -> Morphology:
        release = info.data.get("release")
        if release is not None and release.parent is not None and morphology.database is not None:
            raise ValueError(
                "bitmaps of `morphology.database` cannot go on from `release.parent`; leave out "
                "one of the two"
            )
        return morphology

    @field_validator("train")
    @classmethod
    def _settings_agree(cls, train: Train, info: ValidationInfo) -> Train:
        model, split = info.data.get("model"), info.data.get("split")
        simulate = info.data.get("simulate")
        # They are absent where they have a mistake themselves.
        if model is not None and train.descriptor not in model.descriptors:
            takes = " or ".join(f"`{name}`" for name in model.descriptors)
            raise ValueError(
                f"the network `model.name: {model.name}` takes `train.descriptor` {takes}, not "
                f"`{train.descriptor}`"
            )
        if simulate is not None and train.descriptor not in DESCRIPTORS[simulate.technique]:
            made = " or ".join(f"`{name}`" for name in DESCRIPTORS[simulate.technique])
            raise ValueError(
                f"of what `simulate.engine: {simulate.engine}` makes, `train.descriptor` can be "
                f"{made}, not `{train.descriptor}`"
            )
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
