import pytest

from spacegrouper.crystals.crystal import Rejection
from spacegrouper.crystals.rejections import read_rejections, write_rejections
from spacegrouper.errors import UserError


def test_rejections_come_back_whatever_they_hold(tmp_path):
    path = tmp_path / "rejected.csv"
    entries = [Rejection("a,b", "acquire", 'line 1: "x" and more'), Rejection("ö", "x", "")]
    write_rejections(path, entries)
    assert read_rejections(path) == entries
    assert path.read_text(encoding="utf-8").startswith("id,stage,reason\n")


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "id,stage,reason\n1,2\n"])
def test_another_file_is_a_user_error(tmp_path, content):
    path = tmp_path / "other.csv"
    path.write_text(content)
    with pytest.raises(UserError, match=r"other\.csv"):
        read_rejections(path)
    with pytest.raises(UserError, match=r"missing\.csv"):
        read_rejections(tmp_path / "missing.csv")
