import re
from pathlib import Path

import numpy as np
import pytest

from spacegrouper.crystals.crystal import Crystal, Rejection
from spacegrouper.crystals.label_table import check_files, labelled, read_labels
from spacegrouper.errors import UserError

TABLE = "id,label\na.cif,spinel\nb.cif,spinel\nc.cif#1,other\nc.cif#2,other\n"
LABELS = {"a.cif": "spinel", "b.cif": "spinel", "c.cif#1": "other", "c.cif#2": "other"}


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "labels.csv"
    path.write_text(text, encoding=encoding)
    return path


def crystal(name: str) -> Crystal:
    return Crystal(name, np.eye(3), ("H",), np.zeros((1, 3)), {"stated_spacegroup": 1})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("text", [TABLE, TABLE.replace("\n", "\r\n"), TABLE.replace(",", " , ")])
def test_labels_are_read(tmp_path: Path, text: str, encoding: str) -> None:
    assert read_labels(write(tmp_path, text, encoding)) == LABELS


def test_letters_with_marks_are_one_label_however_they_are_written(tmp_path: Path) -> None:
    path = write(tmp_path, "id,label\na,\u00e9\nb,e\u0301\nc,x\nd,x\n")
    assert read_labels(path) == {"a": "\u00e9", "b": "\u00e9", "c": "x", "d": "x"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the first line must be `id,label`, not ''"),
        ("name,class\n", "the first line must be `id,label`, not 'name,class'"),
        ("id,label\n", "no labels; two classes of crystals are needed"),
        ("id,label\na,x\nb,x\n", "only one label, x; two classes of crystals are needed"),
        (TABLE + "d.cif,spinle\n", "one crystal only has the label spinle; a class needs three"),
        (TABLE + "a.cif,other\n", "row 6: a.cif is there twice; leave one of them out"),
        (TABLE + "d.cif,\n", "row 6 must be an id and a label, not 'd.cif,'"),
        (TABLE + "d.cif\n", "row 6 must be an id and a label, not 'd.cif'"),
        (TABLE + 'd.cif,"x\n', "cannot be read as CSV: unexpected end of data"),
    ],
)
def test_a_table_that_is_none_gets_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UserError, match=rf"^{re.escape(f'{path}: {said}')}.*$"):
        read_labels(path)


def test_a_missing_table_gets_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none.csv: cannot be read as CSV: .*No such file"):
        read_labels(tmp_path / "none.csv")


def test_crystals_get_their_labels_and_the_others_stay_as_they_are() -> None:
    bad = Rejection("b.cif", "acquire", "disorder")
    records = [crystal("a.cif"), bad, crystal("c.cif#1"), crystal("c.cif#2"), crystal("d.cif")]
    records.append(crystal("e.cif"))
    found = list(labelled(records, LABELS | {"e.cif": "spinel"}, Path("labels.csv")))
    assert found[1] is bad
    assert [record.metadata.get("label") for record in found if record is not bad] == [
        "spinel",
        "other",
        "other",
        None,
        "spinel",
    ]
    assert found[0].metadata["stated_spacegroup"] == 1


def test_a_label_whose_crystals_are_rejected_does_not_vanish() -> None:
    bad = Rejection("b.cif", "acquire", "disorder")
    records = [crystal("a.cif"), bad, crystal("c.cif#1"), crystal("c.cif#2")]
    with pytest.raises(UserError, match=r"the label spinel 1 can be used; .*: b.cif: disorder"):
        list(labelled(records, LABELS, Path("labels.csv")))


def test_ids_without_a_file_or_a_block_are_refused_by_name() -> None:
    with pytest.raises(UserError, match=r"no crystal has the id b.cif, nor 2 more of its ids"):
        check_files(LABELS, {"a.cif"}, Path("labels.csv"))
    check_files(LABELS, {"a.cif", "b.cif", "c.cif"}, Path("labels.csv"))
    records = [crystal("a.cif"), crystal("b.cif"), crystal("c.cif#1"), crystal("c.cif#3")]
    with pytest.raises(UserError, match=r"no crystal has the id c.cif#2; an id is the path"):
        list(labelled(records, LABELS, Path("labels.csv")))
