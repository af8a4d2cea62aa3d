"""Crystals of the Materials Project, fetched through its API with mp-api (docs/sources.md).

A query is fetched in two steps: the ids of all its entries, then the entries, by id and in batches.
So an entry that is withdrawn meanwhile moves no other from one page to the next, and is missed by
name; and a download that breaks off goes on with the next batch.
"""

import difflib
import inspect
import itertools
import logging
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from mp_api.client import MPRester
from mp_api.client.core.exceptions import MPRestError
from mp_api.client.core.utils import validate_api_key, validate_endpoint, validate_ids
from mp_api.client.routes.materials.summary import SummaryRester

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.partial_download import PartialDownload
from spacegrouper.crystals.patient_session import PatientSession, back_off
from spacegrouper.crystals.records import crystal_from_pymatgen
from spacegrouper.crystals.sources.materials_project import MaterialsProjectSource
from spacegrouper.errors import UserError

log = logging.getLogger(__name__)

_IDS_IN_A_PAGE = 1000  # the most that the API gives
_ENTRIES_IN_A_BATCH = 400  # their ids fit into a URL of 8 kB
_LISTINGS = 3  # tries to list the ids while the database stands still
_NEEDED_FIELDS = ("material_id", "structure", "builder_meta")
_KEY_PAGE = "https://next-gen.materialsproject.org/api"
# Arguments of the search that are not for the user to give, or have keys of their own.
_NO_FILTERS = {
    *("self", "kwargs", "fields", "all_fields", "num_chunks", "chunk_size", "_page"),
    *("_sort_fields", "deprecated", "include_gnome", "magnetic_ordering"),
}
_PAGING = ("_page", "_per_page", "_limit", "_skip")
_LICENCES = {"BY-C": "CC BY 4.0", "BY-NC": "CC BY-NC 4.0"}


@dataclass
class _Answers:
    """What mp-api does not pass on: the last HTTP status, and how many entries a query has.

    mp-api makes several queries of a search for several space groups; a query here is the text of
    the URL without the keys of its page.
    """

    status: int = 0
    content_type: str = ""
    totals: dict[str, set[int]] = field(default_factory=dict)

    def note(self, response: requests.Response, **_: Any) -> None:
        """Take down what a response says; a hook of the session."""
        self.status = response.status_code
        self.content_type = response.headers.get("Content-Type", "no type")
        if response.status_code == 200 and "materials/summary" in response.url:
            parameters = sorted(parse_qsl(urlsplit(response.url).query))
            query = urlencode([(key, value) for key, value in parameters if key not in _PAGING])
            try:
                total = int(response.json()["meta"]["total_doc"])
            except (ValueError, KeyError, TypeError, RecursionError):
                return
            self.totals.setdefault(query, set()).add(total)

    def total(self) -> int | None:
        """Return how many entries there are; None if that changed, or is not stated."""
        if not self.totals or any(len(counts) != 1 for counts in self.totals.values()):
            return None
        return sum(sum(counts) for counts in self.totals.values())


def read_materials_project(
    source: MaterialsProjectSource, part: PartialDownload
) -> Iterator[Crystal | Rejection]:
    """Fetch the entries that the filters choose, sorted by id.

    Takes the key from the environment variable MP_API_KEY or pymatgen's configuration and the
    address from MP_API_ENDPOINT. Deprecated entries and those under CC BY-NC are left out unless
    the source asks for them. An entry that is gone or deprecated when its turn comes, or that has
    no structure or a disordered one, becomes a Rejection.

    Args:
        source: filters, and the fields to keep.
        part: what an earlier call fetched of the same query and database version, which is not
            fetched again; after the last entry its `known()` has `database_version`, `licence` and
            `queried`.

    Raises:
        UserError: no valid key, no network, a filter or field that does not exist, or a database
            version that changes while it is read.
    """
    _check_key()
    _check_names(source)
    endpoint = validate_endpoint(None)
    session = PatientSession(source.attempts)
    version = _database_version(session, endpoint)
    query = {"endpoint": endpoint, **source.model_dump(mode="json", exclude={"attempts"})}
    known = part.resume(query)
    if known is not None and known["database_version"] != version:
        log.warning(
            "the database is now version %s, what was fetched is of %s: it is fetched anew",
            version,
            known["database_version"],
        )
        known = None
    summary = _Summary(session, source)
    if known is None:
        known = {
            "database_version": version,
            "licence": _LICENCES["BY-C"]
            + (f"; {_LICENCES['BY-NC']} where `licence` says so" if source.non_commercial else ""),
            "queried": datetime.now(UTC).isoformat(timespec="seconds"),
            "batches": [
                {"deprecated": deprecated, "ids": ids}
                for deprecated in ((False, True) if source.deprecated else (False,))
                for ids in _batches(summary.ids(deprecated))
            ],
        }
        part.begin(query, known)
    pages = part.pages()
    for batch in known["batches"]:
        page = next(pages, None)
        if page is None:
            page = summary.entries(**batch)
            if (now := _database_version(session, endpoint)) != version:
                part.discard()
                raise UserError(
                    f"the Materials Project changed from version {version} to {now} while it was "
                    "read; run again: the download starts anew"
                )
            part.add(page)
        by_id = {_id(entry): entry for entry in page}
        yield from (_record(name, by_id.get(name), source) for name in batch["ids"])


