import subprocess
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[2]


def tabulate(output: Path) -> Path:
    program = [sys.executable, ROOT / "scripts" / "tabulate_networks.py", "--output", output]
    subprocess.run(program, check=True, capture_output=True)
    return output


def test_the_table_of_the_documentation_is_up_to_date(tmp_path: Path) -> None:
    written = tabulate(tmp_path / "sizes.md").read_text()

    assert (ROOT / "docs" / "network_sizes.md").read_text() == written, "run `make reference`"


def test_the_table_as_csv(tmp_path: Path) -> None:
    table = pd.read_csv(tabulate(tmp_path / "sizes.csv"), index_col="network")

    assert list(table.columns) == ["images", "parameters", "gflop", "published"]
    assert table.loc["msdn", "parameters"] == 1_542_424
