import itertools
import json
import re
from importlib.metadata import version
from pathlib import Path

import h5py
import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

from spacegrouper.dataset.dataset_plan import plan_dataset, signed_digest
from spacegrouper.dataset.integrity import write_manifest
from spacegrouper.errors import UserError
from spacegrouper.settings import settings_from_mapping
from spacegrouper.techniques.patterns.settings import Shape


@pytest.mark.parametrize("cuts", [(0, 10), (0, 4, 8, 10), (0, 3, 4, 9, 10)])
def test_blocks_are_cut_across_raw_shards(raw_shards, datasets, cuts) -> None:
    paths = [
        raw_shards.write(f"{first}.h5", range(first, last))
        for first, last in itertools.pairwise(cuts)
    ]
    blocks = plan_dataset(paths, datasets.settings).blocks
    assert [block.number for block in blocks] == [0, 1, 2]
    assert [block.status.tolist() for block in blocks] == [[1] * 4, [2, 1, 1, 1], [1, 1]]
    patterns = [piece.read() for block in blocks for piece in block.pieces]
    np.testing.assert_array_equal(np.concatenate(patterns), raw_shards.patterns(range(10)).values)


def test_the_plan_is_made_of_the_same_bytes(raw_shards, datasets) -> None:
    paths = [raw_shards.write("0.h5", range(6))]
    first, second = (plan_dataset(paths, datasets.settings) for _ in range(2))
    assert first.objects == second.objects


def test_everything_a_dataset_depends_on_changes_its_digest(raw_shards, datasets) -> None:
    paths = [raw_shards.write("0.h5", range(6)), raw_shards.write("1.h5", range(6, 8))]
    settings = datasets.settings
    other = settings.model_copy(update={"shape": Shape(reach=2)})
    digests = [plan_dataset(paths, settings).sha256, plan_dataset(paths, other).sha256]
    digests.append(plan_dataset(paths[::-1], settings).sha256)
    digests.append(plan_dataset(paths[:1], settings).sha256)
    assert len(set(digests)) == 4


@given(position=st.integers(0), bit=st.integers(0, 7))
def test_no_bit_of_the_root_can_change_unnoticed(position: int, bit: int) -> None:
    root = example_root()
    damaged = bytearray(root)
    damaged[position % len(root)] ^= 1 << bit
    assert signed_digest(bytes(damaged)) is None


def example_root() -> bytes:
    """Metadata whose digest was computed by sha256sum, zeros in its place."""
    zeroed = {"attributes": {"settings": {"reach": 1.7}, "dataset_sha256": "0" * 64}}
    digest = "c8bf4a3944b3baa7d0b8a9ef6ae76506e82e4cf0b7f83520b393ac32b73e0523"
    return json.dumps(zeroed).replace("0" * 64, digest).encode()


def test_the_example_is_signed() -> None:
    assert signed_digest(example_root()) is not None


@pytest.mark.parametrize("root", [b"", b"[]", b"{}", b'{"attributes": {"dataset_sha256": 1}}'])
def test_a_root_without_a_digest_has_none(root: bytes) -> None:
    assert signed_digest(root) is None


def test_shards_that_do_not_fit_together_are_refused(raw_shards, datasets) -> None:
    first = raw_shards.write("0.h5", range(3))
    with pytest.raises(UserError, match=r"crystal-2 is in .*0\.h5 already"):
        plan_dataset([first, raw_shards.write("1.h5", range(2, 4))], datasets.settings)
    raw_shards.settings = settings_from_mapping(
        {"simulate": {"wavelength": 1e-12, "pixels": 32}}, ""
    )
    said = (
        r"1\.h5: simulated with simulate.wavelength 1e-12, but .*0\.h5 with "
        r"simulate.wavelength 3.5e-12; delete"
    )
    with pytest.raises(UserError, match=said):
        plan_dataset([first, raw_shards.write("1.h5", range(5, 6))], datasets.settings)


