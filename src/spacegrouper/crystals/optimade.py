"""Crystals of any database with an OPTIMADE interface.

The interface: C. W. Andersen et al., Sci. Data 8, 217 (2021). pymatgen's client knows the addresses
of the databases. The entries are not fetched with it: docs/sources.md says why.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urljoin, urlsplit

import numpy as np
from pymatgen.ext.optimade import OptimadeRester

from spacegrouper.crystals.crystal import Crystal, Rejection, checked_id
from spacegrouper.crystals.json_lines import crystal_from_record
from spacegrouper.crystals.partial_download import PartialDownload
from spacegrouper.crystals.patient_session import PatientSession
from spacegrouper.crystals.sources.optimade import OptimadeSource
from spacegrouper.errors import UserError

log = logging.getLogger(__name__)

_STAGE = "acquire"
_OCCUPANCY_TOLERANCE = 1e-3
_NEEDED = (
    "lattice_vectors",
    "cartesian_site_positions",
    "species",
    "species_at_sites",
)
_ASKED = (*_NEEDED, "nsites", "dimension_types", "nperiodic_dimensions", "structure_features")
_NO_ELEMENTS = {"X": "an unknown element, X", "vacancy": "a vacancy"}
_LISTINGS = 3  # tries to list the ids while the database stands still
_EMPTY_PAGES = 20  # one after the other, before the list is taken to be without an end
# Features of a structure that make it something else than atoms on places, one each.
_UNUSABLE_FEATURES = {
    "disorder": "disorder: sites are shared or partly empty",
    "assemblies": "disorder: groups of atoms exclude each other",
    "implicit_atoms": "some of its atoms, such as hydrogens, have no position",
    "site_attachments": "some of its atoms, such as hydrogens, have no position",
}


def read_optimade(source: OptimadeSource, part: PartialDownload) -> Iterator[Crystal | Rejection]:
    """Fetch the entries that the filter chooses, page by page in the provider's order.

    Entries with disorder, missing properties or fewer than three periodic directions become
    Rejections, and so do those that the provider lists twice. Where the pages hold fewer entries
    than the provider states, or the number it states changes in between, the ids are listed once
    more and entries that slipped from one page to another are fetched one by one; those that are
    gone become Rejections. So are entries that come without what was asked for.

    `part` holds what an earlier call fetched of the same query, which is not fetched again; after
    the last entry its `known()` has `database`, `database_version`, `licence` and `queried`, as far
    as the provider states them. Raises UserError for an unknown provider, a filter it does not
    accept, no network, a list that ends too early or not at all, and when the database version
    changes while it is read.
    """
    session = PatientSession(source.attempts)
    base = _base_url(source.provider)
    query = {
        "base": base,
        "asked": _ASKED,
        **source.model_dump(mode="json", exclude={"attempts", "provider"}),
    }
    known = part.resume(query)
    if known is None:
        known = _database(session, base)
        part.begin(query, known)
    seen: set[str] = set()
    stated: list[dict[str, Any]] = []
    for page in _pages(session, base, source, part, known["database_version"]):
        stated.append(page["stated"])
        for entry in page["entries"]:
            name = _id(entry)
            if name in seen:
                yield Rejection(name, _STAGE, "listed twice by the provider")
            else:
                seen.add(name)
                yield _record(name, entry, source)
    totals = _totals(stated, source)
    if len(totals) > 1 or len(seen) < max(totals, default=0):
        yield from _slipped(session, base, source, seen)


def _base_url(provider: str) -> str:
    """Return the versioned base URL of a provider given by its alias or by its URL."""
    address = OptimadeRester.aliases.get(provider, provider).rstrip("/")
    if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).netloc:
        raise UserError(
            f"`acquire.provider`: {provider!r} is neither a URL nor an alias that pymatgen knows: "
            f"{', '.join(sorted(OptimadeRester.aliases))}"
        )
    return address if re.fullmatch(r"v\d+(\.\d+)*", address.rsplit("/", 1)[1]) else f"{address}/v1"


def _database(session: PatientSession, base: str) -> dict[str, Any]:
    """Return what the provider says of its database."""
    answer = _get(session, f"{base}/info")
    attributes = _object(_object(answer.get("data")).get("attributes"))
    provider = _object(_object(answer.get("meta")).get("provider"))
    licence = attributes.get("license")
    return {
        "database": provider.get("name"),
        "database_version": _version(answer),
        "licence": attributes.get("available_licenses")
        or (licence.get("href") if isinstance(licence, dict) else licence),
        "queried": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _version(answer: dict[str, Any]) -> str | None:
    version = _object(_object(answer.get("meta")).get("database")).get("version")
    return None if version is None else str(version)


def _object(value: Any) -> dict[str, Any]:
    """Return a JSON object, and an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def _pages(
    session: PatientSession,
    base: str,
    source: OptimadeSource,
    part: PartialDownload,
    version: str | None,
) -> Iterator[dict[str, Any]]:
    """Yield `entries`, `stated` (as `_stated` returns it) and `next` of each page.

    Those fetched before come first.
    """
    first = url = _first_url(base, source, [*_ASKED, *source.fields])
    given: set[str] | None = None
    for page in part.pages():
        yield page
        given = given or _given(page["entries"])
        url = page["next"]
    for answer in _answers(session, url, first):
        version = version or _version(answer)
        if (now := _version(answer) or version) != version:
            part.discard()
            raise UserError(
                f"{base}: the database changed from version {version} to {now} while it was read; "
                "run again: the download starts anew"
            )
        entries = answer["data"]
        given = given or _given(entries)
        entries = [_completed(session, base, source, entry, given) for entry in entries]
        page = {"entries": entries, "stated": _stated(answer), "next": answer["next"]}
        part.add(page)
        yield page


