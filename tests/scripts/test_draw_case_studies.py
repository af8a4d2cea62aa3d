import json

import numpy as np
import pandas as pd
import pytest
from programs import call, spawn
from small_dataset import write_small_dataset

# The last is one that the paper shows.
NAMES = [*(f"mp-{number}" for number in range(4)), "mp-6019"]
GROUPS = [221, 221, 62, 194, 221]


@pytest.fixture
def folder(tmp_path):
    patterns = (np.random.default_rng(0).random((5, 3, 64, 64)) > 0.98) * np.uint8(200)
    write_small_dataset(tmp_path / "data.zarr", patterns, GROUPS, material_id=NAMES)
    record = {"lattice": (4 * np.eye(3)).tolist(), "species": ["Cs", "Cl"]}
    record["frac_coords"] = [[0, 0, 0], [0.5, 0.5, 0.5]]
    lines = [json.dumps(record | {"id": name}) + "\n" for name in NAMES]
    (tmp_path / "crystals.jsonl").write_text("".join(lines))
    for network, predicted in {
        "spot": [62, 62, 62, 221, 221],
        "shaped": [221, 221, 62, 194, 62],
    }.items():
        (tmp_path / network).mkdir()
        table = pd.DataFrame(
            {
                "row": range(5),
                "material_id": NAMES,
                "spacegroup": GROUPS,
                "true": GROUPS,
                "predicted": predicted,
                "probability": [0.5, 0.6, 0.7, 0.8, 0.9],
                "rank": 1,
            }
        )
        table.to_csv(tmp_path / network / "predictions.csv", index=False)
    return tmp_path


def draw(folder, output, spot="spot", run=call):
    return run(
        "draw_case_studies",
        f"--dataset={folder / 'data.zarr'}",
        f"--structures={folder / 'crystals.jsonl'}",
        f"--spot={folder / spot}",
        f"--shaped={folder / 'shaped'}",
        f"--output={output}",
    )


def test_cases_are_drawn_and_the_same_twice(folder):
    products = []
    for name in ("once", "twice"):
        finished = draw(folder, folder / name)
        assert finished.returncode == 0, finished.stderr
        products.append({p.name: p.read_bytes() for p in (folder / name).iterdir()})
    assert products[0] == products[1]
    names = {"outcomes.json", "case_studies.csv", "published_cases.csv", "reflections.csv"}
    for figure in ("case_studies", "published_cases"):
        names |= {f"{figure}.svg", f"{figure}.png"}
    assert set(products[0]) == names
    said = " ".join(finished.stderr.split())
    assert "Figure 5: 1 of 8 crystals Not in the dataset: mp-1076884, mp-6406, mp-556003" in said
    outcomes = json.loads(products[0]["outcomes.json"])
    assert outcomes == {
        "crystals": 5,
        "both_right": 1,
        "only_shaped_right": 3,
        "only_spot_right": 1,
        "both_wrong": 0,
        "mcnemar_p": 0.625,
    }
    cases = pd.read_csv(folder / "once" / "case_studies.csv")
    assert cases["material_id"].tolist() == ["mp-3", "mp-1"]
    published = pd.read_csv(folder / "once" / "published_cases.csv").set_index("material_id")
    assert len(published) == 8
    found = published.dropna(subset="row")
    assert found.index.tolist() == ["mp-6019"]
    columns = ["published_spacegroup", "spacegroup", "spot_predicted", "shaped_predicted"]
    assert found.loc["mp-6019", columns].tolist() == [14, 221, 221, 62]
    reflections = pd.read_csv(folder / "once" / "reflections.csv")
    assert set(reflections["material_id"]) == {"mp-3", "mp-1", "mp-6019"}
    # The shortest spacings of a primitive cube of 4 Angstrom: 100, 110.
    first = reflections[reflections["material_id"] == "mp-3"]["two_theta"].to_numpy()[:2]
    expected = 2 * np.degrees(np.arcsin(1.54184 / 8 * np.sqrt([1, 2])))
    assert first == pytest.approx(expected, abs=0.01)


def test_where_there_is_no_case_the_counts_are_still_written(folder):
    finished = draw(folder, folder / "out", spot="shaped")
    assert finished.returncode == 0, finished.stderr
    outcomes = json.loads((folder / "out" / "outcomes.json").read_text())
    assert (outcomes["only_shaped_right"], outcomes["mcnemar_p"]) == (0, 1)
    assert (folder / "out" / "case_studies.svg").is_file()
    assert len(pd.read_csv(folder / "out" / "case_studies.csv")) == 0


def test_a_missing_evaluation_is_one_line(folder):
    finished = draw(folder, folder / "out", spot="nothing", run=spawn)
    assert finished.returncode == 1
    assert "nothing/predictions.csv: no such file; make it with" in " ".join(
        finished.stderr.split()
    )
    assert "Traceback" not in finished.stderr
    assert not (folder / "out").exists()
