import gzip
import json

import numpy as np
import pytest
from pymatgen.ext.optimade import OptimadeRester
from web_services import CUT, HANG_UP, Optimade

from spacegrouper.crystals import patient_session
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.optimade import read_optimade
from spacegrouper.crystals.partial_download import PartialDownload
from spacegrouper.crystals.sources.optimade import OptimadeSource
from spacegrouper.errors import UserError


def species(name, *symbols, **other):
    shares = [1 / len(symbols)] * len(symbols)
    return {"name": name, "chemical_symbols": list(symbols), "concentration": shares, **other}


def entry(name, **attributes):
    # An oblique cell, and species whose names are no elements and in another order than the sites.
    return {
        "id": name,
        "attributes": {
            "lattice_vectors": [[4, 0, 0], [2, 4, 0], [0, 1, 5]],
            "cartesian_site_positions": [[0, 0, 0], [3, 2.5, 2.5], [1, 2, 0]],
            "species": [species("Cl1", "Cl"), species("Cs1", "Cs"), species("O", "O")],
            "species_at_sites": ["Cs1", "Cl1", "O"],
            "dimension_types": [1, 1, 1],
            "structure_features": [],
            "_loop_price": 7,
            **attributes,
        },
    }


NAMES = [f"loop-{number}" for number in range(8)]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(patient_session, "back_off", lambda _: 0.0)


@pytest.fixture
def service():
    with Optimade([entry(name) for name in NAMES]) as running:
        yield running


@pytest.fixture
def part(tmp_path):
    return PartialDownload(tmp_path / "part")


def read(service, part, **settings):
    options = {"source": "optimade", "provider": service.address} | settings
    return list(read_optimade(OptimadeSource(**options), part))


def ids(records):
    return [record.id for record in records if isinstance(record, Crystal)]


def rejected(records):
    return {record.id: record.reason for record in records if isinstance(record, Rejection)}


def test_all_pages_are_read(service, part):
    records = read(service, part, filter="nelements<=9", fields=["_loop_price"])
    assert ids(records) == NAMES
    assert records[0].species == ("Cs", "Cl", "O")
    expected = [[0, 0, 0], [0.5, 0.5, 0.5], [0, 0.5, 0]]
    np.testing.assert_allclose(records[0].frac_coords, expected, atol=1e-12)
    assert records[0].metadata == {"_loop_price": 7}
    assert len(service.requests) == 3
    known = part.known()
    assert (known["database"], known["database_version"]) == ("Crystals of loopback", "2025-11")
    assert known["licence"] == "https://creativecommons.org/licenses/by/4.0/"


def test_the_size_of_pages_and_the_version_in_the_address(service, part):
    assert len(read(service, part, page_size=8)) == 8
    assert len(service.requests) == 1
    assert len(read(service, part, provider=f"{service.address}/v1/")) == 8


