"""Raw shards: the patterns of one block in a NeXus-style HDF5 file.

    /entry/data/data       uint8 (crystals, views, y, x), found by viewers through `signal`; of
                           powders uint16 (crystals, 1, 1, angles); float32 photons per pixel with
                           `bit_depth: 32`
    /entry/material_id     one string a crystal
    /entry/intensity_max   (crystals, views): what the highest level stands for, photons per pixel
                           or, of powders, electrons^2
    /entry/status          1 simulated, 2 rejected (its patterns are black)
    /entry/reason          why a crystal was rejected
    /entry/spacegroup, crystal_system, prototype, structure_key   as `standardise` found them
    /entry/labels/<name>   the texts of a further label (`standardise.labels`), empty where missing

A file needs only the first two to be read. The settings of the simulation and the program's
version are attributes of /entry.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any, assert_never, get_args

import h5py
import numpy as np
from numpy.typing import NDArray

from spacegrouper.atomic import written_aside
from spacegrouper.crystals.crystal import Crystal, space_group_of
from spacegrouper.diffraction.condor import condor_provenance
from spacegrouper.diffraction.simulation import PATTERN_VERSION, Patterns
from spacegrouper.errors import UserError
from spacegrouper.settings import Settings, Simulate, Technique
from spacegrouper.storage.hdf5_file import new_hdf5_file

DONE, REJECTED = 1, 2
TEXT_LABELS = ("crystal_system", "prototype", "structure_key")
# Of intensity_max; a drawing has no intensity.
INTENSITY_UNITS: Mapping[Technique, str] = {"diffraction": "photons/pixel", "powder": "electrons^2"}
# They become names of arrays, of files therefore, and stand in lists that spaces separate.
_LABEL_NAME = re.compile(r"\w[\w.+-]*")


@dataclass(frozen=True)
class RowLabels:
    """What is known of n crystals, one a row, besides their patterns.

    `material_id`: (n,); `spacegroup`: (n,), 0 where unknown; `text_labels`: by name, (n,) texts
    each, empty where unknown: those of TEXT_LABELS, which may be left out, and any others.
    """

    material_id: Sequence[str]
    spacegroup: Sequence[int]
    text_labels: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class RawRows:
    """What a raw shard says of its n crystals, patterns aside; labels it lacks are 0 or empty."""

    material_id: NDArray[np.str_]
    status: NDArray[np.uint8]
    spacegroup: NDArray[np.int16]
    intensity_max: NDArray[np.float64]
    text_labels: Mapping[str, NDArray[np.str_]]
    pattern_shape: tuple[int, int, int]
    pattern_dtype: np.dtype[Any]
    settings: Mapping[str, Any]

    @property
    def further_labels(self) -> tuple[str, ...]:
        """The names of the labels that not every shard has."""
        return tuple(name for name in self.text_labels if name not in TEXT_LABELS)


@dataclass(frozen=True)
class Difference:
    """What one product was made with, and another was not, such as `pixels 256` and `pixels 128`.

    `of_versions`: they are versions of programs, such as `spacegrouper 1.0`.
    """

    first: str
    second: str
    of_versions: bool


def labels_of(crystals: Sequence[Crystal], further: Sequence[str] = ()) -> RowLabels:
    """Return the labels of crystals, as `standardise` found them.

    `further`: other keys of their metadata that are to be labels, as texts. Raises ValueError for a
    space group that does not exist.
    """
    return RowLabels(
        [crystal.id for crystal in crystals],
        [space_group_of(crystal) for crystal in crystals],
        {
            name: [_text(crystal.metadata.get(name)) for crystal in crystals]
            for name in (*TEXT_LABELS, *further)
        },
    )


def write_raw_shard(
    path: Path, rows: RowLabels, batches: Iterable[Patterns], attributes: Mapping[str, Any]
) -> dict[str, str]:
    """Write the patterns of a block as they come; the file is complete or absent.

    `batches`: the patterns of all rows, in their order, all of one shape and type; at least one
    batch. `attributes`: as `provenance` returns them. Returns why rows were rejected, by id.
    Raises UserError for a label whose name is none.
    """
    for name in rows.text_labels:
        if not _LABEL_NAME.fullmatch(name):
            raise UserError(
                f"standardise.labels: {name!r} cannot be the name of a label; rename this key of "
                "the records to letters, digits, `_`, `.`, `+` and `-`"
            )
    coming = iter(batches)
    first = next(coming)
    shape = first.values.shape[1:]
    count = len(rows.material_id)
    with written_aside(path) as aside, new_hdf5_file(aside) as (file, check_disk):
        file.attrs["default"] = "entry"
        entry = file.create_group("entry")
        entry.attrs.update({"NX_class": "NXentry", "default": "data"})
        entry.attrs.update(attributes)
        data = entry.create_group("data")
        data.attrs.update({"NX_class": "NXdata", "signal": "data"})
        data.attrs["axes"] = ["crystal", "view", "y", "x"]
        # Patterns are mostly black: the lightest gzip, which every viewer reads, does nearly as
        # well as the strongest.
        values = data.create_dataset(
            "data",
            shape=(count, *shape),
            dtype=first.values.dtype,
            chunks=(1, *shape),
            compression="gzip",
            compression_opts=1,
        )
        intensity_max = entry.create_dataset("intensity_max", (count, shape[0]), float)
        if units := INTENSITY_UNITS.get(technique_of(attributes)):
            intensity_max.attrs["units"] = units
        reasons: list[str] = []
        for batch in chain((first,), coming):
            written = slice(len(reasons), len(reasons) + len(batch.reasons))
            values[written] = batch.values
            intensity_max[written] = batch.intensity_max
            reasons += batch.reasons
            check_disk()
        text = h5py.string_dtype()
        entry.create_dataset("material_id", data=list(rows.material_id), dtype=text)
        status = [REJECTED if reason else DONE for reason in reasons]
        entry.create_dataset("status", data=np.array(status, dtype=np.uint8))
        entry.create_dataset("reason", data=reasons, dtype=text)
        entry.create_dataset("spacegroup", data=np.array(rows.spacegroup, dtype=np.int16))
        unknown = {name: [""] * count for name in TEXT_LABELS}
        create_text_labels(entry, {**unknown, **rows.text_labels})
    return {name: reason for name, reason in zip(rows.material_id, reasons, strict=True) if reason}


def create_text_labels(entry: h5py.Group, text_labels: Mapping[str, Sequence[str]]) -> None:
    """Write labels where raw shards have them: further ones in a group of their own."""
    for name, texts in text_labels.items():
        place = name if name in TEXT_LABELS else f"labels/{name}"
        entry.create_dataset(place, data=list(texts), dtype=h5py.string_dtype())
    if "labels" in entry:
        entry["labels"].attrs["NX_class"] = "NXcollection"


def provenance(settings: Settings) -> dict[str, Any]:
    """Return what patterns are made with, and by: the attributes of a raw shard's /entry.

    Where a section of its own says how, as of powders, it is one attribute, as JSON. The address
    of a database is left out: it may hold what is nobody's business.
    """
    simulate = settings.simulate
    ours = version("spacegrouper")
    program: dict[str, Any] = {"program": "spacegrouper", "version": ours, "engine_version": ours}
    match simulate.technique:
        case "morphology":
            values = settings.morphology.model_dump(mode="json", exclude={"database"})
            return program | {"engine": simulate.engine, "morphology": json.dumps(values)}
        case "powder":
            program["engine_version"] = version(simulate.engine)
            values = settings.powder.model_dump(mode="json")
            return program | {"engine": simulate.engine, "powder": json.dumps(values)}
        case "diffraction":
            pass
        case unknown:
            assert_never(unknown)
    program["pattern_version"] = PATTERN_VERSION
    if simulate.engine == "condor":
        program |= condor_provenance()
    values = simulate.model_dump(mode="json")
    nested = {key: json.dumps(values.pop(key)) for key in ("views", "disorder")}
    # HDF5 has no empty value: an option that is not set has no attribute.
    used = {key: value for key, value in values.items() if value is not None}
    return program | used | nested | ({"seed": settings.seed} if simulate.uses_seed else {})


def find_difference(first: Mapping[str, Any], second: Mapping[str, Any]) -> Difference | None:
    """Return in what two provenances, as of raw shards, differ; None where they are equal.

    Versions come first, for another version may have other settings.
    """
    sides = [_plain(side) for side in (first, second)]
    for name, key in (("program", "version"), ("engine", "engine_version")):
        same_program = sides[0].get(name) == sides[1].get(name)
        if same_program and sides[0].get(key) != sides[1].get(key):
            one, other = (f"{side.get(name, 'unknown')} {side.get(key, '')}" for side in sides)
            return Difference(one.strip(), other.strip(), True)
    for key in sorted({*sides[0], *sides[1]}):
        if sides[0].get(key) != sides[1].get(key):
            one, other = (f"{key} {side.get(key)}" for side in sides)
            return Difference(one, other, False)
    return None


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes with sections, which are JSON, taken apart: `powder.B` and so on."""
    found: dict[str, Any] = {}
    for key, value in attributes.items():
        try:
            section = json.loads(value) if isinstance(value, str) else None
        except ValueError:
            section = None
        if isinstance(section, dict):
            found |= {f"{key}.{name}": inner for name, inner in section.items()}
        else:
            found[key] = value
    return found


