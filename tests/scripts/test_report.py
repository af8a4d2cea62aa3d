import re
from html import unescape

import numpy as np
import pandas as pd
import pytest
from model_files import write_labels, write_split
from programs import call, spawn
from small_dataset import write_small_dataset

from spacegrouper.evaluation.comparison import comparison_table
from spacegrouper.evaluation.scores import score_answers, write_scores
from spacegrouper.settings import Simulate, Train, make_settings

SPACE_GROUPS = [14, 62, 139, 166, 225]
CRYSTALS = 15


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    spacegroup = np.repeat(SPACE_GROUPS, 3).astype(np.int16)
    names = [f"mp-{i:02d}" for i in range(CRYSTALS)]
    patterns = (np.random.default_rng(0).random((CRYSTALS, 3, 64, 64)) > 0.98) * np.uint8(200)
    dataset = write_small_dataset(folder / "data.zarr", patterns, spacegroup, material_id=names)
    settings = make_settings(simulate=Simulate(pixels=64), train=Train(resize="maximum"))
    write_labels(folder / "model", settings, SPACE_GROUPS)
    split = write_split(folder / "model", dataset, ["test", "validation", "train"] * 5)
    (folder / "model" / "calibration.json").write_text('{"temperature": 1.25}')
    columns = "epoch,loss,accuracy,validation_loss,validation_accuracy"
    (folder / "model" / "history.csv").write_text(f"{columns}\n1,9,0.1,8,0.2\n2,7,0.2,9,0.3\n")
    (folder / "rejected.csv").write_text("id,stage,reason\nmp-9,standardise,no cell\n")

    named = np.where(np.arange(CRYSTALS) % 4, split["label"], 4)
    probability = np.linspace(0.3, 0.99, CRYSTALS)
    answers = np.repeat((1 - probability)[:, None] / 4, 5, axis=1)
    answers[np.arange(CRYSTALS), named] = probability
    tested = pd.concat([split[split["part"] != "test"], split.assign(part="test")])
    scores = score_answers(tested, answers, "spacegroup", np.array(SPACE_GROUPS), 0)
    scores.summary.update(measured=None, prototype_met_before=0.4)
    scores.tables["comparison"] = comparison_table(scores, None)
    (folder / "evaluation" / "figures").mkdir(parents=True)
    write_scores(scores, folder / "evaluation")
    for name in ("history", "confusion", "reliability"):
        svg = f"<svg xmlns='http://www.w3.org/2000/svg'><title>{name}</title></svg>"
        (folder / "evaluation" / "figures" / f"{name}.svg").write_text(svg)
    (folder / "config.yaml").write_text("name: trial\n")
    return folder


def report(folder, output, evaluation="evaluation", run=call):
    return run(
        "report",
        f"--dataset={folder / 'data.zarr'}",
        f"--model={folder / 'model'}",
        f"--evaluation={folder / evaluation}",
        f"--rejected={folder / 'rejected.csv'}",
        f"--config={folder / 'config.yaml'}",
        f"--output={output}",
    )


def test_page_and_overview_are_written_and_the_same_twice(inputs, tmp_path):
    products = []
    for name in ("once", "twice"):
        finished = report(inputs, tmp_path / name)
        assert finished.returncode == 0, finished.stderr
        products.append({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()})
    assert set(products[0]) == {"index.html", "samples.html", "overview.png", "overview.svg"}
    assert products[0] == products[1]
    page = products[0]["samples.html"].decode()
    assert page.count("<article>") == 2 * len(SPACE_GROUPS)
    assert page.count("data:image/png") == 5 * page.count("<article>")
    assert "mp-00" in page
    assert "mp-02" not in page  # the third crystal of its space group
    # Named 225: mp-00 and mp-04 wrongly, mp-12 rightly; mp-08 is not shown.
    assert page.count('class="answer wrong"') == 2 + 1  # and once in the key

    front = products[0]["index.html"].decode()
    text = " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", front, flags=re.S)).split())
    # Every fourth of 15 is named 225, which one of these is; Wilson's interval of 12 of 15.
    assert "80.0 % of 15 test crystals are given their true space group, one of 5" in text
    assert "(95 % interval 54.8 to 93.0 %)" in text
    assert "physics line 100.0 %" in text
    assert "guessing evenly 20.0 %" in text
    assert "15 crystals of 5 space groups from the source prototypes; 1 record was rejected" in text
    assert (
        "5 crystals train, 5 validate, 5 test; of 2 epochs the weights of epoch 1 are kept" in text
    )
    assert "divided by the temperature 1.25" in text
    assert "14 P2₁/c 225 Fm3̅m 1 of 3 not even the crystal system" in text
    assert "40 % of the test crystals are of structure types that were trained on" in text
    assert front.count("<article>") == 3
    assert front.count("data:image/svg+xml") == 3
    # Nothing comes from elsewhere.
    assert not re.findall(r"""(?:src|href)=["'](?!data:|samples\.html)""", front)


def test_without_predictions_the_message_names_the_script_that_makes_them(inputs, tmp_path):
    finished = report(inputs, tmp_path / "out", evaluation="nothing", run=spawn)
    assert finished.returncode == 1
    assert "nothing/predictions.csv: no such file; make it with scripts/evaluate.py" in (
        " ".join(finished.stderr.split())
    )
    assert "Traceback" not in finished.stderr
    assert list(tmp_path.iterdir()) == []