def test_an_upgrade_between_two_blocks_is_named(raw_shards, datasets) -> None:
    paths = [raw_shards.write("0.h5", range(3)), raw_shards.write("1.h5", range(3, 5))]
    with h5py.File(paths[1], "a") as file:
        made_with = json.loads(file["entry"].attrs["made_with"])
        file["entry"].attrs["made_with"] = json.dumps(made_with | {"version": "99.0"})
    said = (
        rf"1\.h5: simulated with spacegrouper 99\.0, but .*0\.h5 with spacegrouper "
        rf"{re.escape(version('spacegrouper'))}; install .* again, or delete"
    )
    with pytest.raises(UserError, match=said):
        plan_dataset(paths, datasets.settings)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([], ["number"], r"1\.h5: further labels: number, but of .*0\.h5: none"),
        (["number", "material_group"], ["number"], "number, but of .*: material_group, number"),
    ],
)
def test_shards_with_different_labels_are_refused(
    raw_shards, datasets, first: list[str], second: list[str], message: str
) -> None:
    paths = []
    for number, labels in enumerate((first, second)):
        raw_shards.settings = settings_from_mapping({"standardise": {"labels": labels}}, "")
        paths.append(raw_shards.write(f"{number}.h5", range(3 * number, 3 * number + 3)))
    with pytest.raises(UserError, match=message):
        plan_dataset(paths, datasets.settings)


def test_patterns_of_another_type_are_refused(raw_shards, datasets) -> None:
    first = raw_shards.write("0.h5", range(3))
    raw_shards.dtype = np.uint16
    second = raw_shards.write("1.h5", range(3, 5))
    with pytest.raises(UserError, match=r"1\.h5: uint16 patterns of \(3, 32, 32\), but .* uint8"):
        plan_dataset([first, second], datasets.settings)
    objects = plan_dataset([second], datasets.settings).objects
    types = [json.loads(objects[f"{name}/zarr.json"])["data_type"] for name in ("raw", "shaped")]
    assert types == ["uint16", "uint16"]


def test_powders_and_diffraction_do_not_mix(raw_shards, powder_shards, datasets) -> None:
    powder_shards.shape, powder_shards.dtype = raw_shards.shape, raw_shards.dtype
    paths = [raw_shards.write("0.h5", range(3)), powder_shards.write("1.h5", range(3, 5))]
    with pytest.raises(
        UserError,
        match=r"1\.h5: simulated with simulate.engine xrayutilities, but ",
    ):
        plan_dataset(paths, datasets.settings)


def test_a_missing_or_damaged_shard_is_named(raw_shards, datasets, tmp_path: Path, damage) -> None:
    path = raw_shards.write("0.h5", range(3))
    write_manifest(path, {})
    damage(path)
    with pytest.raises(UserError, match=r"0\.h5: (its SHA-256 is not|no such raw shard)"):
        plan_dataset([path], datasets.settings)


def test_a_shard_that_changes_later_is_not_read(raw_shards, datasets) -> None:
    path = raw_shards.write("0.h5", range(3))
    (block,) = plan_dataset([path], datasets.settings).blocks
    raw_shards.write("0.h5", range(5, 8))
    with pytest.raises(UserError, match=r"0\.h5: its SHA-256 changed"):
        block.pieces[0].read()


def test_the_newest_row_of_each_id_is_in_the_release(raw_shards, datasets, tmp_path: Path) -> None:
    old = raw_shards.write("0.h5", range(4))
    new = raw_shards.write("1.h5", range(5, 8), {5: "crystal-2", 6: "crystal-0"})
    release = {"crystal-0", "crystal-1", "crystal-2", "crystal-7"}
    datasets.make(tmp_path / "dataset.zarr", [old, new], release)
    in_release = zarr.open_array(tmp_path / "dataset.zarr" / "in_release", mode="r")
    assert in_release[:].tolist() == [False, True, False, False, True, True, True]


def test_copies_are_in_the_release_of_their_crystal(raw_shards, datasets, tmp_path: Path) -> None:
    ids = {1: "crystal-0 copy 1", 3: "crystal-2 copy 1"}
    path = raw_shards.write("0.h5", range(4), ids, {1: "crystal-0", 3: "crystal-2"})
    datasets.make(tmp_path / "dataset.zarr", [path], {"crystal-0"})
    in_release = zarr.open_array(tmp_path / "dataset.zarr" / "in_release", mode="r")
    assert in_release[:].tolist() == [True, True, False, False]


def test_without_a_release_all_rows_are_in_it(raw_shards, datasets, tmp_path: Path) -> None:
    datasets.make(tmp_path / "dataset.zarr", [raw_shards.write("0.h5", range(5))])
    in_release = zarr.open_array(tmp_path / "dataset.zarr" / "in_release", mode="r")
    assert in_release[:].tolist() == [True] * 5


def test_a_crystal_of_the_release_without_a_row_is_named(raw_shards, datasets) -> None:
    path = raw_shards.write("0.h5", range(3))
    with pytest.raises(UserError, match="crystal-9 is in the release, but in none of the raw"):
        plan_dataset([path], datasets.settings, {"crystal-1", "crystal-9"})
