import json
from copy import deepcopy

import numpy as np
import pytest
from mp_api.client.core.settings import MAPI_CLIENT_SETTINGS
from mp_api.client.routes.materials.summary import SummaryRester
from pymatgen.core import Lattice, Structure
from web_services import CUT, HANG_UP, KEY, MaterialsProject

from spacegrouper.crystals import materials_project, patient_session
from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.materials_project import read_materials_project
from spacegrouper.crystals.partial_download import PartialDownload
from spacegrouper.crystals.sources.materials_project import MaterialsProjectSource
from spacegrouper.errors import UserError

STRUCTURE = Structure(Lattice.cubic(4), ["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]).as_dict()


def entry(number, deprecated=False, licence="BY-C", **other):
    return {
        "material_id": f"mp-{number}",
        "structure": deepcopy(STRUCTURE),
        "deprecated": deprecated,
        "builder_meta": {
            "license": licence,
            "batch_id": "gnome_r2scan_statics" if licence == "BY-NC" else None,
            "database_version": "2025.09.25",
        },
        "symmetry": {"crystal_system": "Cubic"},
        "nelements": 2,
        "energy_above_hull": number / 100,
        **other,
    }


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setenv("MP_API_KEY", KEY)
    monkeypatch.setattr(patient_session, "back_off", lambda _: 0.0)
    monkeypatch.setattr(materials_project, "back_off", lambda _: 0.0)
    # mp-api makes a JSON schema of all fields to see whether it has each of those asked for.
    fields = list(SummaryRester.document_model.model_fields)
    monkeypatch.setattr(SummaryRester, "available_fields", fields)
    monkeypatch.setattr(materials_project, "_IDS_IN_A_PAGE", 4)
    monkeypatch.setattr(materials_project, "_ENTRIES_IN_A_BATCH", 3)


@pytest.fixture
def service(monkeypatch):
    with MaterialsProject([entry(number) for number in range(3, 13)]) as running:
        monkeypatch.setattr(MAPI_CLIENT_SETTINGS, "ENDPOINT", running.address)
        yield running


@pytest.fixture
def part(tmp_path):
    return PartialDownload(tmp_path / "part")


def read(part, **settings):
    source = MaterialsProjectSource(source="materials_project", **settings)
    return list(read_materials_project(source, part))


def ids(records):
    return [record.id for record in records if isinstance(record, Crystal)]


def rejected(records):
    return {record.id: record.reason for record in records if isinstance(record, Rejection)}


ALL = [f"mp-{number}" for number in range(3, 13)]


def test_all_pages_are_read_and_sorted_by_number(service, part):
    records = read(part, fields=["energy_above_hull"])
    assert ids(records) == ALL
    first = records[0]
    np.testing.assert_array_equal(first.lattice, 4 * np.eye(3))
    assert first.species == ("Cs", "Cl")
    np.testing.assert_array_equal(first.frac_coords, [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert first.metadata == {"energy_above_hull": 0.03, "licence": "CC BY 4.0"}
    known = part.known()
    assert known["database_version"] == "2025.09.25"
    assert known["licence"] == "CC BY 4.0"
    assert known["queried"].endswith("+00:00")


def test_more_ids_than_the_api_gives_by_default_come_in_one_batch(service, part, monkeypatch):
    monkeypatch.setattr(materials_project, "_IDS_IN_A_PAGE", 1000)
    monkeypatch.setattr(materials_project, "_ENTRIES_IN_A_BATCH", 400)
    service.entries = {f"mp-{number}": entry(number) for number in range(1, 502)}
    records = read(part)
    assert len(ids(records)) == 501
    assert len(service.requests) == 3


def test_filters_are_those_of_mp_api(service, part):
    assert ids(read(part, filters={"energy_above_hull": [0.05, 0.07]})) == ALL[2:5]
    assert ids(read(part, filters={"material_ids": ALL[:5]})) == ALL[:5]
    assert ids(read(part, filters={"crystal_system": ["Cubic", "Hexagonal"]})) == ALL


def test_deprecated_and_non_commercial_entries_are_left_out_unless_asked_for(service, part):
    service.entries["mp-20"] = entry(20, deprecated=True)
    service.entries["mp-21"] = entry(21, licence="BY-NC")
    service.entries["mp-22"] = entry(22, licence=None)
    service.entries["mp-23"] = entry(23, builder_meta=None)
    assert ids(read(part)) == [*ALL, "mp-22", "mp-23"]
    records = read(part, deprecated=True, non_commercial=True)
    assert ids(records) == [*ALL, "mp-21", "mp-22", "mp-23", "mp-20"]
    assert part.known()["licence"] == "CC BY 4.0; CC BY-NC 4.0 where `licence` says so"
    by_id = {record.id: record.metadata for record in records}
    assert by_id["mp-21"] == {"licence": "CC BY-NC 4.0"}
    assert by_id["mp-22"] == {}


def test_a_non_commercial_entry_that_the_service_gives_all_the_same_is_rejected(service, part):
    service.entries["mp-5"]["builder_meta"] = {"license": "BY-NC", "batch_id": "another"}
    assert rejected(read(part)) == {"mp-5": "its licence, CC BY-NC 4.0, is non-commercial"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda structure: structure["sites"][0]["species"][0].update(occu=0.5), "Cs 0.5"),
        (
            lambda structure: structure["sites"][1]["species"].append({"element": "I", "occu": 0}),
            "partial occupancy: site 2 holds Cl 1, I 0",
        ),
        (lambda structure: structure.clear(), "it has no structure"),
        (lambda structure: structure.pop("sites"), "sites"),
        (lambda structure: structure["lattice"].update(matrix=[[0] * 3] * 3), "no volume"),
        (lambda structure: structure["sites"][1].update(abc=[0.5, None, 0]), "site 2: `abc`"),
    ],
)
def test_a_structure_that_is_no_ordered_crystal_is_rejected(service, part, change, reason):
    change(service.entries["mp-7"]["structure"])
    records = read(part)
    assert reason in rejected(records)["mp-7"]
    assert len(ids(records)) == 9


@pytest.mark.parametrize("trouble", [429, 500, 503, CUT, HANG_UP])
def test_trouble_in_the_middle_is_waited_out(service, part, trouble):
    service.troubles = {1: trouble, 3: trouble, 5: trouble, 6: trouble}
    assert ids(read(part)) == ALL
    assert len(service.requests) == 3 + 4 + 4  # pages of ids, batches, in vain


def test_an_entry_withdrawn_after_the_listing_is_named(service, part):
    service.events = {4: lambda: service.entries.pop("mp-4") and service.entries.pop("mp-9")}
    records = read(part)
    assert rejected(records) == {
        "mp-9": "withdrawn or deprecated by the Materials Project during the download"
    }
    assert ids(records) == [name for name in ALL if name != "mp-9"]


def test_an_entry_deprecated_after_the_listing_is_named(service, part):
    service.events = {4: lambda: service.entries["mp-9"].update(deprecated=True)}
    assert list(rejected(read(part))) == ["mp-9"]


def test_an_entry_withdrawn_between_pages_of_the_listing_hides_no_other(service, part):
    # Without it, the fifth entry of the first listing would be the last of its first page.
    service.events = {1: lambda: service.entries.pop("mp-10")}
    assert ids(read(part)) == [name for name in ALL if name != "mp-10"]


def test_a_list_that_never_stands_still_is_one_line(service, part):
    service.events = {
        number: lambda number=number: service.entries.update({f"mp-{number}0": entry(number)})
        for number in range(20)
    }
    with pytest.raises(UserError, match=r"list of entries changed .* in each of 3 attempts"):
        read(part)


def test_a_download_that_breaks_off_goes_on_where_it_was(service, part):
    service.troubles = {5: 503}
    with pytest.raises(UserError, match="HTTP status 503, at attempt 1 of 1"):
        read(part, attempts=1)
    before = len(service.requests)
    assert ids(read(part)) == ALL
    assert before == 6
    asked = [request["material_ids"] for request in service.requests[before:]]
    assert asked == ["mp-9,mp-10,mp-11", "mp-12"]


def test_a_reader_that_stops_has_lost_nothing(service, part):
    source = MaterialsProjectSource(source="materials_project")
    records = read_materials_project(source, part)
    for _ in range(4):
        next(records)
    records.close()
    before = len(service.requests)
    assert ids(read(part)) == ALL
    assert len(service.requests) == before + 2


def test_a_part_of_another_query_or_version_is_not_used(service, part):
    read(part)
    number = len(service.requests)
    read(part)
    assert len(service.requests) == number
    assert ids(read(part, filters={"energy_above_hull": [0, 0.04]})) == ALL[:2]
    larger = Structure(Lattice.cubic(5), ["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    service.entries["mp-3"]["structure"] = larger.as_dict()
    assert read(part, filters={"energy_above_hull": [0, 0.04]})[0].lattice[0, 0] == 4
    service.version = "2025.10.01"
    assert read(part, filters={"energy_above_hull": [0, 0.04]})[0].lattice[0, 0] == 5
    assert part.known()["database_version"] == "2025.10.01"


def test_a_version_that_changes_meanwhile_is_an_error_and_the_next_try_is_whole(service, part):
    service.events = {5: lambda: setattr(service, "version", "2025.10.01")}
    with pytest.raises(UserError, match=r"from version 2025\.09\.25 to 2025\.10\.01 .* run again"):
        read(part)
    assert ids(read(part)) == ALL
    assert part.known()["database_version"] == "2025.10.01"


def test_names_of_letters_are_those_of_numbers(service, part):
    # What the API is moving to: mp-aaaaaf is mp-5.
    service.entries["mp-5"]["material_id"] = "mp-aaaaaf"
    service.entries["mp-aaaaaf"] = service.entries.pop("mp-5")
    records = read(part, filters={"energy_above_hull": [0, 0.06]})
    assert "mp-5" in [record.id for record in records]


def test_the_key_is_written_nowhere(service, part, caplog):
    service.troubles = {1: 429, 2: CUT, 4: 500}
    caplog.set_level("DEBUG", logger="spacegrouper")
    read(part)
    assert "asking again" in caplog.text
    assert KEY not in caplog.text
    assert KEY not in (part.folder / "download.json").read_text()
    assert KEY not in json.dumps(list(part.pages()))


@pytest.mark.parametrize("refusal", [401, 403])
def test_a_wrong_key_is_one_line(service, part, monkeypatch, refusal):
    wrong = "w" * 32
    monkeypatch.setenv("MP_API_KEY", wrong)
    service.refusal = refusal
    with pytest.raises(UserError, match="does not accept the API key") as raised:
        read(part)
    assert "\n" not in str(raised.value)
    assert wrong not in str(raised.value)
    assert len(service.requests) == 1


def test_no_key_and_no_real_one(service, part, monkeypatch):
    monkeypatch.setenv("MP_API_KEY", "too-short")
    with pytest.raises(UserError, match="must have 32 characters") as raised:
        read(part)
    assert "too-short" not in str(raised.value)
    monkeypatch.delenv("MP_API_KEY")
    monkeypatch.setattr("pymatgen.core.SETTINGS", {})
    with pytest.raises(UserError, match="no Materials Project API key: set MP_API_KEY"):
        read(part)
    monkeypatch.setattr("pymatgen.core.SETTINGS", {"PMG_MAPI_KEY": KEY})
    assert ids(read(part)) == ALL


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"filters": {"num_element": [1, 2]}}, "no `num_element`; the nearest is `num_elements`"),
        ({"filters": {"fields": ["structure"]}}, "no `fields`"),
        ({"fields": ["energy_over_hull"]}, "nearest is `energy_above_hull`"),
    ],
)
def test_an_unknown_filter_or_field_is_one_line(service, part, settings, message):
    with pytest.raises(UserError, match=message):
        read(part, **settings)
    assert service.requests == []