def _check_key() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its warning that there is no key; ours is the error
        try:
            key = validate_api_key()
        except MPRestError:
            raise UserError(
                "the Materials Project API key in MP_API_KEY (or PMG_MAPI_KEY of pymatgen's "
                f"configuration) is not one: it must have 32 characters; yours is on {_KEY_PAGE}"
            ) from None
    if not key:
        raise UserError(
            "no Materials Project API key: set MP_API_KEY in the environment, or PMG_MAPI_KEY in "
            f"pymatgen's ~/.config/.pmgrc.yaml, to yours from {_KEY_PAGE}"
        )


def _check_names(source: MaterialsProjectSource) -> None:
    filters = sorted(set(inspect.signature(SummaryRester.search).parameters) - _NO_FILTERS)
    for key, names, known in (
        ("filters", source.filters, filters),
        ("fields", source.fields, sorted(SummaryRester.document_model.model_fields)),
    ):
        for name in names:
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1, cutoff=0)
                raise UserError(
                    f"`acquire.{key}`: the Materials Project's summary has no `{name}`; "
                    f"the nearest is `{close[0]}`"
                )


def _database_version(session: PatientSession, endpoint: str) -> str:
    response = session.get(f"{endpoint}heartbeat")
    try:
        return str(response.json()["db_version"])
    except (ValueError, KeyError, TypeError):
        raise UserError(
            f"{endpoint}heartbeat: no sign of a Materials Project API (HTTP status "
            f"{response.status_code}); check MP_API_ENDPOINT, or https://status.materialsproject.org"
        ) from None