def _given(entries: list[dict[str, Any]]) -> set[str]:
    """Return which of the properties asked for all entries of a page have, be they null."""
    attributes = [_object(entry.get("attributes")).keys() for entry in entries]
    return {key for key in _ASKED if attributes and all(key in keys for keys in attributes)}


def _completed(
    session: PatientSession,
    base: str,
    source: OptimadeSource,
    entry: dict[str, Any],
    given: set[str],
) -> dict[str, Any]:
    """Return an entry, asked for by its id if it comes without properties.

    Those are the needed ones and what the first page's entries have (`given`). Unknown ones are
    null, not absent: the provider has lost sight of what was asked for.
    """
    if given.union(_NEEDED) <= _object(entry.get("attributes")).keys():
        return entry
    return _asked_for(session, base, source, _id(entry)) or entry


def _asked_for(
    session: PatientSession, base: str, source: OptimadeSource, name: str
) -> dict[str, Any] | None:
    """Return one entry; None if the provider does not have it."""
    fields = urlencode({"response_fields": ",".join([*_ASKED, *source.fields])}, quote_via=quote)
    answer = _get(session, f"{base}/structures/{quote(name, safe='')}?{fields}", absent=True)
    entry = answer.get("data")
    return entry if isinstance(entry, dict) and _id(entry) == name else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _stated(answer: dict[str, Any]) -> dict[str, Any]:
    """Return what a page says of its list, None where it does not, and how many entries it has.

    `total` and `available`: the number of entries that the filter chooses, and of all; `more`:
    whether others follow.
    """
    meta = _object(answer.get("meta"))
    return {
        "entries": len(answer["data"]),
        "total": _count(meta.get("data_returned")),
        "available": _count(meta.get("data_available")),
        "more": meta.get("more_data_available"),
    }


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


def _answers(session: PatientSession, url: str | None, first: str) -> Iterator[dict[str, Any]]:
    """Yield the answer at a URL and all that follow it; `next` is the URL of the next one.

    `first`: the URL that the list begins with. Raises UserError for a list that is said to go on
    but does not, or that has no end.
    """
    asked: set[str] = set()
    seen: set[str] = set()
    in_vain = 0
    while url is not None:
        if url in asked:
            raise UserError(f"{url}: this page leads back to itself; tell the provider")
        asked.add(url)
        answer = _get(session, url)
        names = {_id(entry) for entry in _entries(answer, url)}
        more = _object(answer.get("meta")).get("more_data_available")
        following = _following(answer, url, first)
        if following is None and more is True:
            raise UserError(
                f"{url.split('?')[0]}: after {len(seen | names)} entries there is no link to the "
                "next page, but the provider says that more follow; nothing is made of a part; "
                "tell the provider"
            )
        if not names and more is False:
            following = None
        in_vain = 0 if names - seen else in_vain + 1
        if in_vain == _EMPTY_PAGES or (in_vain > 1 and names):
            raise UserError(
                f"{url}: page follows page, but none has an entry that is new; tell the provider"
            )
        seen |= names
        answer["next"] = url = following
        yield answer


