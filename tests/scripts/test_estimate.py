"""What a run will take, before it starts."""

import re
import runpy
from pathlib import Path

import pytest

from spacegrouper.errors import UserError

ESTIMATE = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "estimate.py"))
CONFIG = """
name: small
acquire: {{source: {source}}}
split: {{minimum_crystals: 4}}
train: {{batch_size: 8, epochs: 10}}
"""


def write(folder: Path, source: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(source=source))
    return path


def test_a_run_is_estimated_from_some_of_its_crystals(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main = ESTIMATE["main"]
    monkeypatch.setitem(main.__globals__, "find_spec", lambda name: None)  # Keras
    config = write(tmp_path, "prototypes, space_groups: 2, crystals_per_space_group: 4")
    main(config)
    first = capsys.readouterr().out
    assert "crystals    8 from prototypes" in first
    assert "training    not measured: Keras is not installed" in first
    # A thousand times as many crystals take a thousand times the disk.
    main(config, 8000)
    second = capsys.readouterr().out
    assert "crystals    8,000 from prototypes" in second
    small, large = (
        float(re.search(r"each: about ([\d.,e+]+) MB", text)[1].replace(",", ""))  # type: ignore[index]
        for text in (first, second)
    )
    assert large == pytest.approx(1000 * small, rel=0.02)


def test_crystals_that_are_downloaded_must_be_counted_by_who_asks(tmp_path: Path) -> None:
    config = write(tmp_path, "materials_project")
    with pytest.raises(UserError, match="say with --crystals how many"):
        ESTIMATE["main"](config)
