"""What an OPTIMADE service is asked, and the checks that its answers and links go through."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urljoin, urlsplit

from pymatgen.ext.optimade import OptimadeRester

from spacegrouper.crystals.optimade_entries import ASKED, id_of, json_object
from spacegrouper.crystals.patient_session import PatientSession
from spacegrouper.crystals.sources.optimade import OptimadeSource
from spacegrouper.errors import UserError

_EMPTY_PAGES = 20  # one after the other, before the list is taken to be without an end


class OptimadeService:
    """A provider's interface, at its versioned `base` URL; `first_url` begins the list of entries.

    Raises:
        UserError: an address that is none, no network, or an answer that is not as OPTIMADE's are.
    """

    def __init__(self, source: OptimadeSource) -> None:
        self.source = source
        self.base = _base_url(source.provider)
        self._fields = [*ASKED, *source.fields]
        self.first_url = self.url_of_list(self._fields)
        self._session = PatientSession(source.attempts)

    def url_of_list(self, fields: Sequence[str]) -> str:
        """Return the URL of the first page of the list of entries with these properties."""
        options = {"response_fields": ",".join(fields)}
        if self.source.filter:
            options["filter"] = self.source.filter
        if self.source.page_size:
            options["page_limit"] = str(self.source.page_size)
        return f"{self.base}/structures?{urlencode(options, quote_via=quote)}"

    def description(self) -> dict[str, Any]:
        """Return what the provider says of its database, and the time."""
        answer = self._get(f"{self.base}/info")
        attributes = json_object(json_object(answer.get("data")).get("attributes"))
        licence = attributes.get("license")
        return {
            "database": json_object(answer["meta"].get("provider")).get("name"),
            "database_version": database_version(answer),
            "licence": attributes.get("available_licenses")
            or (licence.get("href") if isinstance(licence, dict) else licence),
            "queried": datetime.now(UTC).isoformat(timespec="seconds"),
        }

    def entry(self, name: str) -> dict[str, Any] | None:
        """Return one entry; None if the provider does not have it."""
        fields = urlencode({"response_fields": ",".join(self._fields)}, quote_via=quote)
        url = f"{self.base}/structures/{quote(name, safe='')}?{fields}"
        entry = self._get(url, absent=True).get("data")
        return entry if isinstance(entry, dict) and id_of(entry) == name else None

    def answers(self, url: str | None, first: str) -> Iterator[dict[str, Any]]:
        """Yield the answer at a URL and all that follow it; `next` is the URL of the next one.

        `first` is the URL that the list begins with.

        Raises:
            UserError: the list is said to go on but does not, or has no end.
        """
        asked: set[str] = set()
        seen: set[str] = set()
        in_vain = 0
        while url is not None:
            if url in asked:
                raise UserError(f"{url}: this page leads back to itself; tell the provider")
            asked.add(url)
            answer = self._get(url)
            names = {id_of(entry) for entry in _entries(answer, url)}
            more = answer["meta"].get("more_data_available")
            following = _following(answer, url, first)
            if following is None and more is True:
                raise UserError(
                    f"{url.split('?')[0]}: after {len(seen | names)} entries there is no link to "
                    "the next page, but the provider says that more follow; nothing is made of a "
                    "part; tell the provider"
                )
            if not names and more is False:
                following = None
            in_vain = 0 if names - seen else in_vain + 1
            if in_vain == _EMPTY_PAGES or (in_vain > 1 and names):
                raise UserError(
                    f"{url}: page follows page, but none has an entry that is new; tell the "
                    "provider"
                )
            seen |= names
            answer["next"] = url = following
            yield answer

    def _get(self, url: str, absent: bool = False) -> dict[str, Any]:
        """Ask for JSON; with `absent`, an address that does not exist gives an empty answer.

        The answer has the key `meta`, and `address`, the URL after redirections.
        """
        response = self._session.get(url)
        if absent and response.status_code in (404, 410):
            return {}
        try:
            answer = response.json()
        except (ValueError, RecursionError):
            answer = None
        errors = answer.get("errors") if isinstance(answer, dict) else None
        if response.ok and isinstance(answer, dict) and not errors:
            return answer | {"address": response.url, "meta": json_object(answer.get("meta"))}
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
            "`acquire.provider` and `acquire.filter`, or run again later: what has been fetched is "
            "kept"
        )


def database_version(answer: dict[str, Any]) -> str | None:
    """Return the version of the database that an answer states, if it does."""
    version = json_object(answer["meta"].get("database")).get("version")
    return None if version is None else str(version)


def _base_url(provider: str) -> str:
    """Return the versioned base URL of a provider given by its alias or by its URL."""
    address = OptimadeRester.aliases.get(provider, provider).rstrip("/")
    if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).netloc:
        raise UserError(
            f"`acquire.provider`: {provider!r} is neither a URL nor an alias that pymatgen knows: "
            f"{', '.join(sorted(OptimadeRester.aliases))}"
        )
    return address if re.fullmatch(r"v\d+(\.\d+)*", address.rsplit("/", 1)[1]) else f"{address}/v1"


def _entries(answer: dict[str, Any], url: str) -> list[dict[str, Any]]:
    entries = answer.get("data")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UserError(
            f"{url.split('?')[0]}: the answer is no list of entries, as OPTIMADE's would be; check "
            "`acquire.provider`"
        )
    return entries


def _following(answer: dict[str, Any], url: str, first: str) -> str | None:
    """Return the URL of the next page, on the same host and with all that was asked for at first.

    Providers forget to repeat `response_fields` or `filter` in the link, and proxies that speak
    HTTPS for them are not known to those that write it.
    """
    link = json_object(answer.get("links")).get("next")
    if isinstance(link, dict):
        link = link.get("href")
    if not link:
        return None
    if not isinstance(link, str):
        raise UserError(f"{url}: its link to the next page is no text; tell the provider")
    here = urlsplit(answer["address"])
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
