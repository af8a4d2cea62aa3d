import re
import sys
from pathlib import Path

import pytest

from spacegrouper.errors import UserError
from spacegrouper.settings import load_settings, settings_from_mapping
from spacegrouper.settings.database_url import holds_password

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("url", "holds"),
    [
        ("sqlite:///habits.db", False),
        ("postgresql+psycopg://me@host/habits", False),
        ("postgresql+psycopg://me:s3cret@host/habits", True),
        ("postgresql+psycopg://me:s3#c/r?t@host/habits", True),
        ("mysql+pymysql://host/habits?user=me&passwd=s3cret", True),
        ("postgresql+psycopg://host/habits?sslpassword=s3cret", True),
        ("no URL", False),
    ],
)
def test_a_password_is_found_wherever_drivers_take_one(url: str, holds: bool) -> None:
    assert holds_password(url) == holds


def test_only_a_database_of_bitmaps_needs_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    for path in (ROOT / "config").glob("*.yaml"):
        load_settings(path)
    with pytest.raises(UserError, match=r"^morphology\.database: .*'\.\[databases\]'`$"):
        settings_from_mapping({"morphology": {"database": "sqlite:///habits.db"}}, "")


def test_no_other_file_imports_the_extra() -> None:
    files = {
        str(path.relative_to(ROOT)): path.read_text()
        for folder in ("src", "scripts", "workflow")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".smk")
    }

    def importing(pattern: str) -> set[str]:
        found = re.compile(rf"^\s*(from|import) ({pattern})\b", re.MULTILINE)
        return {name for name, text in files.items() if found.search(text)}

    extra = importing("sqlalchemy|psycopg|pymysql|MySQLdb")
    folder = "src/spacegrouper/techniques/morphology"
    url = "src/spacegrouper/settings/database_url.py"
    assert extra == {f"{folder}/bitmap_database.py", url}
    assert importing(r"spacegrouper\.techniques\.morphology\.bitmap_(database|import)") == {
        f"{folder}/bitmap_import.py",
        "scripts/import_bitmaps.py",
    }