def simulate_section(attributes: Mapping[str, Any]) -> Simulate:
    """Return section `simulate` as `provenance` wrote it down; what that lacks is the default."""
    values = {key: value for key, value in attributes.items() if key in Simulate.model_fields}
    nested = {key: json.loads(values[key]) for key in ("views", "disorder") if key in values}
    return Simulate.model_validate(values | nested)


def technique_of(simulate_settings: Mapping[str, Any]) -> Technique:
    """Return what was simulated with the settings of a raw shard or of a dataset.

    Patterns of other programs, which do not name an engine of ours, are those of diffraction.
    Raises UserError for an engine of ours that this version does not know.
    """
    engine = simulate_settings.get("engine")
    known = get_args(Simulate.model_fields["engine"].annotation)
    if engine in known:
        return Simulate(engine=engine).technique
    if simulate_settings.get("program") == "spacegrouper":
        raise UserError(
            f"made with engine {engine!r} of version {simulate_settings.get('version')}, which is "
            f"not known here: this version has {', '.join(known)}; use the version that made it"
        )
    return "diffraction"


def read_raw_rows(path: Path) -> RawRows:
    """Read everything but the patterns; raises UserError for a damaged or foreign file."""
    with _opened(path) as file:
        entry = file["entry"]
        shape = entry["data/data"].shape
        rows, views = shape[:2]

        def read(name: str, default: Any) -> Any:
            return entry[name][...] if name in entry else default

        def read_text(name: str) -> NDArray[np.str_]:
            texts = entry[name].asstr()[...] if name in entry else [""] * rows
            return np.asarray(texts, dtype=np.str_)

        further = {name: read_text(f"labels/{name}") for name in entry.get("labels", ())}
        return RawRows(
            material_id=read_text("material_id"),
            status=read("status", np.full(rows, DONE, dtype=np.uint8)),
            spacegroup=read("spacegroup", np.zeros(rows, dtype=np.int16)),
            intensity_max=read("intensity_max", np.full((rows, views), np.nan)),
            text_labels={label: read_text(label) for label in TEXT_LABELS} | further,
            pattern_shape=shape[1:],
            pattern_dtype=entry["data/data"].dtype,
            settings={
                key: entry.attrs[key].tolist()
                if isinstance(entry.attrs[key], np.ndarray | np.generic)
                else entry.attrs[key]
                for key in sorted(entry.attrs)
                if key not in ("NX_class", "default")
            },
        )


