"""What a download has fetched so far, kept on disk so that the next try goes on from there."""

import gzip
import json
import logging
import shutil
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacegrouper.atomic import written_aside
from spacegrouper.errors import UserError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PartialDownload:
    """A folder of `download.json`, what was asked and is known of it, and pages of JSON.

    Every file is written aside and renamed, so what is there is whole. All of it is JSON.
    """

    folder: Path

    def begin(self, query: Mapping[str, Any], known: Mapping[str, Any]) -> None:
        """Start a download anew; `known` is what is to be remembered of it."""
        self.discard()
        with written_aside(self.folder / "download.json") as aside:
            aside.write_text(json.dumps({"query": query, "known": known}), encoding="utf-8")

    def resume(self, query: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what is known of an earlier download of this query; None if there is none."""
        path = self.folder / "download.json"
        if not path.exists():
            return None
        with self._whole(path):
            started = json.loads(path.read_text(encoding="utf-8"))
        # Through JSON, as what was written: tuples become lists.
        if started["query"] != json.loads(json.dumps(query)):
            log.warning("%s: holds part of another query; it is fetched anew", self.folder)
            return None
        log.info("%s: going on after %d pages", self.folder, len(self._paths()))
        return dict(started["known"])

    def known(self) -> dict[str, Any]:
        """Return what is known of the download that was begun; nothing if none was."""
        if not (self.folder / "download.json").exists():
            return {}
        text = (self.folder / "download.json").read_text(encoding="utf-8")
        return dict(json.loads(text)["known"])

    def add(self, page: Any) -> None:
        """Keep one more page."""
        content = gzip.compress(json.dumps(page).encode(), compresslevel=1, mtime=0)
        with written_aside(self.folder / f"{len(self._paths()):06d}.json.gz") as aside:
            aside.write_bytes(content)

    def pages(self) -> Iterator[Any]:
        """Yield the pages kept, in their order; raises UserError for one that is damaged."""
        for path in self._paths():
            with self._whole(path):
                page = json.loads(gzip.decompress(path.read_bytes()))
            yield page

    def discard(self) -> None:
        """Remove the folder, if there is one."""
        if self.folder.exists():
            shutil.rmtree(self.folder)

    @contextmanager
    def _whole(self, path: Path) -> Iterator[None]:
        try:
            yield
        except (OSError, EOFError, zlib.error, ValueError):
            raise UserError(
                f"{path}: damaged; remove the folder {self.folder}, then it is fetched anew"
            ) from None

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob("[0-9]*.json.gz"))
