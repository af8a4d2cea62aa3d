import json

import numpy as np
import pandas as pd
import pytest
from model_files import write_labels
from programs import call, spawn
from small_dataset import write_small_dataset

from spacegrouper.settings import Simulate, Train, make_settings

SPACE_GROUPS = [14, 62, 139, 166, 225]
CRYSTALS = 15


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    spacegroup = np.repeat(SPACE_GROUPS, 3).astype(np.int16)
    names = [f"mp-{i:02d}" for i in range(CRYSTALS)]
    patterns = (np.random.default_rng(0).random((CRYSTALS, 3, 64, 64)) > 0.98) * np.uint8(200)
    write_small_dataset(folder / "data.zarr", patterns, spacegroup, material_id=names)
    settings = make_settings(simulate=Simulate(pixels=64), train=Train(resize="maximum"))
    write_labels(folder / "model", settings, SPACE_GROUPS)
    (folder / "evaluation").mkdir()
    predictions = pd.DataFrame(
        {
            "row": np.arange(CRYSTALS),
            "material_id": names,
            "spacegroup": spacegroup,
            "true": spacegroup,
            "predicted": np.where(np.arange(CRYSTALS) % 4, spacegroup, 225),
            "probability": np.linspace(0.3, 0.99, CRYSTALS),
            "rank": 1,
        }
    )
    predictions.to_csv(folder / "evaluation" / "predictions.csv", index=False)
    (folder / "evaluation" / "metrics.json").write_text(
        json.dumps(
            {
                "test_crystals": 15,
                "top_1_accuracy": 0.8,
                "classes": 5,
                "chance_accuracy": 0.2,
                "measured": None,
            }
        )
    )
    (folder / "config.yaml").write_text("name: trial\n")
    return folder


def report(folder, output, evaluation="evaluation", run=call):
    return run(
        "report",
        f"--dataset={folder / 'data.zarr'}",
        f"--model={folder / 'model'}",
        f"--evaluation={folder / evaluation}",
        f"--config={folder / 'config.yaml'}",
        f"--output={output}",
    )


def test_page_and_overview_are_written_and_the_same_twice(inputs, tmp_path):
    products = []
    for name in ("once", "twice"):
        finished = report(inputs, tmp_path / name)
        assert finished.returncode == 0, finished.stderr
        products.append({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()})
    assert set(products[0]) == {"samples.html", "overview.png", "overview.svg"}
    assert products[0] == products[1]
    page = products[0]["samples.html"].decode()
    assert page.count("<article>") == 2 * len(SPACE_GROUPS)
    assert page.count("data:image/png") == 5 * page.count("<article>")
    assert "mp-00" in page
    assert "mp-02" not in page  # the third crystal of its space group
    # Named 225: mp-00 and mp-04 wrongly, mp-12 rightly; mp-08 is not shown.
    assert page.count('class="answer wrong"') == 2 + 1  # and once in the key


def test_without_predictions_the_message_names_the_script_that_makes_them(inputs, tmp_path):
    finished = report(inputs, tmp_path / "out", evaluation="nothing", run=spawn)
    assert finished.returncode == 1
    assert "nothing/predictions.csv: no such file; make it with scripts/evaluate.py" in (
        " ".join(finished.stderr.split())
    )
    assert "Traceback" not in finished.stderr
    assert list(tmp_path.iterdir()) == []