class _Summary:
    """The summaries of the entries that a source chooses, as mp-api searches them."""

    def __init__(self, session: PatientSession, source: MaterialsProjectSource) -> None:
        self._source = source
        self._answers = _Answers()
        session.hooks["response"].append(self._answers.note)
        self._rester = _connect(session)

    def ids(self, deprecated: bool) -> list[str]:
        """List the ids of all entries, deprecated or not, by rising number."""
        wanted = self._source.filters.get("material_ids")
        wanted = [wanted] if isinstance(wanted, str) else wanted
        # mp-api would cut a long list of ids by itself, and then pages are no pages of the whole.
        parts = [{}] if wanted is None else [{"material_ids": ids} for ids in _batches(wanted)]
        ids: set[str] = set()
        for some in parts:
            for _ in range(_LISTINGS):
                listed = self._listing({**self._source.filters, **some}, deprecated)
                # An entry that comes or goes moves others over the edges of the pages.
                total = self._answers.total()
                if len(set(listed)) == len(listed) == total:
                    break
                if not self._answers.totals:
                    trouble = "does not state its length (`meta.total_doc`)"
                elif total is None or len(set(listed)) < len(listed):
                    trouble = "changed while it was read"
                else:
                    trouble = f"holds {len(listed)} of the {total} that it states"
                log.warning("the list of entries %s; reading it again", trouble)
            else:
                raise UserError(
                    f"the Materials Project's list of entries {trouble}, in each of {_LISTINGS} "
                    "attempts to read it; run again later"
                )
            ids.update(listed)
        return sorted(ids, key=lambda name: (len(name), name))  # mp-9 before mp-10

    def _listing(self, filters: dict[str, Any], deprecated: bool) -> list[str]:
        """Return the ids of all pages."""
        self._answers.totals.clear()
        ids: list[str] = []
        for page in itertools.count(1):
            entries = self._ask(
                **filters,
                # With a page's number mp-api forgets its size where there is a list of ids.
                **({"num_chunks": 1} if page == 1 else {"_page": page}),
                deprecated=deprecated,
                include_gnome=self._source.non_commercial,
                fields=["material_id"],
                _sort_fields="material_id",
            )
            ids += map(_id, entries)
            if len(entries) < _IDS_IN_A_PAGE:
                break
        return ids

    def entries(self, ids: list[str], deprecated: bool) -> list[dict[str, Any]]:
        """Fetch a batch of entries; those that have been withdrawn are missing."""
        self._answers.totals.clear()
        entries = self._ask(
            material_ids=ids,
            deprecated=deprecated,
            fields=sorted({*_NEEDED_FIELDS, *self._source.fields}),
            num_chunks=1,
        )
        # Fewer than were asked for are withdrawn ones only if the service counts as many.
        if len(entries) < (self._answers.total() or 0):
            raise UserError(
                f"the Materials Project sent {len(entries)} of the {self._answers.total()} entries "
                "that it states; run again: it goes on from what has been fetched"
            )
        return entries

    def _ask(self, **query: Any) -> list[dict[str, Any]]:
        status = self._answers
        try:
            entries = self._rester.search(**query, chunk_size=_IDS_IN_A_PAGE)
            return cast(list[dict[str, Any]], entries)
        except (MPRestError, ValueError, TypeError, KeyError, AttributeError) as error:
            if status.status == 200:
                reason = (
                    "the Materials Project's answer is not as its API defines it (content type "
                    f"{status.content_type}); check MP_API_ENDPOINT, or run again later: what has "
                    "been fetched is kept"
                )
            elif status.status in (401, 403):
                reason = (
                    f"the Materials Project does not accept the API key (HTTP status "
                    f"{status.status}); set MP_API_KEY to yours from {_KEY_PAGE}"
                )
            else:
                reason = (
                    f"the Materials Project does not answer the query: {_one_line(error)}; "
                    "check `acquire.filters`"
                )
            raise UserError(reason) from None


def _connect(session: PatientSession) -> SummaryRester:
    for attempt in itertools.count(1):
        try:
            rester = MPRester(session=session, use_document_model=False, mute_progress_bars=True)
            break
        # It first asks outside the session, without patience; what that raises is of many kinds.
        except (requests.RequestException, MPRestError, ValueError, KeyError) as error:
            if attempt >= session.attempts:
                raise UserError(
                    f"the Materials Project does not answer: {_one_line(error)}; run again later"
                ) from None
        session.wait(back_off(attempt))
    return cast(SummaryRester, rester.materials.summary)


def _batches(ids: list[str]) -> list[list[str]]:
    starts = range(0, len(ids), _ENTRIES_IN_A_BATCH)
    return [ids[start : start + _ENTRIES_IN_A_BATCH] for start in starts]


def _one_line(error: Exception) -> str:
    text = " ".join(re.sub(r"\x1b\[\d+m", "", str(error)).split()) or type(error).__name__
    return text if len(text) <= 300 else f"{text[:300]} ..."


def _id(entry: dict[str, Any]) -> str:
    # The API is moving from mp-149 to letters that stand for the same number.
    return validate_ids([str(entry["material_id"])])[0]


def _record(
    name: str, entry: dict[str, Any] | None, source: MaterialsProjectSource
) -> Crystal | Rejection:
    try:
        if entry is None:
            raise UserError("withdrawn or deprecated by the Materials Project during the download")
        licence = (entry.get("builder_meta") or {}).get("license")
        if licence == "BY-NC" and not source.non_commercial:
            raise UserError("its licence, CC BY-NC 4.0, is non-commercial")
        if not isinstance(entry.get("structure") or None, dict):
            raise UserError("it has no structure")
        crystal = crystal_from_pymatgen(entry["structure"], name)
    except UserError as error:
        return Rejection(name, "acquire", str(error))
    metadata = {name: entry.get(name) for name in source.fields}
    if licence:
        metadata["licence"] = _LICENCES.get(licence, licence)
    return replace(crystal, metadata=metadata)