def read_raw_patterns(path: Path, start: int, stop: int) -> NDArray[np.unsignedinteger[Any]]:
    """Read the patterns of rows start to stop (excluded), (stop - start, views, y, x)."""
    with _opened(path) as file:
        patterns: NDArray[np.unsignedinteger[Any]] = file["entry/data/data"][start:stop]
        return patterns


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    try:
        with h5py.File(path) as file:
            _check_layout(path, file)
            yield file
    except (OSError, RuntimeError) as error:  # what HDF5 raises for files cut short or not its own
        raise UserError(
            f"{path}: cannot be read as a raw shard, simulate it anew: {error}"
        ) from None


def _check_layout(path: Path, file: h5py.File) -> None:
    for name in ("entry/data/data", "entry/material_id"):
        if name not in file:
            raise UserError(f"{path}: not a raw shard: it has no /{name}")
    patterns = file["entry/data/data"]
    if patterns.ndim != 4 or patterns.dtype not in (np.uint8, np.uint16):
        raise UserError(
            f"{path}: /entry/data/data must be uint8 or uint16 (crystals, views, y, x), "
            f"found {patterns.dtype} {patterns.shape}; simulate with `bit_depth: 8`"
        )
    if file["entry/material_id"].shape != patterns.shape[:1]:
        raise UserError(f"{path}: /entry/material_id must hold one string for each crystal")


def _text(value: Any) -> str:
    """Return a value of a record as a text that HDF5 can hold, and nothing as an empty one."""
    return "" if value is None else str(value).encode(errors="replace").decode().replace("\0", "?")