def _following(answer: dict[str, Any], url: str, first: str) -> str | None:
    """Return the URL of the next page, on the same host and with all that was asked for at first.

    Providers forget to repeat `response_fields` or `filter` in the link, and proxies that speak
    HTTPS for them are not known to those that write it.
    """
    link = _object(answer.get("links")).get("next")
    if isinstance(link, dict):
        link = link.get("href")
    if not link:
        return None
    if not isinstance(link, str):
        raise UserError(f"{url}: its link to the next page is no text; tell the provider")
    here = urlsplit(answer["address"])  # after redirections
    there = urlsplit(urljoin(answer["address"], link))
    known = (here.hostname, urlsplit(url).hostname)
    if there.scheme not in ("http", "https") or there.hostname not in known:
        raise UserError(
            f"{url}: the next page is at another address, {there.scheme}://{there.netloc}; if it "
            "is the provider's, give it as `acquire.provider`"
        )
    if (here.scheme, there.scheme) == ("https", "http"):
        there = there._replace(scheme="https", netloc=here.netloc)
    return _with_options(there, urlsplit(first).query)


def _with_options(address: SplitResult, query: str) -> str:
    """Return an address with the options of a query that it lacks or has otherwise."""
    present = dict(parse_qsl(address.query))
    lost = {key: value for key, value in parse_qsl(query) if present.get(key) != value}
    if not lost:
        return address.geturl()
    # What is right stays letter by letter: it may hold a place in the list.
    kept = [part for part in address.query.split("&") if part and part.split("=")[0] not in lost]
    return address._replace(query="&".join([*kept, urlencode(lost, quote_via=quote)])).geturl()


def _first_url(base: str, source: OptimadeSource, fields: list[str]) -> str:
    options = {"response_fields": ",".join(fields)}
    if source.filter:
        options["filter"] = source.filter
    if source.page_size:
        options["page_limit"] = str(source.page_size)
    return f"{base}/structures?{urlencode(options, quote_via=quote)}"


def _entries(answer: dict[str, Any], url: str) -> list[dict[str, Any]]:
    entries = answer.get("data")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UserError(
            f"{url.split('?')[0]}: the answer is no list of entries, as OPTIMADE's would be; check "
            "`acquire.provider`"
        )
    return entries


def _get(session: PatientSession, url: str, absent: bool = False) -> dict[str, Any]:
    """Ask for JSON; with `absent`, an address that does not exist gives an empty answer."""
    response = session.get(url)
    if absent and response.status_code in (404, 410):
        return {}
    try:
        answer = response.json()
    except (ValueError, RecursionError):
        answer = None
    errors = answer.get("errors") if isinstance(answer, dict) else None
    if response.ok and isinstance(answer, dict) and not errors:
        return answer | {"address": response.url}
    details = "; ".join(
        str(error.get("detail") or error.get("title"))
        for error in (errors if isinstance(errors, list) else [])
        if isinstance(error, dict)
    )
    kind = response.headers.get("Content-Type", "no type")
    says = " ".join(details.split()) or (
        f"no JSON object, but {kind}" if response.ok and not errors else "no reason given"
    )
    raise UserError(
        f"{url.split('?')[0]}: HTTP status {response.status_code}: {says}; check "
        "`acquire.provider` and `acquire.filter`, or run again later: what has been fetched is kept"
    )


def _slipped(
    session: PatientSession, base: str, source: OptimadeSource, seen: set[str]
) -> Iterator[Crystal | Rejection]:
    """Fetch one by one what the pages should have held, but did not."""
    listed = _listed(session, base, source)
    gone, slipped = sorted(seen - listed.keys()), [name for name in listed if name not in seen]
    if gone or slipped:
        log.warning(
            "%s: its list of entries changed while it was read: %d had slipped between pages, %d "
            "were withdrawn after they had been fetched%s",
            base,
            len(slipped),
            len(gone),
            f", the first: {gone[0]}" if gone else "",
        )
    for name in slipped:
        entry = _asked_for(session, base, source, name)
        if entry:
            yield _record(name, entry, source)
        else:
            yield Rejection(name, _STAGE, "withdrawn by the provider during the download")


