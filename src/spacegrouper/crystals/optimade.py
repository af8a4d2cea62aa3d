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
from urllib.parse import quote, urlencode, urljoin, urlsplit

import numpy as np
from pymatgen.ext.optimade import OptimadeRester

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.json_lines import crystal_from_record
from spacegrouper.crystals.partial_download import PartialDownload
from spacegrouper.crystals.patient_session import PatientSession
from spacegrouper.errors import UserError
from spacegrouper.settings import OptimadeSource

log = logging.getLogger(__name__)

_STAGE = "acquire"
_OCCUPANCY_TOLERANCE = 1e-3
_NEEDED = (
    "lattice_vectors",
    "cartesian_site_positions",
    "species",
    "species_at_sites",
)
_ASKED = (*_NEEDED, "dimension_types", "structure_features")
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
    Rejections, and so do those that the provider lists twice. Where the number of entries changes
    in between, the ids are listed once more and entries that slipped from one page to another are
    fetched one by one; those that are gone become Rejections.

    `part` holds what an earlier call fetched of the same query, which is not fetched again; after
    the last entry its `known()` has `database`, `database_version`, `licence` and `queried`, as far
    as the provider states them. Raises UserError for an unknown provider, a filter it does not
    accept, no network, and when the database version changes while it is read.
    """
    session = PatientSession(source.attempts)
    base = _base_url(source.provider)
    query = {"base": base, **source.model_dump(mode="json", exclude={"attempts", "provider"})}
    known = part.resume(query)
    if known is None:
        known = _database(session, base)
        part.begin(query, known)
    seen: set[str] = set()
    totals: set[int] = set()
    for page in _pages(session, base, source, part, known["database_version"]):
        if page["total"] is not None:
            totals.add(page["total"])
        for entry in page["entries"]:
            name = _id(entry)
            if name in seen:
                yield Rejection(name, _STAGE, "listed twice by the provider")
            else:
                seen.add(name)
                yield _record(name, entry, source)
    if totals and totals != {len(seen)}:
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
    attributes = (answer.get("data") or {}).get("attributes") or {}
    provider = (answer.get("meta") or {}).get("provider") or {}
    licence = attributes.get("license")
    return {
        "database": provider.get("name"),
        "database_version": _version(answer),
        "licence": attributes.get("available_licenses")
        or (licence.get("href") if isinstance(licence, dict) else licence),
        "queried": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _version(answer: dict[str, Any]) -> str | None:
    database = (answer.get("meta") or {}).get("database") or {}
    return database.get("version")


def _pages(
    session: PatientSession,
    base: str,
    source: OptimadeSource,
    part: PartialDownload,
    version: str | None,
) -> Iterator[dict[str, Any]]:
    """Yield `entries`, `total` and `next` of each page, first those fetched before."""
    url: str | None = _first_url(base, source, [*_ASKED, *source.fields])
    for page in part.pages():
        yield page
        url = page["next"]
    for answer in _answers(session, url):
        version = version or _version(answer)
        if (now := _version(answer) or version) != version:
            part.discard()
            raise UserError(
                f"{base}: the database changed from version {version} to {now} while it was read; "
                "run again: the download starts anew"
            )
        page = {
            "entries": _entries(answer),
            "total": (answer.get("meta") or {}).get("data_returned"),
            "next": answer["next"],
        }
        part.add(page)
        yield page


def _answers(session: PatientSession, url: str | None) -> Iterator[dict[str, Any]]:
    """Yield the answer at a URL and all that follow it; `next` is the URL of the next one."""
    asked: set[str] = set()
    while url is not None:
        if url in asked:
            raise UserError(f"{url}: this page leads back to itself; tell the provider")
        asked.add(url)
        answer = _get(session, url)
        following = (answer.get("links") or {}).get("next")
        if isinstance(following, dict):
            following = following.get("href")
        answer["next"] = urljoin(url, following) if following else None
        yield answer
        url = answer["next"]


def _first_url(base: str, source: OptimadeSource, fields: list[str]) -> str:
    options = {"response_fields": ",".join(fields)}
    if source.filter:
        options["filter"] = source.filter
    if source.page_size:
        options["page_limit"] = str(source.page_size)
    return f"{base}/structures?{urlencode(options, quote_via=quote)}"


def _entries(answer: dict[str, Any]) -> list[dict[str, Any]]:
    entries = answer.get("data")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UserError(
            "the answer is no list of entries, as OPTIMADE's would be; check `acquire.provider`"
        )
    return entries


def _get(session: PatientSession, url: str, absent: bool = False) -> dict[str, Any]:
    """Ask for JSON; with `absent`, an address that does not exist gives an empty answer."""
    response = session.get(url)
    if absent and response.status_code in (404, 410):
        return {}
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if response.ok and isinstance(answer, dict):
        return answer
    errors = answer.get("errors") if isinstance(answer, dict) else None
    details = "; ".join(
        str(error.get("detail") or error.get("title"))
        for error in errors or []
        if isinstance(error, dict)
    )
    says = " ".join(details.split()) or ("no JSON" if response.ok else "no reason given")
    raise UserError(
        f"{url.split('?')[0]}: HTTP status {response.status_code}: {says}; check "
        "`acquire.provider` and `acquire.filter`"
    )


def _slipped(
    session: PatientSession, base: str, source: OptimadeSource, seen: set[str]
) -> Iterator[Crystal | Rejection]:
    """Fetch one by one what the pages should have held, but did not."""
    listed: dict[str, None] = {}
    for answer in _answers(session, _first_url(base, source, ["id"])):
        listed.update((_id(entry), None) for entry in _entries(answer))
    gone = sorted(seen - listed.keys())
    log.warning(
        "%s: its list of entries changed while it was read: %d had slipped between pages, %d were "
        "withdrawn after they had been fetched%s",
        base,
        len(listed.keys() - seen),
        len(gone),
        f", the first: {gone[0]}" if gone else "",
    )
    fields = urlencode({"response_fields": ",".join([*_ASKED, *source.fields])}, quote_via=quote)
    for name in listed:
        if name in seen:
            continue
        answer = _get(session, f"{base}/structures/{quote(name, safe='')}?{fields}", absent=True)
        if answer.get("data"):
            yield _record(name, answer["data"], source)
        else:
            yield Rejection(name, _STAGE, "withdrawn by the provider during the download")


def _id(entry: dict[str, Any]) -> str:
    return str(entry.get("id"))


def _record(name: str, entry: dict[str, Any], source: OptimadeSource) -> Crystal | Rejection:
    attributes = entry.get("attributes") or {}
    try:
        return _crystal(name, attributes, {field: attributes.get(field) for field in source.fields})
    except ValueError as error:
        return Rejection(name, _STAGE, str(error))


def _crystal(name: str, attributes: dict[str, Any], metadata: dict[str, Any]) -> Crystal:
    for key in _NEEDED:
        if not attributes.get(key):
            raise ValueError(f"property `{key}` is missing")
    for feature in attributes.get("structure_features") or []:
        if feature in _UNUSABLE_FEATURES:
            raise ValueError(_UNUSABLE_FEATURES[feature])
    if attributes.get("dimension_types") not in (None, [1, 1, 1]):
        raise ValueError(f"not periodic in three directions: {attributes['dimension_types']}")
    symbols = _symbols(attributes["species"])
    species = []
    for number, label in enumerate(attributes["species_at_sites"], start=1):
        if label not in symbols:
            raise ValueError(f"site {number} holds {label!r}, which is none of its species")
        if not isinstance(symbols[label], str):
            raise ValueError(f"partial occupancy: site {number} holds {label!r}")
        species.append(symbols[label])
    # Checked as if they were in units of the cell vectors, which are not known to be sound yet.
    cartesian = crystal_from_record(
        {
            **metadata,
            "id": name,
            "lattice": attributes["lattice_vectors"],
            "species": species,
            "frac_coords": attributes["cartesian_site_positions"],
        }
    )
    return replace(cartesian, frac_coords=cartesian.frac_coords @ np.linalg.inv(cartesian.lattice))


def _symbols(species: Any) -> dict[str, str | None]:
    """Return the element of each species by its name; None for one that is not just one element."""
    symbols: dict[str, str | None] = {}
    try:
        for kind in species:
            elements = kind["chemical_symbols"]
            shares = kind["concentration"]
            whole = len(elements) == 1 and abs(shares[0] - 1) <= _OCCUPANCY_TOLERANCE
            ordered = whole and elements[0] not in ("X", "vacancy") and not kind.get("attached")
            symbols[kind["name"]] = elements[0] if ordered else None
    except (KeyError, TypeError, IndexError):
        raise ValueError("property `species` is not as OPTIMADE defines it") from None
    return symbols
