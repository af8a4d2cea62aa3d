"""The record of how crystals were standardised tells others from the same settings."""

from pathlib import Path
from typing import Any

import pytest

from spacegrouper.crystals.standardised_with import RECORD, check_record, write_record
from spacegrouper.errors import UserError
from spacegrouper.settings import Standardise


def test_the_same_settings_pass(tmp_path: Path) -> None:
    for settings in (Standardise(), Standardise(symprec=0.01, labels=("mineral",))):
        write_record(tmp_path, settings)
        check_record(tmp_path, settings)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"symprec": 0.2}, "`standardise.symprec: 0.1`, but here it is 0.2"),
        ({"labels": ("mineral",)}, r"`standardise.labels: \[\]`, but here it is \['mineral'\]"),
    ],
)
def test_other_settings_are_named(tmp_path: Path, other: dict[str, Any], said: str) -> None:
    write_record(tmp_path, Standardise())
    with pytest.raises(UserError, match=said):
        check_record(tmp_path, Standardise(**other))


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"symprec": 0.1}'])
def test_what_is_no_record_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / RECORD).write_text(content)
    with pytest.raises(UserError, match=f"{RECORD}: missing, damaged or of another version"):
        check_record(tmp_path, Standardise())
