import json
from pathlib import Path

import pytest

from spacegrouper.dataset.integrity import check_manifest, manifest_path, write_manifest
from spacegrouper.errors import UserError


def test_a_whole_file_passes_and_a_flipped_bit_does_not(tmp_path: Path) -> None:
    shard = tmp_path / "000007.h5"
    shard.write_bytes(bytes(range(256)))
    check_manifest(shard)  # without a manifest there is nothing to hold it against
    write_manifest(shard, {"crystals": 3})
    check_manifest(shard)
    manifest = json.loads((tmp_path / "000007.json").read_text())
    assert manifest["file"] == "000007.h5"
    assert manifest["crystals"] == 3

    damaged = bytearray(shard.read_bytes())
    damaged[100] ^= 1
    shard.write_bytes(damaged)
    with pytest.raises(UserError, match=r"000007\.h5: .* damaged"):
        check_manifest(shard)


def test_a_manifest_that_is_none_is_named(tmp_path: Path) -> None:
    shard = tmp_path / "000007.h5"
    shard.write_bytes(b"patterns")
    manifest_path(shard).write_text("{")
    with pytest.raises(UserError, match=r"000007\.json: not a manifest"):
        check_manifest(shard)
