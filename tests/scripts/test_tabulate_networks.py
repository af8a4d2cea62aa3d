from pathlib import Path

import pandas as pd
from programs import Runner, call, spawn

ROOT = Path(__file__).parents[2]


def tabulate(output: Path, run: Runner) -> Path:
    finished = run("tabulate_networks", "--output", output)
    assert finished.returncode == 0, finished.stderr
    return output


def test_the_table_of_the_documentation_is_up_to_date(tmp_path: Path) -> None:
    written = tabulate(tmp_path / "sizes.md", spawn).read_text()

    assert (ROOT / "docs" / "network_sizes.md").read_text() == written, "run `make reference`"


def test_the_table_as_csv(tmp_path: Path) -> None:
    table = pd.read_csv(tabulate(tmp_path / "sizes.csv", call), index_col="network")

    assert list(table.columns) == ["images", "parameters", "gflop", "published"]
    assert table.loc["msdn", "parameters"] == 1_542_424