def _listed(session: PatientSession, base: str, source: OptimadeSource) -> dict[str, None]:
    """Return the ids of all entries, in order; raises UserError if some are never shown."""
    url = _first_url(base, source, ["id"])
    for _ in range(_LISTINGS):
        listed: dict[str, None] = {}
        stated: list[dict[str, Any]] = []
        for answer in _answers(session, url, url):
            listed.update((_id(entry), None) for entry in answer["data"])
            stated.append(_stated(answer))
        total = max(_totals(stated, source), default=0)
        if len(listed) >= total:
            return listed
    raise UserError(
        f"{base}: the provider states {total} entries, but its list ends after {len(listed)}; "
        "nothing is made of a part; run again later, or tell the provider"
    )


def _id(entry: dict[str, Any]) -> str:
    return str(entry.get("id"))


def _record(name: str, entry: dict[str, Any], source: OptimadeSource) -> Crystal | Rejection:
    attributes = _object(entry.get("attributes"))
    try:
        checked_id(entry.get("id"))
        return _crystal(name, attributes, {field: attributes.get(field) for field in source.fields})
    except ValueError as error:
        return Rejection(name, _STAGE, str(error))


def _crystal(name: str, attributes: dict[str, Any], metadata: dict[str, Any]) -> Crystal:
    _check_periodic(attributes)
    for key in _NEEDED:
        if not attributes.get(key):
            raise ValueError(f"property `{key}` is missing")
        if not isinstance(attributes[key], list):
            raise ValueError(f"property `{key}` is no list")
    features = attributes.get("structure_features") or []
    if not isinstance(features, list):
        raise ValueError("property `structure_features` is no list")
    for feature in features:
        if isinstance(feature, str) and feature in _UNUSABLE_FEATURES:
            raise ValueError(_UNUSABLE_FEATURES[feature])
    sites, positions = attributes["species_at_sites"], attributes["cartesian_site_positions"]
    stated = _count(attributes.get("nsites"))
    if len(positions) != len(sites) or stated not in (None, len(sites)):
        also = "" if stated is None else f"; `nsites` is {stated}"
        raise ValueError(
            f"`cartesian_site_positions` has {len(positions)} and `species_at_sites` {len(sites)} "
            f"sites{also}"
        )
    symbols = _symbols(attributes["species"])
    species = []
    for number, label in enumerate(sites, start=1):
        if not isinstance(label, str) or label not in symbols:
            raise ValueError(f"site {number} holds {label!r}, which is none of its species")
        element, problem = symbols[label]
        if problem:
            raise ValueError(f"{problem}: site {number} holds {label!r}")
        species.append(element)
    # Checked as if they were in units of the cell vectors, which are not known to be sound yet.
    try:
        cartesian = crystal_from_record(
            {
                **metadata,
                "id": name,
                "lattice": attributes["lattice_vectors"],
                "species": species,
                "frac_coords": positions,
            }
        )
    except ValueError as error:
        reason = str(error).replace("`lattice`", "`lattice_vectors`")
        reason = reason.replace("`frac_coords`", "`cartesian_site_positions`")
        raise ValueError(reason) from None
    return replace(cartesian, frac_coords=cartesian.frac_coords @ np.linalg.inv(cartesian.lattice))


def _check_periodic(attributes: dict[str, Any]) -> None:
    """Raise ValueError for what the provider says is periodic in fewer than three directions."""
    for key, crystalline in (("dimension_types", [1, 1, 1]), ("nperiodic_dimensions", 3)):
        if attributes.get(key) not in (None, crystalline):
            raise ValueError(f"not periodic in three directions: `{key}` is {attributes[key]}")


def _symbols(species: list[Any]) -> dict[str, tuple[str, str]]:
    """Return the element of each species by its name, and why it is not just that one, if so."""
    symbols: dict[str, tuple[str, str]] = {}
    try:
        for kind in species:
            elements, shares = kind["chemical_symbols"], kind["concentration"]
            parts = ", ".join(
                f"{element} {share:g}" for element, share in zip(elements, shares, strict=True)
            )
            problem = ""
            if len(elements) > 1 or not abs(shares[0] - 1) <= _OCCUPANCY_TOLERANCE:
                problem = f"partial occupancy ({parts})"
            elif elements[0] in _NO_ELEMENTS:
                problem = _NO_ELEMENTS[elements[0]]
            elif kind.get("attached"):
                problem = "atoms without a position are attached"
            if kind["name"] in symbols:
                raise ValueError
            symbols[kind["name"]] = elements[0], problem
    except (KeyError, TypeError, ValueError, IndexError, OverflowError):
        raise ValueError("property `species` is not as OPTIMADE defines it") from None
    return symbols
