import pytest

from spacegrouper.crystals.partial_download import PartialDownload
from spacegrouper.errors import UserError

QUERY = {"filter": "nelements=2", "fields": ("a", "b")}


@pytest.fixture
def part(tmp_path):
    return PartialDownload(tmp_path / "crystals.jsonl.gz.part")


def test_pages_come_back_in_order(part):
    assert part.resume(QUERY) is None
    part.begin(QUERY, {"version": "1"})
    for number in range(12):
        part.add({"page": number, "length": 0.1 + 0.2})
    assert PartialDownload(part.folder).resume(QUERY) == {"version": "1"}
    assert list(part.pages()) == [{"page": n, "length": 0.1 + 0.2} for n in range(12)]
    assert part.known() == {"version": "1"}


def test_a_part_of_another_query_is_not_used(part):
    part.begin(QUERY, {})
    part.add([1])
    other = QUERY | {"filter": "nelements=3"}
    assert part.resume(other) is None
    part.begin(other, {})
    assert list(part.pages()) == []
    assert part.resume(QUERY) is None


def test_what_was_being_written_at_the_end_is_no_page(part):
    part.begin(QUERY, {})
    part.add([1])
    (part.folder / ".000001.json.gz.0123.partial").write_bytes(b"\x1f\x8bhalf a page")
    assert list(part.pages()) == [[1]]
    part.add([2])
    assert list(part.pages()) == [[1], [2]]


def test_nothing_is_left_of_a_discarded_one(part):
    part.discard()
    part.begin(QUERY, {})
    part.discard()
    assert not part.folder.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"\x1f\x8b\x08"])
def test_damaged_files_are_named_with_what_to_do(part, content):
    part.begin(QUERY, {})
    part.add([1])
    (part.folder / "000000.json.gz").write_bytes(content)
    with pytest.raises(UserError, match=r"000000\.json\.gz: damaged; remove the folder"):
        list(part.pages())
    (part.folder / "download.json").write_bytes(content)
    with pytest.raises(UserError, match=r"download\.json: damaged; remove the folder"):
        part.resume(QUERY)