def test_aliases_are_those_of_pymatgen(service, part, monkeypatch):
    monkeypatch.setitem(OptimadeRester.aliases, "loop", service.address)
    assert len(read(service, part, provider="loop")) == 8
    with pytest.raises(UserError, match=r"'lopp' is neither a URL nor an alias .*, oqmd,"):
        read(service, part, provider="lopp")


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"structure_features": ["disorder"]}, "disorder: sites are shared"),
        ({"structure_features": ["assemblies"]}, "disorder: groups"),
        ({"structure_features": ["implicit_atoms"]}, "hydrogens, have no position"),
        ({"structure_features": 5}, "`structure_features` is no list"),
        ({"structure_features": [{}], "species": None}, "`species` is missing"),
        ({"species": [species("Cs1", "Cs", "K"), species("Cl1", "Cl")]}, "site 1 holds 'Cs1'"),
        ({"species": [species("Cs1", "Cs", "vacancy")]}, "partial occupancy (Cs 0.5, vacancy 0.5)"),
        ({"species": [species("Cs1", "X")]}, "an unknown element, X: site 1 holds 'Cs1'"),
        ({"species": [species("Cs1", "vacancy")]}, "a vacancy: site 1 holds 'Cs1'"),
        ({"species": [species("Cs1", "Cs", attached=["H"], nattached=[1])]}, "are attached"),
        ({"species": [species("Cs1", "Cs"), species("Cs1", "K")]}, "not as OPTIMADE defines it"),
        ({"species": [species("K1", "K")]}, "which is none of its species"),
        ({"species": [species("Cs1", "Cs") | {"concentration": [10**400]}]}, "not as OPTIMADE"),
        ({"species": [{"name": "Cs1"}]}, "not as OPTIMADE defines it"),
        ({"species": None}, "property `species` is missing"),
        ({"species_at_sites": None}, "property `species_at_sites` is missing"),
        ({"lattice_vectors": None}, "property `lattice_vectors` is missing"),
        ({"cartesian_site_positions": []}, "property `cartesian_site_positions` is missing"),
        ({"cartesian_site_positions": [[0, 0, None]] * 3}, "must be 3 rows of 3 numbers"),
        ({"cartesian_site_positions": [[0, 0, 0]]}, "has 1 and `species_at_sites` 3 sites"),
        ({"nsites": 4}, "3 sites; `nsites` is 4"),
        ({"dimension_types": [1, 1, 0]}, "not periodic in three directions"),
        ({"dimension_types": [0, 0, 0], "lattice_vectors": None}, "`dimension_types` is [0, 0, 0]"),
        ({"dimension_types": None, "nperiodic_dimensions": 2}, "`nperiodic_dimensions` is 2"),
        ({"lattice_vectors": [[1, 0, 0], [None] * 3, [0, 0, 1]]}, "`lattice_vectors` must be 3"),
        ({"species_at_sites": [["Cs1"], "Cl1", "O"]}, "none of its species"),
    ],
)
def test_what_is_no_ordered_crystal_is_rejected(service, part, attributes, reason):
    service.entries["loop-4"] = entry("loop-4", **attributes)
    records = read(service, part)
    assert reason in rejected(records)["loop-4"]
    assert ids(records) == [name for name in NAMES if name != "loop-4"]


@pytest.mark.parametrize("trouble", [429, 500, 503, CUT, HANG_UP])
def test_trouble_in_the_middle_is_waited_out(service, part, trouble):
    service.troubles = {0: trouble, 2: trouble, 3: trouble}
    assert ids(read(service, part)) == NAMES
    assert len(service.requests) == 3 + 3


def test_a_download_that_breaks_off_goes_on_where_it_was(service, part):
    service.troubles = {2: CUT}
    with pytest.raises(UserError, match="cut in the middle of the answer, at attempt 1 of 1"):
        read(service, part, attempts=1)
    assert ids(read(service, part)) == NAMES
    assert [request.get("page_offset") for request in service.requests] == [None, "3", "6", "6"]


def test_a_part_of_another_query_is_not_used(service, part):
    read(service, part)
    read(service, part)
    assert len(service.requests) == 3
    read(service, part, filter="nelements<=9")
    assert len(service.requests) == 6


def test_entries_that_slip_between_pages_are_fetched_by_name(service, part):
    # The third page then begins with what would have been its second entry.
    service.events = {2: lambda: service.entries.pop("loop-1")}
    assert ids(read(service, part)) == [*NAMES[:6], "loop-7", "loop-6"]


def test_an_entry_withdrawn_while_it_is_looked_for_is_named(service, part):
    service.events = {2: lambda: service.entries.pop("loop-1")}
    inner = service._answer

    def answer(path, parameters, headers):
        status, content = inner(path, parameters, headers)
        if path.endswith("/loop-6"):
            return 404, {"errors": [{"status": "404", "title": "Not Found"}]}
        return status, content

    service._answer = answer
    records = read(service, part)
    assert rejected(records) == {"loop-6": "withdrawn by the provider during the download"}
    assert ids(records) == [*NAMES[:6], "loop-7"]


def test_an_entry_added_between_pages_comes_once(service, part):
    def add():
        service.entries = {"loop-new": entry("loop-new"), **service.entries}

    service.events = {1: add}
    records = read(service, part)
    assert rejected(records) == {"loop-2": "listed twice by the provider"}
    assert sorted(ids(records)) == [*NAMES, "loop-new"]


def test_a_provider_need_not_state_total_and_version(service, part):
    service.states_total, service.version = False, None
    assert ids(read(service, part)) == NAMES
    assert part.known()["database_version"] is None


