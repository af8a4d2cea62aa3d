"""Manifests: what a block's file held when it was written, so that damage is noticed."""

import hashlib
import json
from pathlib import Path
from typing import Any

from spacegrouper.atomic import written_aside
from spacegrouper.errors import UserError


def manifest_path(shard: Path) -> Path:
    """Return where the manifest of a raw shard lies: beside it."""
    return shard.with_suffix(".json")


def write_manifest(shard: Path, content: dict[str, Any]) -> None:
    """Write the manifest of a raw shard: its name, its SHA-256 and what else is to be known."""
    manifest = {"file": shard.name, "sha256": file_sha256(shard), **content}
    with written_aside(manifest_path(shard)) as aside:
        aside.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def check_manifest(shard: Path) -> str:
    """Return the SHA-256 of a raw shard; raises UserError if its manifest, if any, has another."""
    digest = file_sha256(shard)
    if manifest_path(shard).exists() and digest != recorded_sha256(shard):
        raise UserError(
            f"{shard}: its SHA-256 is not the one in {manifest_path(shard).name}: the file is "
            "damaged; delete both and simulate the block anew"
        )
    return digest


def recorded_sha256(shard: Path) -> str:
    """Return the SHA-256 of a raw shard as its manifest has it; UserError where there is none."""
    path = manifest_path(shard)
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["sha256"])
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read: {error.strerror}; simulate the block anew"
        ) from None
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{path}: not a manifest; delete it and simulate the block anew") from None


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits; raises UserError if it is unreadable."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
