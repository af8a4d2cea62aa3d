import numpy as np
import pytest
from pymatgen.ext.optimade import OptimadeRester
from web_services import CUT, HANG_UP, Optimade

from spacegrouper.crystals import patient_session
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.optimade import read_optimade
from spacegrouper.crystals.partial_download import PartialDownload
from spacegrouper.errors import UserError
from spacegrouper.settings import OptimadeSource


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
        ({"species": [species("Cs1", "Cs", "K"), species("Cl1", "Cl")]}, "site 1 holds 'Cs1'"),
        ({"species": [species("Cs1", "Cs", "vacancy")]}, "partial occupancy"),
        ({"species": [species("Cs1", "X")]}, "partial occupancy"),
        ({"species": [species("Cs1", "Cs", attached=["H"], nattached=[1])]}, "partial occupancy"),
        ({"species": [species("K1", "K")]}, "which is none of its species"),
        ({"species": [{"name": "Cs1"}]}, "not as OPTIMADE defines it"),
        ({"species": None}, "property `species` is missing"),
        ({"species_at_sites": None}, "property `species_at_sites` is missing"),
        ({"lattice_vectors": None}, "property `lattice_vectors` is missing"),
        ({"cartesian_site_positions": []}, "property `cartesian_site_positions` is missing"),
        ({"cartesian_site_positions": [[0, 0, None]] * 3}, "must be 3 rows of 3 numbers"),
        ({"cartesian_site_positions": [[0, 0, 0]]}, "must be 3 rows of 3 numbers"),
        ({"dimension_types": [1, 1, 0]}, "not periodic in three directions"),
        ({"lattice_vectors": [[1, 0, 0], [None] * 3, [0, 0, 1]]}, "`lattice` must be 3 rows"),
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
