import json
from pathlib import Path

from spacegrouper.programs.run_result import result_lines

METRICS = {
    "label": "spacegroup",
    "test_crystals": 96,
    "top_1_accuracy": 41 / 96,
    "top_1_interval_95": [0.333, 0.521],
    "chance_accuracy": 0.125,
}


def test_a_run_ends_with_what_was_found_and_what_to_open(tmp_path: Path) -> None:
    assert result_lines(tmp_path) == []
    (tmp_path / "evaluation").mkdir()
    (tmp_path / "evaluation" / "metrics.json").write_text(json.dumps(METRICS))
    found, page, ask = result_lines(tmp_path)
    assert found == (
        "The network names the space group of 41 of 96 test crystals right: 42.7 % (95 % interval "
        "33.3 % to 52.1 %); by chance 12.5 %."
    )
    assert page == f"Open {tmp_path}/report/index.html"
    assert f"--model {tmp_path}/model" in ask