def test_a_query_that_the_service_refuses_is_one_line(service, part):
    service.troubles = {0: 400}
    with pytest.raises(UserError, match=r"does not answer the query: .*; check") as raised:
        read(part)
    assert "\n" not in str(raised.value)


def test_no_network_and_another_service_are_one_line(part, monkeypatch):
    monkeypatch.setattr(MAPI_CLIENT_SETTINGS, "ENDPOINT", "http://127.0.0.1:1/")
    with pytest.raises(UserError, match=r"127\.0\.0\.1:1: no connection"):
        read(part, attempts=2)
    with MaterialsProject([]) as service:
        monkeypatch.setattr(MAPI_CLIENT_SETTINGS, "ENDPOINT", f"{service.address}/x")
        with pytest.raises(UserError, match="no sign of a Materials Project API"):
            read(part)


def changed(service, change):
    """Have `change(number, content)` alter the n-th answer about entries."""
    inner = service._answer

    def answer(path, parameters, headers):
        status, content = inner(path, parameters, headers)
        return status, content if path == "/heartbeat" else change(len(service.requests), content)

    service._answer = answer


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        ({}, "does not state its length .* in each of 3 attempts"),
        ({"total_doc": 12}, "holds 10 of the 12 that it states"),
    ],
)
def test_a_list_that_is_not_as_long_as_stated_is_an_error(service, part, meta, message):
    changed(service, lambda _, content: content | {"meta": meta})
    with pytest.raises(UserError, match=message):
        read(part)


def test_entries_that_the_service_states_but_does_not_send_are_not_withdrawn(service, part):
    cut = [5]

    def shorten(number, content):
        return content | ({"data": content["data"][:2]} if number in cut else {})

    changed(service, shorten)
    with pytest.raises(UserError, match="sent 2 of the 3 entries that it states; run again"):
        read(part)
    cut.clear()
    assert ids(read(part)) == ALL


@pytest.mark.parametrize("content", [[], {"meta": {"total_doc": 10}}, "<html>"])
def test_an_answer_of_another_form_is_one_line(service, part, content):
    changed(service, lambda *_: content)
    with pytest.raises(UserError, match=r"is not as its API defines it .* is kept") as raised:
        read(part)
    assert "\n" not in str(raised.value)