def test_a_version_that_changes_meanwhile_is_an_error_and_the_next_try_is_whole(service, part):
    service.events = {2: lambda: setattr(service, "version", "2025-12")}
    with pytest.raises(UserError, match="from version 2025-11 to 2025-12 while it was read"):
        read(service, part)
    assert ids(read(service, part)) == NAMES
    assert [request.get("page_offset") for request in service.requests[3:]] == [None, "3", "6"]


def test_pages_that_go_round_in_circles_are_an_error(service, part):
    inner, links = service._answer, []

    def answer(path, parameters, headers):
        status, content = inner(path, parameters, headers)
        if path.endswith("info"):
            return status, content
        if parameters.get("page_offset") == "6":
            content["links"] = {"next": links[-1]}
        elif content["links"]["next"]:
            links.append(content["links"]["next"])
        return status, content

    service._answer = answer
    with pytest.raises(UserError, match="leads back to itself"):
        read(service, part)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"filter": "nelements<<"}, "HTTP status 400: Unable to parse filter; check"),
        ({"provider": "http://127.0.0.1:1", "attempts": 2}, r"127\.0\.0\.1:1: no connection"),
        ({"provider": "ftp://example.org"}, "neither a URL nor an alias"),
    ],
)
def test_a_wrong_filter_or_address_is_one_line(service, part, settings, message):
    with pytest.raises(UserError, match=message) as raised:
        read(service, part, **settings)
    assert "\n" not in str(raised.value)


def test_an_address_that_is_no_database_is_one_line(service, part):
    with pytest.raises(UserError, match="HTTP status 404: Not Found; check"):
        read(service, part, provider=f"{service.address}/elsewhere")


def changed(service, change):
    """Have `change(parameters, content)` alter the answers of the service to lists of entries."""
    inner = service._answer

    def answer(path, parameters, headers):
        status, content = inner(path, parameters, headers)
        if path.endswith("/structures"):
            change(parameters, content)
        return status, content

    service._answer = answer


def test_a_next_link_without_the_fields_and_the_filter_is_completed(service, part):
    def forget(parameters, content):
        start = int(parameters.get("page_offset", 0)) + 3
        if content["links"]["next"]:
            content["links"]["next"] = f"/v1/structures?page_offset={start}"

    changed(service, forget)
    records = read(service, part, filter="nelements<=9", fields=["_loop_price"])
    assert ids(records) == NAMES
    assert records[7].metadata == {"_loop_price": 7}
    assert [request["filter"] for request in service.requests] == ["nelements<=9"] * 3
    assert [request.get("page_offset") for request in service.requests] == [None, "3", "6"]


@pytest.mark.parametrize("field", ["lattice_vectors", "structure_features"])
def test_entries_that_lost_a_property_are_asked_for_one_by_one(service, part, field):
    def lose(parameters, content):
        if "page_offset" in parameters:
            for entry in content["data"]:
                entry["attributes"].pop(field)

    service.entries["loop-4"]["attributes"]["structure_features"] = ["disorder"]
    changed(service, lose)
    records = read(service, part)
    assert ids(records) == [name for name in NAMES if name != "loop-4"]
    assert rejected(records) == {"loop-4": "disorder: sites are shared or partly empty"}


def set_total(number):
    return lambda _, content: content["meta"].update(data_returned=number)


def test_a_list_that_ends_before_the_total_is_an_error(service, part):
    changed(service, set_total(9))
    with pytest.raises(UserError, match="states 9 entries, but its list ends after 8"):
        read(service, part)


def test_the_number_of_all_entries_is_the_total_of_a_list_without_a_filter(service, part):
    service.states_total = False

    def available(_, content):
        content["meta"].pop("more_data_available")
        content["meta"]["data_available"] = 9

    changed(service, available)
    with pytest.raises(UserError, match="states 9 entries, but its list ends after 8"):
        read(service, part)
    assert ids(read(service, part, filter="nelements<=9")) == NAMES


def test_a_list_that_is_said_to_go_on_but_does_not_is_an_error(service, part):
    changed(service, lambda _, content: content["meta"].update(more_data_available=True))
    with pytest.raises(UserError, match=r"after 8 entries there is no link .* more follow"):
        read(service, part)


