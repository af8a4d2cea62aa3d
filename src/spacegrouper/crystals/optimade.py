"""Crystals of any database with an OPTIMADE interface.

The interface: C. W. Andersen et al., Sci. Data 8, 217 (2021). pymatgen's client knows the addresses
of the databases. The entries are not fetched with it: docs/sources.md says why.
"""

import logging
from collections.abc import Iterator
from typing import Any

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.optimade_entries import (
    ASKED,
    NEEDED,
    attributes_of,
    crystal_from_entry,
    id_of,
)
from spacegrouper.crystals.optimade_service import OptimadeService, database_version
from spacegrouper.crystals.partial_download import PartialDownload
from spacegrouper.crystals.sources.optimade import OptimadeSource
from spacegrouper.errors import UserError

log = logging.getLogger(__name__)

_LISTINGS = 3  # tries to list the ids while the database stands still


def read_optimade(source: OptimadeSource, part: PartialDownload) -> Iterator[Crystal | Rejection]:
    """Fetch the entries that the filter chooses, page by page in the provider's order.

    Entries with disorder, missing properties or fewer than three periodic directions become
    Rejections, and so do those that the provider lists twice. Where the pages hold fewer entries
    than the provider states, or the number it states changes in between, the ids are listed once
    more and entries that slipped from one page to another are fetched one by one; those that are
    gone become Rejections. So are entries that come without what was asked for.

    Args:
        source: provider, filter, and the properties to keep.
        part: what an earlier call fetched of the same query, which is not fetched again; after the
            last entry its `known()` has `database`, `database_version`, `licence` and `queried`, as
            far as the provider states them.

    Raises:
        UserError: an unknown provider, a filter it does not accept, no network, a list that ends
            too early or not at all, or a database version that changes while it is read.
    """
    service = OptimadeService(source)
    query = {
        "base": service.base,
        "asked": ASKED,
        **source.model_dump(mode="json", exclude={"attempts", "provider"}),
    }
    known = part.resume(query)
    if known is None:
        known = service.description()
        part.begin(query, known)
    seen: set[str] = set()
    stated: list[dict[str, Any]] = []
    for page in _pages(service, part, known["database_version"]):
        stated.append(page["stated"])
        for entry in page["entries"]:
            name = id_of(entry)
            if name in seen:
                yield Rejection(name, "acquire", "listed twice by the provider")
            else:
                seen.add(name)
                yield crystal_from_entry(entry, source.fields)
    totals = _totals(stated, source)
    if len(totals) > 1 or len(seen) < max(totals, default=0):
        yield from _slipped(service, seen)


def _pages(
    service: OptimadeService, part: PartialDownload, version: str | None
) -> Iterator[dict[str, Any]]:
    """Yield `entries`, `stated` (as `_stated` returns it) and `next` of each page.

    Those fetched before come first.
    """
    url: str | None = service.first_url
    given: set[str] | None = None
    for page in part.pages():
        yield page
        given = given or _given(page["entries"])
        url = page["next"]
    for answer in service.answers(url, service.first_url):
        version = version or database_version(answer)
        if (now := database_version(answer) or version) != version:
            part.discard()
            raise UserError(
                f"{service.base}: the database changed from version {version} to {now} while it "
                "was read; run again: the download starts anew"
            )
        given = given or _given(answer["data"])
        entries = [_completed(service, entry, given) for entry in answer["data"]]
        page = {"entries": entries, "stated": _stated(answer), "next": answer["next"]}
        part.add(page)
        yield page


def _given(entries: list[dict[str, Any]]) -> set[str]:
    """Return which of the properties asked for all entries of a page have, be they null."""
    keys = [attributes_of(entry).keys() for entry in entries]
    return {key for key in ASKED if keys and all(key in each for each in keys)}


def _completed(service: OptimadeService, entry: dict[str, Any], given: set[str]) -> dict[str, Any]:
    """Return an entry, asked for by its id if it comes without properties.

    Those are the needed ones and what the first page's entries have (`given`). Unknown ones are
    null, not absent: the provider has lost sight of what was asked for.
    """
    if given.union(NEEDED) <= attributes_of(entry).keys():
        return entry
    return service.entry(id_of(entry)) or entry


def _stated(answer: dict[str, Any]) -> dict[str, Any]:
    """Return what a page says of its list, None where it does not, and how many entries it has.

    `total` and `available`: the number of entries that the filter chooses, and of all; `more`:
    whether others follow.
    """
    meta = answer["meta"]
    counts = {
        key: count if type(count := meta.get(name)) is int else None  # `true` is an int, too
        for key, name in (("total", "data_returned"), ("available", "data_available"))
    }
    return {"entries": len(answer["data"]), **counts, "more": meta.get("more_data_available")}


def _totals(stated: list[dict[str, Any]], source: OptimadeSource) -> set[int]:
    """Return the different numbers that the pages of a list state of its entries, if any.

    Some providers state for each page what is on it, which says nothing of the list. The number of
    all entries of the database is that of a list without a filter; but where it is larger, a
    provider that says that no more follow is believed.
    """
    totals = {page["total"] for page in stated if page["total"] is not None}
    if len(stated) > 1 and all(page["total"] in (None, page["entries"]) for page in stated):
        totals = set()
    if not (totals or source.filter) and stated[-1]["more"] is not False:
        totals = {page["available"] for page in stated if page["available"] is not None}
    return totals


def _slipped(service: OptimadeService, seen: set[str]) -> Iterator[Crystal | Rejection]:
    """Fetch one by one what the pages should have held, but did not."""
    listed = _listed(service)
    gone, slipped = sorted(seen - listed.keys()), [name for name in listed if name not in seen]
    if gone or slipped:
        log.warning(
            "%s: its list of entries changed while it was read: %d had slipped between pages, %d "
            "were withdrawn after they had been fetched%s",
            service.base,
            len(slipped),
            len(gone),
            f", the first: {gone[0]}" if gone else "",
        )
    for name in slipped:
        if entry := service.entry(name):
            yield crystal_from_entry(entry, service.source.fields)
        else:
            yield Rejection(name, "acquire", "withdrawn by the provider during the download")


def _listed(service: OptimadeService) -> dict[str, None]:
    """Return the ids of all entries, in order; raises UserError if some are never shown."""
    url = service.url_of_list(["id"])
    for _ in range(_LISTINGS):
        listed: dict[str, None] = {}
        stated: list[dict[str, Any]] = []
        for answer in service.answers(url, url):
            listed.update((id_of(entry), None) for entry in answer["data"])
            stated.append(_stated(answer))
        total = max(_totals(stated, service.source), default=0)
        if len(listed) >= total:
            return listed
    raise UserError(
        f"{service.base}: the provider states {total} entries, but its list ends after "
        f"{len(listed)}; nothing is made of a part; run again later, or tell the provider"
    )
