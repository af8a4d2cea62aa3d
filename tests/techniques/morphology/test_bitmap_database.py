import builtins
from typing import Any

import pytest

from spacegrouper.errors import UserError
from spacegrouper.techniques.morphology.bitmap_database import open_source
from spacegrouper.techniques.morphology.settings import Morphology


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://me:secret@host/name",
        "mysql+pymysql://me@host/name?password=secret",
        "mysql+pymysql://me@host/name?passwd=secret",
        "postgresql+psycopg://me@host/name?sslpassword=secret",
        "postgresql+psycopg://me:secret@host/name?password=secret",
    ],
)
def test_a_password_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UserError, match="a password in the URL; leave it out") as error:
        open_source(url, Morphology())

    assert "secret" not in str(error.value)
    assert "host/name" in str(error.value)


@pytest.mark.parametrize(
    "url", ["no url secret", "nonsense://secret@host/name", "oracle+nonsense://secret@host"]
)
def test_an_unknown_database_is_a_users_mistake(url: str) -> None:
    with pytest.raises(
        UserError, match=r"^the database cannot be reached: .*; give a URL"
    ) as error:
        open_source(url, Morphology())

    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)


def test_without_its_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = builtins.__import__

    def without_psycopg(name: str, *arguments: Any) -> Any:
        if name == "psycopg":
            raise ImportError("No module named 'psycopg'")
        return found(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without_psycopg)
    with pytest.raises(UserError, match=r"'psycopg'; run `pip install '.\[databases\]'`"):
        open_source("postgresql+psycopg://me@host/name", Morphology())