@pytest.mark.parametrize("total", [lambda data: len(data), lambda data: 3, lambda data: 8])
def test_totals_that_are_of_the_page_give_no_alarm(service, part, caplog, total):
    def count(_, content):
        content["meta"].update(data_returned=total(content["data"]), data_available=1000)

    changed(service, count)
    assert ids(read(service, part)) == NAMES
    assert len(service.requests) == 3
    assert caplog.messages == []


def test_an_empty_page_in_the_middle_is_no_end(service, part):
    def empty(parameters, content):
        if parameters.get("page_offset", "0") == "3" and "once" not in parameters:
            content["links"]["next"] = f"{service.address}/v1/structures?page_offset=3&once=1"
            content["data"] = []

    changed(service, empty)
    assert ids(read(service, part)) == NAMES


@pytest.mark.parametrize("kept", [0, 3])
def test_pages_without_an_end_are_an_error(service, part, kept):
    def on_and_on(parameters, content):
        place = int(parameters.get("more", 0)) + 1
        content["links"] = {"next": f"{service.address}/v1/structures?more={place}"}
        content["data"] = content["data"][:kept]
        content["meta"]["more_data_available"] = None

    changed(service, on_and_on)
    with pytest.raises(UserError, match="none has an entry that is new"):
        read(service, part)


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ("http://example.org/v1/structures", "at another address, http://example.org; if it"),
        ("file:///etc/passwd", "at another address"),
        (7, "is no text"),
    ],
)
def test_a_next_link_to_elsewhere_is_not_followed(service, part, link, message):
    changed(service, lambda _, content: content["links"].update(next=link))
    with pytest.raises(UserError, match=message):
        read(service, part)


def test_errors_with_status_200_and_other_kinds_of_answers_are_one_line(service, part):
    service.troubles = {1: 200}
    with pytest.raises(UserError, match="the answer is no list of entries"):
        read(service, part)

    def fail(parameters, content):
        if parameters.get("page_offset") == "3":
            content.update(errors=[{"detail": "out of\nmemory"}], meta=None, links=[])

    changed(service, fail)
    with pytest.raises(UserError, match="HTTP status 200: out of memory"):
        read(service, part)


@pytest.mark.parametrize("name", [None, "", "a\0b", "\ud800", True, "x" * 300])
def test_an_entry_without_an_id_that_can_be_kept_is_rejected(service, part, name):
    changed(service, lambda _, content: content["data"][0].update(id=name))
    service.page_limit = 8
    (reason,) = rejected(read(service, part)).values()
    assert reason.startswith("`id` ")


HTML = b"<html>Down for maintenance</html>"


@pytest.mark.parametrize(
    ("headers", "change", "message"),
    [
        ({"Content-Type": "text/html"}, lambda body: HTML, "no JSON object, but text/html; check"),
        ({"Content-Type": "application/json"}, lambda body: HTML, "the answer is cut short"),
        ({"Content-Type": "application/json"}, lambda body: body[:-1], "the answer is cut short"),
        ({"Content-Type": "application/json"}, lambda body: b"[" * 10**5, "no JSON object"),
        ({"Content-Type": "application/json"}, lambda body: b"[1]", "no JSON object"),
        (
            {"Content-Type": "application/json", "Content-Encoding": "gzip"},
            lambda body: gzip.compress(body)[:-40],
            "the answer is cut short",
        ),
        (
            {"Content-Type": "application/json", "Content-Encoding": "gzip"},
            lambda body: body,
            "cut in the middle",
        ),
        ({"Content-Length": "99999"}, lambda body: body, "cut in the middle of the answer"),
    ],
)
def test_an_answer_that_is_spoilt_on_its_way_loses_nothing(
    service, part, monkeypatch, headers, change, message
):
    spoilt = [True]
    whole = service.respond

    def respond(request):
        if not spoilt or "page_offset=3" not in request.path:
            whole(request)
            return
        body = change(json.dumps({"data": [], "links": {}, "meta": {}}).encode())
        request.send_response(200)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)
        request.close_connection = True

    monkeypatch.setattr(service, "respond", respond)
    with pytest.raises(UserError, match=message) as raised:
        read(service, part, attempts=2)
    assert "\n" not in str(raised.value)
    spoilt.clear()
    before = len(service.requests)
    assert ids(read(service, part)) == NAMES
    assert len(service.requests) == before + 2  # not the first page again
